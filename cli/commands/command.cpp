#include "cli/commands/command.hpp"

#include "core/util/text.hpp"

namespace mdl::cli {

std::string_view Option::key() const {
  const auto start = names.rfind("--");
  return start == std::string_view::npos ? names : names.substr(start + 2);
}

std::string Positional::key() const {
  std::string key(name);
  for (char& c : key)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return key;
}

void Arguments::add(std::string_view key, std::string value) {
  values_[std::string(key)].push_back(std::move(value));
}

bool Arguments::has(std::string_view key) const { return values_.contains(key); }

std::string Arguments::text(std::string_view key, std::string_view fallback) const {
  const auto found = values_.find(key);
  return found == values_.end() ? std::string(fallback) : found->second.back();
}

std::vector<std::string> Arguments::texts(std::string_view key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? std::vector<std::string>{} : found->second;
}

std::optional<int> Arguments::integer(std::string_view key) const {
  const auto value = parse_integer(text(key));
  return value ? std::optional(static_cast<int>(*value)) : std::nullopt;
}

std::optional<double> Arguments::share(std::string_view key) const { return parse_share(text(key)); }

std::optional<Milliseconds> Arguments::duration(std::string_view key) const {
  return parse_duration(text(key));
}

std::optional<double> parse_share(std::string_view text) {
  const bool percent = text.ends_with('%');
  const auto number = parse_number(percent ? text.substr(0, text.size() - 1) : text);
  if (!number) return std::nullopt;
  const double share = percent ? *number / 100 : *number;
  if (!(share >= 0 && share <= 1)) return std::nullopt;
  return share;
}

}  // namespace mdl::cli
