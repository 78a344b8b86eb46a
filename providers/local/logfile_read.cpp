#include <algorithm>
#include <fcntl.h>
#include <queue>
#include <regex>
#include <span>
#include <sys/stat.h>
#include <unistd.h>

#include "core/util/text.hpp"
#include "providers/local/logfile.hpp"
#include "providers/local/logfile_source.hpp"

namespace mdl::local {

namespace {

constexpr int longest_page = 10'000;
constexpr std::size_t matched_bytes = 16u << 10;  // of a line: what a regular expression sees

// Decides which entries a query wants. Gaps are always wanted: they may hide what was asked for.
class Filter {
 public:
  static Result<Filter> make(const provider::LogQuery& query) {
    Filter filter;
    if (query.since) filter.since_ = query.since->time_since_epoch().count();
    if (query.grep.find_first_of("\\^$.|?*+()[]{}") == std::string::npos) {
      filter.plain_ = query.grep;
      return filter;
    }
    // The polynomial matcher needs neither exponential time nor stack by the line's length. Searching would
    // begin anew at each byte, so the pattern itself skips what comes before.
    using namespace std::regex_constants;
    try {
      static_cast<void>(std::regex(query.grep, ECMAScript | __polynomial));
      filter.regex_ = std::regex("[\\s\\S]*?(?:" + query.grep + ")", ECMAScript | __polynomial);
    } catch (const std::regex_error& error) {
      const bool references = error.code() == error_complexity || error.code() == error_backref;
      return fail(ErrorKind::invalid, "'" + printable(query.grep) +
                                          "' is no regular expression that can be searched for: " +
                                          (references ? "it refers back to a group" : error.what()));
    }
    return filter;
  }

  bool wants(const provider::LogEntry& entry, std::int64_t time) const {
    if (std::holds_alternative<provider::LogGap>(entry))
      return std::get<provider::LogGap>(entry).to.time_since_epoch().count() >= since_;
    if (time < since_) return false;
    const auto* line = std::get_if<provider::LogLine>(&entry);
    return matches(line ? line->text : std::get<provider::LogNote>(entry).text);
  }
  std::int64_t since() const { return since_; }

 private:
  bool matches(std::string_view text) const {
    if (!regex_) return plain_.empty() || text.find(plain_) != text.npos;
    text = text.substr(0, matched_bytes);
    return std::regex_search(text.begin(), text.end(), *regex_, std::regex_constants::match_continuous);
  }

  std::int64_t since_ = 0;
  std::string plain_;
  std::optional<std::regex> regex_;
};

struct Found {
  std::int64_t time = 0;
  std::size_t source = 0;
  provider::LogEntry entry;
};

using Sources = std::vector<LogSource>;

std::string cursor_of(const Sources& sources) {
  std::string cursor;
  for (const auto& source : sources) {
    if (!cursor.empty()) cursor += ';';
    cursor += source.position();
  }
  return cursor;
}

// The last entries, read from the files' ends. Takes everything: the cursor stands behind it all.
provider::LogPage read_tail(Sources& sources, const Filter& filter, int tail) {
  std::vector<Found> found;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const auto first = found.size();
    const auto collect = [&](std::int64_t time, provider::LogEntry entry) {
      if (filter.wants(entry, time)) found.push_back({time, i, std::move(entry)});
      return time >= filter.since() &&
             static_cast<int>(found.size() - first) <= tail;  // one more tells of truncation
    };
    sources[i].read_backward(collect);
    std::reverse(found.begin() + static_cast<std::ptrdiff_t>(first), found.end());
    sources[i].skip_to_end();
  }
  std::ranges::stable_sort(found, {}, &Found::time);
  provider::LogPage page;
  const auto kept = std::min(found.size(), static_cast<std::size_t>(tail));
  page.truncated = kept < found.size();
  for (auto& one : std::span(found).last(kept)) page.entries.push_back(std::move(one.entry));
  page.cursor = cursor_of(sources);
  return page;
}

// Goes on from each source's position, merged by time.
provider::LogPage read_forward(Sources& sources, const Filter& filter) {
  using Next = std::pair<std::int64_t, std::size_t>;
  std::priority_queue<Next, std::vector<Next>, std::greater<>> queue;
  for (std::size_t i = 0; i < sources.size(); ++i)
    if (auto* next = sources[i].peek()) queue.emplace(next->time, i);
  provider::LogPage page;
  while (!queue.empty() && static_cast<int>(page.entries.size()) < longest_page) {
    const auto i = queue.top().second;
    queue.pop();
    auto taken = sources[i].take();
    if (taken.entry && filter.wants(*taken.entry, taken.time))
      page.entries.push_back(std::move(*taken.entry));
    if (auto* next = sources[i].peek()) queue.emplace(next->time, i);
  }
  page.cursor = cursor_of(sources);
  return page;
}

struct Opened {
  Sources sources;
  std::vector<provider::LogGap> gone;  // what the cursor knew and is not there any more
};

Result<Opened> open_sources(const std::string& folder, const provider::LogQuery& query,
                            const std::string& cursor, std::int64_t since) {
  MDL_TRY(auto positions, parse_log_cursor(cursor));
  MDL_TRY(const auto files, list_log_files(folder));
  Opened opened;
  for (const auto& [replica, sequences] : files) {
    if (query.release && *query.release != replica.first) continue;
    auto& source = opened.sources.emplace_back(folder, replica, sequences);
    if (const auto position = positions.extract(replica)) {
      source.seek(position.mapped());
    } else if (cursor.empty() && since > 0) {
      source.seek_time(since);
    }
  }
  for (const auto& [replica, position] : positions)
    opened.gone.push_back(
        make_gap(replica, position.time, position.time, std::nullopt, "removed with its release"));
  return opened;
}

}  // namespace

Result<provider::LogPage> read_logs(const std::string& folder, const provider::LogQuery& query,
                                    const std::string& cursor) {
  MDL_TRY(const auto filter, Filter::make(query));
  const bool tail = query.tail && cursor.empty();
  MDL_TRY(auto opened, open_sources(folder, query, cursor, tail ? 0 : filter.since()));
  auto page = tail ? read_tail(opened.sources, filter, std::clamp(*query.tail, 0, longest_page))
                   : read_forward(opened.sources, filter);
  page.entries.insert(page.entries.begin(), opened.gone.begin(), opened.gone.end());
  if (page.entries.empty())
    page.empty_reason = opened.sources.empty() ? "nothing has run yet" : "no line matches";
  // Also with nothing in it, a cursor says that reading has begun.
  if (page.cursor.empty()) page.cursor = "-";
  return page;
}

}  // namespace mdl::local
