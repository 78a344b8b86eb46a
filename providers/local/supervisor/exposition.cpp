#include "providers/local/supervisor/exposition.hpp"

#include <cmath>
#include <fmt/format.h>
#include <optional>

#include "core/util/text.hpp"

namespace mdl::local::supervisor {

namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\r' || text.back() == '\t'))
    text.remove_suffix(1);
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  return text;
}

std::optional<double> number_of(std::string_view text) {
  if (text == "NaN") return std::nan("");
  if (text == "+Inf" || text == "Inf") return HUGE_VAL;
  if (text == "-Inf") return -HUGE_VAL;
  return parse_number(text);
}

// Behind the closing brace, which may not be one within a quoted value.
std::size_t labels_end(std::string_view text, std::size_t start) {
  bool quoted = false;
  for (auto i = start; i < text.size(); ++i) {
    if (quoted && text[i] == '\\')
      ++i;
    else if (text[i] == '"')
      quoted = !quoted;
    else if (!quoted && text[i] == '}')
      return i;
  }
  return std::string_view::npos;
}

std::optional<MetricSample> parse_sample(std::string_view line) {
  const auto name_end = line.find_first_of("{ \t");
  if (name_end == line.npos || name_end == 0) return std::nullopt;
  MetricSample sample{.name = std::string(line.substr(0, name_end))};
  auto rest = line.substr(name_end);
  if (rest.front() == '{') {
    const auto end = labels_end(rest, 1);
    if (end == rest.npos) return std::nullopt;
    sample.labels = trimmed(rest.substr(1, end - 1));
    if (sample.labels.ends_with(',')) sample.labels.pop_back();
    rest.remove_prefix(end + 1);
  }
  rest = trimmed(rest);
  const auto value = number_of(rest.substr(0, rest.find_first_of(" \t")));
  if (!value) return std::nullopt;
  sample.value = *value;
  return sample;
}

std::string value_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

}  // namespace

std::vector<MetricSample> parse_exposition(std::string_view text) {
  std::vector<MetricSample> samples;
  for (const auto line : split(text, '\n')) {
    const auto content = trimmed(line);
    if (content.empty() || content.front() == '#') continue;
    if (auto sample = parse_sample(content)) samples.push_back(std::move(*sample));
  }
  return samples;
}

std::string metric_label(std::string_view name, std::string_view value) {
  std::string text(name);
  text += "=\"";
  for (const char c : value) {
    if (c == '\\' || c == '"') text += '\\';
    if (c == '\n')
      text += "\\n";
    else
      text += c;
  }
  return text + '"';
}

Exposition::Family& Exposition::at(const std::string& name) {
  const auto [found, added] = families_.try_emplace(name);
  if (added) order_.push_back(name);
  return found->second;
}

void Exposition::family(const std::string& name, const char* type, const std::string& help) {
  auto& family = at(name);
  family.help = "# HELP " + name + " " + help;
  family.type = "# TYPE " + name + " " + type;
}

void Exposition::sample(const std::string& family, const std::string& name, const std::string& labels,
                        double value) {
  at(family).samples.push_back(name + (labels.empty() ? "" : "{" + labels + "}") + " " + value_text(value));
}

void Exposition::merge(std::string_view text, const std::string& labels) {
  std::string current;
  for (const auto line : split(text, '\n')) {
    const auto content = trimmed(line);
    if (content.starts_with("# HELP ") || content.starts_with("# TYPE ")) {
      const auto rest = content.substr(7);
      current = rest.substr(0, rest.find(' '));
      auto& family = at(current);
      auto& kept = content[2] == 'H' ? family.help : family.type;
      if (kept.empty()) kept = content;
      continue;
    }
    const auto parsed = content.empty() || content.front() == '#' ? std::nullopt : parse_sample(content);
    if (!parsed) continue;
    // x_bucket, x_sum and x_count belong to the family x.
    const auto& family = !current.empty() && parsed->name.starts_with(current) ? current : parsed->name;
    sample(family, parsed->name, parsed->labels.empty() ? labels : labels + "," + parsed->labels,
           parsed->value);
  }
}

std::string Exposition::text() const {
  std::string text;
  for (const auto& name : order_) {
    const auto& family = families_.at(name);
    if (family.samples.empty()) continue;
    for (const auto* comment : {&family.help, &family.type})
      if (!comment->empty()) text += *comment + "\n";
    for (const auto& sample : family.samples) text += sample + "\n";
  }
  return text;
}

}  // namespace mdl::local::supervisor
