#include "providers/aws/runtime/settings.hpp"

#include <algorithm>
#include <charconv>

#include "providers/aws/runtime/json.hpp"
#include "providers/aws/runtime/message.hpp"

namespace mdl::aws::runtime {

namespace {

std::unexpected<Error> invalid(const std::string& what) {
  return fail(ErrorKind::invalid, "runtime.json: " + what);
}

bool read_integer(std::string_view text, int& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

Result<void> read(const std::string& name, Json value, std::string& out) {
  if (!value.is_string()) return invalid(name + " must be text");
  out = value.text();
  return {};
}

Result<void> read_path(const std::string& name, Json value, std::string& out) {
  MDL_CHECK(read(name, value, out));
  if (!out.empty() && out.front() != '/') return invalid(name + " must begin with '/'");
  return {};
}

Result<void> read(const std::string& name, Json value, bool& out) {
  if (value.type() != Json::Type::boolean) return invalid(name + " must be true or false");
  out = value.is_true();
  return {};
}

Result<void> read(const std::string& name, Json value, int least, int most, int& out) {
  if (value.type() != Json::Type::number || !read_integer(value.raw(), out) || out < least || out > most)
    return invalid(name + " must be a number from " + std::to_string(least) + " to " + std::to_string(most));
  return {};
}

Result<void> read(const std::string& name, Json value, Statuses& out) {
  std::string text;
  MDL_CHECK(read(name, value, text));
  auto parsed = Statuses::parse(text);
  if (!parsed) return invalid(name + ": " + parsed.error().message);
  out = std::move(*parsed);
  return {};
}

Result<void> read(const std::string& name, Json value, std::vector<std::string>& out) {
  for (const auto& item : value.items()) {
    if (!item.is_string()) return invalid(name + " must be a list of texts");
    out.push_back(item.text());
  }
  return out.empty() ? invalid(name + " must be a list of texts") : Result<void>();
}

Result<void> read_member(const std::string& name, Json value, Settings& settings) {
  if (name == "command") return read(name, value, settings.command);
  if (name == "folder") return read(name, value, settings.folder);
  if (name == "path") return read(name, value, settings.path);
  if (name == "python_path") return read(name, value, settings.python_path);
  if (name == "port") return read(name, value, 0, 65535, settings.port);
  if (name == "health") return read_path(name, value, settings.health);
  if (name == "healthy") return read(name, value, settings.healthy);
  if (name == "timeout_ms") return read(name, value, 0, 900'000, settings.timeout_ms);
  if (name == "stream") return read(name, value, settings.stream);
  if (name == "base_path") return read_path(name, value, settings.base_path);
  if (name == "pass_through") return read_path(name, value, settings.pass_through);
  if (name == "authorization") return read(name, value, settings.authorization);
  if (name == "error_statuses") return read(name, value, settings.error_statuses);
  if (name == "drain") return read(name, value, settings.drain);
  if (name == "before_snapshot") return read_path(name, value, settings.before_snapshot);
  if (name == "after_restore") return read_path(name, value, settings.after_restore);
  return invalid("unknown member '" + name + "'");
}

}  // namespace

Result<Statuses> Statuses::parse(std::string_view text) {
  Statuses statuses;
  for (auto rest = text; !rest.empty();) {
    const auto comma = std::min(rest.find(','), rest.size());
    const auto part = trimmed(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    const auto dash = part.find('-');
    int first = 0, last = 0;
    const auto end = dash == std::string_view::npos ? part : part.substr(dash + 1);
    if (!read_integer(part.substr(0, dash), first) || !read_integer(end, last) || first < 100 || last > 599 ||
        first > last)
      return fail(ErrorKind::invalid,
                  "'" + std::string(text) + "' is no list of statuses such as 200-399,404");
    statuses.ranges_.emplace_back(first, last);
  }
  return statuses;
}

bool Statuses::contains(int status) const {
  return std::ranges::any_of(
      ranges_, [&](const auto& range) { return range.first <= status && status <= range.second; });
}

Result<Settings> parse_settings(std::string_view text) {
  const auto json = Json::parse(text);
  if (!json || !json->is_object()) return invalid("is no JSON object");
  Settings settings;
  MDL_TRY(settings.healthy, Statuses::parse("100-499"));
  for (const auto& [name, value] : json->members()) MDL_CHECK(read_member(name, value, settings));
  if (settings.command.empty()) return invalid("has no command");
  if (settings.pass_through.empty()) return invalid("pass_through must begin with '/'");
  return settings;
}

}  // namespace mdl::aws::runtime
