#pragma once

#include <expected>
#include <string>
#include <vector>

#include "cli/commands/context.hpp"
#include "core/manifest/service.hpp"
#include "core/util/error.hpp"
#include "core/util/value.hpp"

namespace mdl::cli {

// What a command came to, in each form.
struct Report {
  int exit = 0;
  Value document = Value::object();  // members after "command", "ok" and "exit"
  std::string text;                  // for people; ends with a newline
  std::string markdown;              // of commands that offer it
  bool data = false;  // text is the data asked for: it goes to stdout also when the exit code is not 0
};

// Prints the report in the format asked for (the text of a failure goes to stderr, one document in any case
// goes to stdout) and returns the exit code; 1 when stdout could not be written.
int finish(Context& context, const Report& report);

// The whole document of a report.
Value document(const Context& context, const Report& report);

// Reports of what went wrong before a command began: nothing was changed.
Report error_report(const Context& context, const Error& error);
Report problems_report(const Context& context, const std::vector<manifest::Problem>& problems);
// Wrong usage: exit 2.
Report usage_report(const Context& context, const std::string& message);

// std::unexpected for functions that give a value or the report to finish with.
inline std::unexpected<Report> stop(Report report) { return std::unexpected(std::move(report)); }

}  // namespace mdl::cli
