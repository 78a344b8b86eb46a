#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/views/scope.hpp"
#include "cli/views/style.hpp"
#include "core/plan/plan.hpp"
#include "core/provider/provider.hpp"

namespace mdl::cli {

// One service at one target, as read; what could not be read is left out and said in `error`.
struct StatusRow {
  release::ServiceRef ref;
  std::optional<Error> error;
  plan::Live live;
  provider::Status status;
  struct Load {
    double requests_per_second = 0, p95_ms = 0, error_share = 0;
  };
  std::optional<Load> load;                 // of the last minute; nullopt: not known
  std::optional<release::Record> previous;  // the newest that a rollback would take
};

// The load of a report's window over all its releases; the percentile is the worst of the releases that got
// requests.
std::optional<StatusRow::Load> load_of(const provider::MetricsReport& report);

// `file` is what the user gave for --file, for the commands suggested.
std::string status_text(const std::vector<StatusRow>& rows, const Scope& scope, Time now, const Style& style);
Value status_value(const std::vector<StatusRow>& rows);

// "8", or "7 90 %, 8 10 %"; "-" when nothing is live.
std::string split_words(const plan::Split& split);

}  // namespace mdl::cli
