#include "providers/local/redact.hpp"

#include <algorithm>

#include "core/util/base64.hpp"
#include "core/util/text.hpp"
#include "core/util/value.hpp"

namespace mdl::local {

namespace {

constexpr std::size_t shortest_part = 4;  // of a secret of several lines: "}" of a JSON key is no secret
constexpr std::size_t shortest_encoded = 8;  // of one whose base64 is looked for

std::vector<std::string> lines_of(const std::string& secret) {
  std::vector<std::string> lines;
  std::size_t start = 0;
  while (start <= secret.size()) {
    const auto end = std::min(secret.find_first_of("\r\n", start), secret.size());
    if (end > start) lines.push_back(secret.substr(start, end - start));
    start = end + 1;
  }
  return lines;
}

// As programs write it into JSON and URLs, and what its base64 has whatever stands before and behind it, as
// in "user:password" of HTTP's Basic.
std::vector<std::string> encodings_of(const std::string& secret) {
  const auto json = dump(Value(secret));
  std::vector<std::string> found{json.substr(1, json.size() - 2), percent_encode(secret)};
  if (secret.size() >= shortest_encoded)
    for (const std::size_t skipped : {0U, 1U, 2U}) {
      const auto bytes = std::string_view(secret).substr(skipped);
      found.push_back(base64(bytes.substr(0, bytes.size() / 3 * 3)));
    }
  return found;
}

}  // namespace

Redactor::Redactor(const std::vector<std::string>& secrets) {
  for (const auto& secret : secrets) {
    auto lines = lines_of(secret);
    const bool whole = lines.size() == 1;
    for (auto& line : lines) {
      if (!whole && line.size() < shortest_part) continue;
      for (auto& encoded : encodings_of(line)) secrets_.push_back(std::move(encoded));
      secrets_.push_back(std::move(line));
    }
  }
  std::ranges::sort(secrets_, [](const auto& a, const auto& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
  secrets_.erase(std::unique(secrets_.begin(), secrets_.end()), secrets_.end());
}

std::string Redactor::take(std::string_view& text, std::size_t until) const {
  const auto end = text.size() - std::min(until, text.size());  // what may be left
  std::string result;
  while (text.size() > end) {
    auto next = text.npos;
    for (const auto& secret : secrets_) next = std::min(next, text.find(secret));
    const auto clear = std::min(next, text.size() - end);
    result += text.substr(0, clear);
    text.remove_prefix(clear);
    if (text.size() <= end) break;
    const auto found =
        std::ranges::find_if(secrets_, [&](const auto& secret) { return text.starts_with(secret); });
    result += "[redacted]";
    text.remove_prefix(found->size());
  }
  return result;
}

}  // namespace mdl::local
