#include "cli/views/releases.hpp"

#include <fmt/format.h>

#include "cli/views/document.hpp"
#include "core/util/text.hpp"

namespace mdl::cli {

namespace {

Colour state_colour(release::State state) {
  switch (state) {
    case release::State::live:
      return Colour::green;
    case release::State::failed:
      return Colour::red;
    case release::State::pending:
      return Colour::yellow;
    case release::State::pruned:
      return Colour::dim;
    case release::State::superseded:
      break;
  }
  return Colour::none;
}

std::string commit_words(const release::Author& author) {
  if (author.commit.empty()) return "-";
  return printable(author.commit.substr(0, 7)) + (author.dirty ? " (dirty)" : "");
}

}  // namespace

std::string releases_text(const std::vector<release::Record>& records, Time now, const Style& style) {
  std::vector<std::vector<std::string>> rows = {{"#", "STATE", "CODE", "AGE", "BY", "COMMIT", "HOW"}};
  for (const auto& record : records) {
    std::string how = record.how;
    if (!record.reason.empty()) how += ": " + record.reason;
    rows.push_back({std::to_string(record.number),
                    paint(style, state_colour(record.state), state_word(record)),
                    printable(record.artifact.substr(0, 8)),
                    readable_age(std::chrono::duration_cast<Milliseconds>(now - record.created)),
                    record.author.name.empty() ? "-" : printable(record.author.name),
                    commit_words(record.author), printable(how)});
  }
  return table(rows, {true, false, false, true, false, false, false});
}

Value releases_value(const release::ServiceRef& ref, const std::vector<release::Record>& records) {
  Value list = Value::array();
  for (const auto& record : records) list.push(record_value(record));
  return Value::object({{"service", ref.service}, {"target", ref.target}, {"releases", list}});
}

}  // namespace mdl::cli
