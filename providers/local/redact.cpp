#include "providers/local/redact.hpp"

#include <algorithm>

namespace mdl::local {

namespace {

constexpr std::size_t shortest_part = 4;  // of a secret of several lines: "}" of a JSON key is no secret

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

}  // namespace

Redactor::Redactor(const std::vector<std::string>& secrets) {
  for (const auto& secret : secrets) {
    auto lines = lines_of(secret);
    const bool whole = lines.size() == 1;
    for (auto& line : lines)
      if (whole || line.size() >= shortest_part) secrets_.push_back(std::move(line));
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
