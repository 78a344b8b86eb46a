#include <algorithm>

#include "core/util/files.hpp"
#include "core/util/text.hpp"
#include "providers/local/logfile.hpp"
#include "providers/local/logfile_format.hpp"
#include "tests/fuzz/scratch.hpp"
#include "tests/fuzz/targets.hpp"

// The first line is a cursor; what follows are log files, parted by 0x1e.
namespace mdl::fuzz {

namespace {

using namespace local;
constexpr std::size_t most_pages = 64;

const std::string& text_of(const provider::LogEntry& entry) {
  if (const auto* line = std::get_if<provider::LogLine>(&entry)) return line->text;
  if (const auto* note = std::get_if<provider::LogNote>(&entry)) return note->text;
  return std::get<provider::LogGap>(entry).reason;
}

// All entries from `cursor` on. Reading comes to an end, and a second time from there there is nothing.
std::string read_on(const std::string& folder, std::string cursor, std::vector<std::string>& texts) {
  for (std::size_t pages = 0; pages < most_pages; ++pages) {
    const auto page = read_logs(folder, {}, cursor);
    if (!page) return pages == 0 ? "" : "a cursor of its own is no cursor: " + cursor;
    if (page->entries.empty()) return "";
    for (const auto& entry : page->entries) texts.push_back(text_of(entry));
    cursor = page->cursor;
  }
  return "reading does not come to an end";
}

}  // namespace

std::string logfile(std::string_view bytes) {
  const auto end = std::min(bytes.find('\n'), bytes.size());
  const Scratch scratch;
  int replica = 0;
  for (const auto file : split(bytes.substr(std::min(end + 1, bytes.size())), '\x1e')) {
    ++replica;
    if (replica > 4) break;
    const auto name = log_file_name({1 + replica / 4, 1 + replica % 2}, static_cast<std::uint64_t>(replica));
    if (!write_file(scratch.path() + "/" + name, file)) return "";
  }
  std::vector<std::string> forward, from_cursor;
  if (auto wrong = read_on(scratch.path(), "", forward); !wrong.empty()) return wrong;
  if (auto wrong = read_on(scratch.path(), std::string(bytes.substr(0, end)), from_cursor); !wrong.empty())
    return wrong;
  const auto tail = read_logs(scratch.path(), {.tail = 5}, "");
  if (!tail) return "no tail: " + tail.error().message;
  if (tail->entries.size() > 5) return "a tail of 5 has " + std::to_string(tail->entries.size());
  for (const auto& entry : tail->entries)
    if (std::ranges::find(forward, text_of(entry)) == forward.end())
      return "the tail has an entry that reading forward does not find: " + text_of(entry);
  const auto matching = read_logs(scratch.path(), {.grep = "a.*b|c"}, "");
  return matching ? "" : "no search: " + matching.error().message;
}

std::string redact(std::string_view bytes) {
  const auto end = std::min(bytes.find('\n'), bytes.size());
  const std::string secret(bytes.substr(0, end));
  const auto output = bytes.substr(std::min(end + 1, bytes.size()));
  const Scratch scratch;
  Cuts cuts(bytes);
  auto writer =
      open_log({.folder = scratch.path(), .release = 1, .replica = 1, .secrets = {secret}}, system_clock());
  for (std::size_t at = 0; at < output.size();) {
    const auto size = cuts.next(output.size() - at);
    writer->append(false, output.substr(at, size));
    at += size;
  }
  writer->flush();
  std::vector<std::string> texts;
  if (auto wrong = read_on(scratch.path(), "", texts); !wrong.empty()) return wrong;
  std::string all;
  for (const auto& text : texts) all += text + "\n";
  // What stands in the mark itself, or reaches over it, says nothing.
  if (secret.empty() || secret.find_first_of("[]\r") != secret.npos ||
      std::string("redacted").find(secret) != std::string::npos)
    return "";
  return all.find(secret) == std::string::npos ? "" : "the secret '" + secret + "' is in the log:\n" + all;
}

}  // namespace mdl::fuzz
