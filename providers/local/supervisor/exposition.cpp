#include "providers/local/supervisor/exposition.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <optional>

#include "core/util/text.hpp"

namespace mdl::local::supervisor {

namespace {

// Names of the supervisor's own families begin so; what else does is left out.
constexpr std::string_view reserved = "mdl_";

std::optional<double> number_of(std::string_view text) {
  if (text == "NaN") return std::nan("");
  if (text == "+Inf" || text == "Inf") return HUGE_VAL;
  if (text == "-Inf") return -HUGE_VAL;
  return parse_number(text);
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

// Takes a name off the front; "" when none is there. Metrics may hold colons, labels may not.
std::string take_name(std::string_view& text, bool colons) {
  std::size_t end = 0;
  while (end < text.size() && (is_letter(text[end]) || (colons && text[end] == ':') ||
                               (end > 0 && text[end] >= '0' && text[end] <= '9')))
    ++end;
  std::string name(text.substr(0, end));
  text.remove_prefix(end);
  return name;
}

// Takes a quoted value off the front, as it stands there; nullopt when it is broken.
std::optional<std::string> take_quoted(std::string_view& text) {
  if (!text.starts_with('"')) return std::nullopt;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      if (++i >= text.size() || (text[i] != '\\' && text[i] != '"' && text[i] != 'n')) return std::nullopt;
    } else if (text[i] == '"') {
      std::string quoted(text.substr(0, i + 1));
      text.remove_prefix(i + 1);
      return quoted;
    }
  }
  return std::nullopt;
}

struct Label {
  std::string name, quoted;
};

// Takes labels off the front, up to `end` ('}', or 0 for the end of the text), which goes too.
std::optional<std::vector<Label>> take_labels(std::string_view& text, char end) {
  std::vector<Label> labels;
  const auto at_end = [&] { return end == 0 ? text.empty() : text.starts_with(end); };
  for (text = trimmed(text); !at_end(); text = trimmed(text)) {
    if (!labels.empty()) {
      if (!text.starts_with(',')) return std::nullopt;
      text.remove_prefix(1);
      text = trimmed(text);
      if (at_end()) break;
    }
    auto name = take_name(text, false);
    text = trimmed(text);
    if (name.empty() || !text.starts_with('=')) return std::nullopt;
    text.remove_prefix(1);
    text = trimmed(text);
    auto quoted = take_quoted(text);
    if (!quoted) return std::nullopt;
    labels.push_back({std::move(name), std::move(*quoted)});
  }
  if (end != 0) text.remove_prefix(1);
  return labels;
}

std::string labels_text(const std::vector<Label>& labels) {
  std::string text;
  for (const auto& label : labels) text += (text.empty() ? "" : ",") + label.name + "=" + label.quoted;
  return text;
}

std::optional<MetricSample> parse_sample(std::string_view line) {
  MetricSample sample{.name = take_name(line, true)};
  line = trimmed(line);
  if (sample.name.empty()) return std::nullopt;
  if (line.starts_with('{')) {
    line.remove_prefix(1);
    const auto labels = take_labels(line, '}');
    if (!labels) return std::nullopt;
    sample.labels = labels_text(*labels);
    line = trimmed(line);
  }
  const auto value = number_of(line.substr(0, line.find_first_of(" \t")));
  if (!value) return std::nullopt;
  sample.value = *value;
  return sample;
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, text) != words.end();
}

// Whether a sample of this name belongs to the family: x_bucket, x_sum and x_count to a histogram x.
bool belongs(std::string_view sample, std::string_view family, std::string_view type) {
  if (sample == family) return true;
  if (family.empty() || !sample.starts_with(family)) return false;
  const auto suffix = sample.substr(family.size());
  if (type == "counter") return is_one_of(suffix, {"_total", "_created"});
  if (type == "summary") return is_one_of(suffix, {"_sum", "_count", "_created"});
  return type == "histogram" && is_one_of(suffix, {"_bucket", "_sum", "_count", "_created"});
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

std::string joined_labels(const std::string& ours, const std::string& theirs) {
  std::string_view own = ours, other = theirs;
  auto all = take_labels(own, 0).value_or(std::vector<Label>());
  const auto count = all.size();
  auto added = take_labels(other, 0).value_or(std::vector<Label>());
  for (auto& label : added) {
    const auto taken = [&](const Label& one) { return one.name == label.name; };
    while (std::any_of(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count), taken))
      label.name = "exported_" + label.name;
  }
  all.insert(all.end(), added.begin(), added.end());
  return labels_text(all);
}

Exposition::Family& Exposition::at(const std::string& name) {
  const auto [found, added] = families_.try_emplace(name);
  if (added) order_.push_back(name);
  return found->second;
}

void Exposition::family(const std::string& name, const char* type, const std::string& help) {
  auto& family = at(name);
  family.help = help;
  family.type = type;
}

void Exposition::sample(const std::string& family, const std::string& name, const std::string& labels,
                        double value) {
  at(family).samples.push_back(name + (labels.empty() ? "" : "{" + labels + "}") + " " + value_text(value));
}

// What a comment says of a family. Texts that disagree on its type leave it without one.
void Exposition::comment(std::string_view content, std::string& current) {
  const bool help = content.starts_with("# HELP ");
  auto rest = content.substr(7);
  current = take_name(rest, true);
  rest = trimmed(rest);
  if (current.empty() || current.starts_with(reserved)) return;
  auto& family = at(current);
  if (help) {
    if (family.help.empty()) family.help = rest;
  } else if (family.type.empty() && is_one_of(rest, {"counter", "gauge", "histogram", "summary"})) {
    family.type = rest;
  } else if (family.type != rest) {
    family.type = "untyped";
  }
}

void Exposition::merge(std::string_view text, const std::string& labels) {
  std::string current;
  for (const auto line : split(text, '\n')) {
    const auto content = trimmed(line);
    if (content.starts_with("# HELP ") || content.starts_with("# TYPE ")) {
      comment(content, current);
      continue;
    }
    const auto parsed = content.empty() || content.front() == '#' ? std::nullopt : parse_sample(content);
    if (!parsed || parsed->name.starts_with(reserved)) continue;
    const auto known = families_.find(current);
    const bool inside = known != families_.end() && belongs(parsed->name, current, known->second.type);
    sample(inside ? current : parsed->name, parsed->name, joined_labels(labels, parsed->labels),
           parsed->value);
  }
}

std::string Exposition::text() const {
  std::string text;
  for (const auto& name : order_) {
    const auto& family = families_.at(name);
    if (family.samples.empty()) continue;
    if (!family.help.empty()) text += "# HELP " + name + " " + family.help + "\n";
    if (!family.type.empty()) text += "# TYPE " + name + " " + family.type + "\n";
    for (const auto& sample : family.samples) text += sample + "\n";
  }
  return text;
}

}  // namespace mdl::local::supervisor
