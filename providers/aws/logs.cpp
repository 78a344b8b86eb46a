#include <algorithm>
#include <regex>

#include "core/util/text.hpp"
#include "providers/aws/log_events.hpp"
#include "providers/aws/parts.hpp"

namespace mdl::aws {

namespace {

using provider::LogPage;
using provider::LogQuery;
using release::ServiceRef;

constexpr std::size_t most_entries = 10'000;

std::int64_t ms_of(Time time) {
  return std::chrono::duration_cast<Milliseconds>(time.time_since_epoch()).count();
}

// How far back is looked, step by step, for the last n lines.
constexpr std::chrono::minutes windows[] = {std::chrono::minutes{10}, std::chrono::hours{3},
                                            std::chrono::hours{72}, std::chrono::hours{24 * 60}};

class AwsLogs final : public provider::Logs {
 public:
  explicit AwsLogs(SharedParts shared) : shared_(std::move(shared)) {}

  std::string_view kept_in() const override { return "log-group"; }

  Result<LogPage> read(const ServiceRef& ref, const LogQuery& query, const std::string& cursor) override {
    const auto names = shared_->names(ref);
    MDL_TRY(const auto versions, shared_->functions.versions(names.function));
    std::map<std::string, int> releases;
    for (const auto& version : versions)
      if (version.described) releases[version.version] = version.described->release;
    if (cursor.empty() && query.tail && !query.since) return tail(names, query, releases);
    LogCursor at;
    if (!cursor.empty()) {
      const auto known = log_cursor_from(cursor);
      if (!known) return fail(ErrorKind::invalid, "the cursor is none of this provider's");
      at = *known;
    } else if (query.since) {
      at.until_ms = ms_of(*query.since);
    }
    return page(names, query, releases, at, cursor.empty());
  }

 private:
  using Releases = std::map<std::string, int>;

  Result<LogPage> tail(const Names& names, const LogQuery& query, const Releases& releases) {
    const auto now = shared_->client->clock().now();
    LogPage found;
    for (const auto window : windows) {
      MDL_TRY(found, page(names, query, releases, {.until_ms = ms_of(now - window)}, true));
      if (found.truncated || found.entries.size() >= static_cast<std::size_t>(*query.tail)) break;
    }
    return found;
  }

  // All that was written from the cursor on, up to the bound of a page.
  Result<LogPage> page(const Names& names, const LogQuery& query, const Releases& releases, LogCursor at,
                       bool first) {
    const auto from = std::max<std::int64_t>(0, at.until_ms - (first ? 0 : log_overlap_ms));
    MDL_TRY(auto events, events_from(names, from));
    std::ranges::stable_sort(events, {}, &LogEvent::time);
    LogPage page;
    std::regex grep;
    if (!query.grep.empty()) MDL_CHECK(compile(query.grep, grep));
    for (const auto& event : events) {
      if (at.seen.contains(short_name(event))) continue;
      at.seen.insert(short_name(event));
      at.until_ms = std::max(at.until_ms, ms_of(event.time));
      take(event, query, releases, query.grep.empty() ? nullptr : &grep, page);
    }
    std::set<std::string> near;
    for (const auto& event : events)
      if (ms_of(event.time) >= at.until_ms - log_overlap_ms) near.insert(short_name(event));
    page.cursor = to_text({at.until_ms, std::move(near)});
    const auto wanted = query.tail ? static_cast<std::size_t>(std::max(0, *query.tail)) : most_entries;
    if (page.entries.size() > wanted) {
      page.entries.erase(page.entries.begin(), page.entries.end() - static_cast<std::ptrdiff_t>(wanted));
      page.truncated = true;
    }
    if (page.entries.empty() && first)
      page.empty_reason = releases.empty() ? "no release yet" : "nothing was written in this time";
    return page;
  }

  static Result<void> compile(const std::string& text, std::regex& into) {
    try {
      into = std::regex(text, std::regex::ECMAScript);
      return {};
    } catch (const std::regex_error& error) {
      return fail(ErrorKind::invalid, "--grep is no regular expression: " + std::string(error.what()));
    }
  }

  static void take(const LogEvent& event, const LogQuery& query, const Releases& releases,
                   const std::regex* grep, LogPage& page) {
    const auto found = releases.find(version_in(event.stream));
    const int release = found == releases.end() ? 0 : found->second;
    if (query.release && *query.release != release) return;
    const auto instance = event.stream.substr(event.stream.rfind(']') + 1, 4);
    auto entry = entry_of(event, release, instance);
    if (!entry) return;
    const auto* line = std::get_if<provider::LogLine>(&*entry);
    if (grep && (line == nullptr || !std::regex_search(line->text, *grep))) return;
    page.entries.push_back(std::move(*entry));
  }

  // An empty page with a token is normal: it says that the search goes on.
  Result<std::vector<LogEvent>> events_from(const Names& names, std::int64_t from) {
    std::vector<LogEvent> events;
    std::string token;
    do {
      auto body = Value::object({{"logGroupName", names.log_group}, {"startTime", from}});
      if (!token.empty()) body.set("nextToken", token);
      auto answer = shared_->client->json(Service::logs, "FilterLogEvents", body, true);
      if (!answer && answer.error().kind == ErrorKind::not_found) return events;
      if (!answer) return std::unexpected(std::move(answer).error());
      for (const auto& item : (*answer)["events"].as_array()) events.push_back(log_event_from(item));
      token = (*answer)["nextToken"].as_string();
    } while (!token.empty() && events.size() < most_entries);
    return events;
  }

  SharedParts shared_;
};

}  // namespace

std::unique_ptr<provider::Logs> make_logs(const SharedParts& shared) {
  return std::make_unique<AwsLogs>(shared);
}

}  // namespace mdl::aws
