#include "core/manifest/problems.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <tuple>

#include "core/manifest/load.hpp"
#include "core/manifest/quote.hpp"
#include "core/util/text.hpp"

namespace mdl::manifest {
namespace {

constexpr std::size_t most_kept = 2'000, most_shown = 50;
constexpr std::size_t longest_line =
    1'000;                           // of an excerpt's source: a longer one is no line of a person's text
constexpr std::size_t widest = 100;  // of an excerpt

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

// The caret line under `before`: as wide as it, with its tabs.
std::string blank(std::string_view before) {
  std::string out;
  for (const char c : before)
    if (!continues(c)) out += c == '\t' ? '\t' : ' ';
  return out;
}

std::string carets(std::string_view under) {
  const auto width = std::count_if(under.begin(), under.end(), [](char c) { return !continues(c); });
  return std::string(std::max<std::size_t>(1, static_cast<std::size_t>(width)), '^');
}

std::string excerpt(const Source& where) {
  std::string_view text = where.text;
  const auto column = std::min(static_cast<std::size_t>(std::max(1, where.column)) - 1, text.size());
  std::string_view before = text.substr(0, column);
  std::string lead, tail;
  if (before.size() > widest / 2) {
    std::size_t cut = before.size() - widest / 2;
    while (cut < before.size() && continues(before[cut])) ++cut;
    text.remove_prefix(cut);
    before.remove_prefix(cut);
    lead = "...";
  }
  if (text.size() > widest) {
    std::size_t cut = widest;
    // Not into what stands before: bytes that are no UTF-8 may all seem to continue.
    while (cut > before.size() && continues(text[cut])) --cut;
    text = text.substr(0, cut);
    tail = "...";
  }
  const auto under = text.substr(before.size(), static_cast<std::size_t>(std::max(1, where.length)));
  const auto number = std::to_string(where.line);
  return fmt::format("\n  {} | {}{}{}\n  {} | {}{}{}", number, lead, printable(text), tail,
                     std::string(number.size(), ' '), std::string(lead.size(), ' '), blank(before),
                     carets(under));
}

}  // namespace

std::string quote(std::string_view text) {
  constexpr std::size_t longest = 60;
  if (text.size() <= longest) return "'" + printable(text) + "'";
  std::size_t cut = longest;
  while (cut > 0 && continues(text[cut])) --cut;
  return "'" + printable(text.substr(0, cut)) + "...'";
}

File::File(std::string shown, std::string text) : shown_(std::move(shown)), text_(std::move(text)) {
  const std::size_t mark = text_.starts_with("\xef\xbb\xbf") ? 3 : 0;
  starts_.push_back(static_cast<std::uint32_t>(mark));
  for (std::size_t i = text_.find('\n'); i != std::string::npos; i = text_.find('\n', i + 1))
    starts_.push_back(static_cast<std::uint32_t>(i + 1));
}

std::string_view File::line(int number) const {
  if (number < 1 || static_cast<std::size_t>(number) > starts_.size()) return {};
  const std::size_t begin = starts_[static_cast<std::size_t>(number) - 1];
  auto line = std::string_view(text_).substr(begin, text_.find('\n', begin) - begin);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

Source File::source(const Place& place) const {
  Source source{
      .file = shown_, .line = place.line, .column = place.column, .length = place.length, .text = {}};
  const auto text = hidden_.contains(place.line) ? std::string_view{} : line(place.line);
  if (text.size() <= longest_line) source.text = text;
  return source;
}

void Problems::add(const At& at, std::string_view field, std::string message) {
  ++count_;
  if (entries_.size() < most_kept) entries_.push_back({at, std::string(field), std::move(message)});
}

bool Problems::concern(std::string_view path, const std::vector<const File*>& files) const {
  return std::ranges::any_of(entries_, [&](const Entry& entry) {
    return (entry.at.place.line == 0 || std::ranges::find(files, entry.at.file) != files.end()) &&
           entry.field.starts_with(path) &&
           (entry.field.size() == path.size() || entry.field[path.size()] == '.');
  });
}

std::vector<Problem> Problems::take(const std::vector<std::unique_ptr<File>>& files) const {
  const auto rank = [&files](const Entry& entry) {
    const auto found = std::ranges::find(files, entry.at.file, [](const auto& file) { return file.get(); });
    return std::tuple(found - files.begin(), entry.at.place.line, entry.at.place.column);
  };
  std::vector<const Entry*> sorted;
  for (const auto& entry : entries_) sorted.push_back(&entry);
  std::ranges::stable_sort(sorted, {}, [&rank](const Entry* entry) { return rank(*entry); });
  std::vector<Problem> out;
  for (const auto* entry : sorted) {
    if (out.size() == most_shown) break;
    Problem problem{.field = entry->field, .message = entry->message, .where = std::nullopt};
    if (entry->at.file) problem.where = entry->at.file->source(entry->at.place);
    if (std::ranges::find(out, problem) == out.end()) out.push_back(std::move(problem));
  }
  if (count_ > most_shown)
    out.push_back({.message = fmt::format("and {} more problems", count_ - out.size())});
  return out;
}

std::string format(const Problem& problem) {
  if (!problem.where) return problem.message;
  const Source& where = *problem.where;
  const auto file = printable(where.file);
  if (where.line == 0) return fmt::format("{}: {}", file, problem.message);
  auto out = fmt::format("{}:{}:{}: {}", file, where.line, where.column, problem.message);
  if (!where.text.empty()) out += excerpt(where);
  return out;
}

}  // namespace mdl::manifest
