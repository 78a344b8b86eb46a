#include "core/manifest/values.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/manifest/quote.hpp"
#include "core/util/text.hpp"

namespace mdl::manifest {
namespace {

using Parsed = std::expected<Value, std::string>;

std::unexpected<std::string> complain(std::string text) { return std::unexpected(std::move(text)); }

bool bare_number(std::string_view text) { return parse_number(text).has_value(); }

// What to write instead of a bare number: without the number itself when it must not be shown.
std::string with(std::string_view text, const std::string& shown, std::string_view unit) {
  return fmt::format("{}{}", shown == quote(text) ? text : "...", unit);
}

std::optional<double> parse_share(std::string_view text) {
  const bool percent = text.ends_with('%');
  if (percent) text.remove_suffix(1);
  while (percent && text.ends_with(' ')) text.remove_suffix(1);
  auto number = parse_number(text);
  if (number && percent) *number /= 100;
  return number;
}

std::optional<double> parse_cores(std::string_view text) {
  const bool milli = text.ends_with('m');
  if (milli) text.remove_suffix(1);
  auto number = parse_number(text);
  if (number && milli) *number /= 1'000;
  return number;
}

Parsed in_range(const Field& field, double number, Value value, const std::string& shown) {
  if (!std::isfinite(number)) return complain(fmt::format("{} is no finite number", shown));
  if (field.minimum && number < *field.minimum)
    return complain(fmt::format("{} is less than {}", shown, written(field.type, *field.minimum)));
  if (field.maximum && number > *field.maximum)
    return complain(fmt::format("{} is more than {}", shown, written(field.type, *field.maximum)));
  return value;
}

Parsed parse_integer_field(const Field& field, std::string_view text, const std::string& shown) {
  const auto number = parse_integer(text);
  if (!number) {
    if (bare_number(text)) return complain(fmt::format("{} is no whole number, or too large", shown));
    return complain(fmt::format("expected a whole number, not {}", shown));
  }
  return in_range(field, static_cast<double>(*number), *number, shown);
}

Parsed parse_duration_field(const Field& field, std::string_view text, const std::string& shown) {
  if (bare_number(text))
    return complain(fmt::format("{} has no unit; write {} or {}", shown, with(text, shown, "s"),
                                with(text, shown, "ms")));
  const auto duration = parse_duration(text);
  if (!duration) return complain(fmt::format("expected a duration such as 30s, 5m or 1h30m, not {}", shown));
  return in_range(field, static_cast<double>(duration->count()), static_cast<std::int64_t>(duration->count()),
                  shown);
}

Parsed parse_size_field(const Field& field, std::string_view text, const std::string& shown) {
  if (bare_number(text)) {
    const auto number = parse_number(text).value_or(0);
    if (number >= 1 << 20 && std::fmod(number, 1 << 20) == 0 && shown == quote(text))
      return complain(fmt::format("{} has no unit; write {}", shown, written(FieldType::size, number)));
    return complain(fmt::format("{} has no unit; write {} or {}", shown, with(text, shown, "Mi"),
                                with(text, shown, "Gi")));
  }
  const auto size = parse_size(text);
  if (!size) return complain(fmt::format("expected a size such as 512Mi, 1Gi or 500M, not {}", shown));
  return in_range(field, static_cast<double>(*size), *size, shown);
}

Parsed parse_share_field(const Field& field, std::string_view text, const std::string& shown) {
  const auto share = parse_share(text);
  if (!share) return complain(fmt::format("expected a share such as 10% or 0.1, not {}", shown));
  if (*share > 1 && *share <= 100 && !text.ends_with('%'))
    return complain(fmt::format("{} is more than 1, the whole; write {}", shown, with(text, shown, "%")));
  return in_range(field, *share, *share, shown);
}

Parsed parse_choice(const Field& field, std::string_view text, const std::string& shown) {
  if (std::ranges::find(field.choices, text) != field.choices.end()) return Value(text);
  const auto near = suggestion(text, field.choices);
  if (!near.empty()) return complain(fmt::format("{} is no choice{}", shown, near));
  return complain(fmt::format("{} is none of {}", shown, fmt::join(field.choices, ", ")));
}

Parsed parse_boolean(std::string_view text, const std::string& shown) {
  if (text == "true" || text == "false") return Value(text == "true");
  constexpr std::array<std::string_view, 6> yes{"yes", "on", "True", "TRUE", "1", "y"},
      no{"no", "off", "False", "FALSE", "0", "n"};
  if (std::ranges::find(yes, text) != yes.end())
    return complain(fmt::format("{} is no truth value; write true", shown));
  if (std::ranges::find(no, text) != no.end())
    return complain(fmt::format("{} is no truth value; write false", shown));
  return complain(fmt::format("expected true or false, not {}", shown));
}

Parsed parse_text(const Field& field, std::string_view text, const std::string& shown) {
  if (field.rule && !field.rule->accepts(text)) {
    if (text.empty()) return complain(fmt::format("is empty; expected {}", field.rule->expects));
    return complain(fmt::format("expected {}, not {}", field.rule->expects, shown));
  }
  return Value(text);
}

std::string trimmed(double value) {
  auto text = fmt::format("{:.4f}", value);
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::string with_unit(double value, std::initializer_list<std::pair<double, std::string_view>> units) {
  for (const auto& [size, unit] : units)
    if (value >= size && std::fmod(value, size) == 0) return trimmed(value / size) + std::string(unit);
  return trimmed(value);
}

}  // namespace

Parsed parse_value(const Field& field, std::string_view text, const std::string& shown) {
  switch (field.type) {
    case FieldType::integer:
      return parse_integer_field(field, text, shown);
    case FieldType::number:
    case FieldType::cores: {
      const auto number = field.type == FieldType::cores ? parse_cores(text) : parse_number(text);
      if (!number) return complain(fmt::format("expected a number such as {}, not {}", field.example, shown));
      return in_range(field, *number, *number, shown);
    }
    case FieldType::boolean:
      return parse_boolean(text, shown);
    case FieldType::duration:
      return parse_duration_field(field, text, shown);
    case FieldType::size:
      return parse_size_field(field, text, shown);
    case FieldType::share:
    case FieldType::shares:
      return parse_share_field(field, text, shown);
    case FieldType::choice:
      return parse_choice(field, text, shown);
    case FieldType::text:
    case FieldType::texts:
      return parse_text(field, text, shown);
    case FieldType::map:
    case FieldType::section:
    case FieldType::sections:
      break;
  }
  return complain("holds no single value");
}

std::string written(FieldType type, double value) {
  switch (type) {
    case FieldType::duration:
      if (value == 0) return "0s";
      return with_unit(value, {{86'400'000, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1'000, "s"}, {1, "ms"}});
    case FieldType::size:
      return with_unit(value, {{std::pow(1024, 4), "Ti"}, {1 << 30, "Gi"}, {1 << 20, "Mi"}, {1 << 10, "Ki"}});
    case FieldType::share:
    case FieldType::shares:
      return trimmed(value * 100) + "%";
    default:
      return trimmed(value);
  }
}

std::string suggestion(std::string_view word, const std::vector<std::string_view>& candidates) {
  constexpr std::size_t longest = 64;  // the distance costs the product of the lengths
  if (word.size() > longest) return "";
  const auto near = nearest(word, candidates);
  return near ? fmt::format("; did you mean '{}'?", *near) : "";
}

}  // namespace mdl::manifest
