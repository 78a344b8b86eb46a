#include "cli/views/own_metrics.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <optional>

#include "core/util/text.hpp"

namespace mdl::cli {

namespace {

using Own = provider::MetricsReport::Own;

// What belongs together of a histogram or a summary.
struct Distribution {
  std::vector<std::pair<double, double>> buckets;    // upper bound, requests up to it
  std::vector<std::pair<double, double>> quantiles;  // as a summary gives them
  std::optional<double> sum, count;
  bool told = false;
};
using Distributions = std::map<std::pair<std::string, std::string>, Distribution>;  // by name and labels

struct Part {
  std::string name, labels;        // of the distribution
  std::optional<double> position;  // of a bucket or a quantile
  std::string_view what;           // "bucket", "quantile", "sum", "count"
};

// Labels are written as name="value",…; takes the one with this name out.
std::optional<std::string> take_label(std::string& labels, std::string_view name) {
  const auto start = std::string(name) + "=\"";
  std::size_t at = 0;
  while (at < labels.size()) {
    auto end = labels.find('"', at);
    if (end == std::string::npos) return std::nullopt;
    for (++end; end < labels.size() && labels[end] != '"'; ++end)
      if (labels[end] == '\\') ++end;
    if (labels.compare(at, start.size(), start) == 0) {
      auto value = labels.substr(at + start.size(), end - at - start.size());
      labels.erase(at, std::min(end + 2, labels.size()) - at);
      if (labels.ends_with(',')) labels.pop_back();
      return value;
    }
    at = end + 2;  // behind the quote and the comma
  }
  return std::nullopt;
}

std::optional<Part> part_of(const Own& own) {
  Part part{.name = own.name, .labels = own.labels, .position = std::nullopt, .what = {}};
  if (const auto quantile = take_label(part.labels, "quantile")) {
    part.position = parse_number(*quantile);
    part.what = "quantile";
    return part.position ? std::optional(part) : std::nullopt;
  }
  for (const std::string_view suffix : {"_bucket", "_sum", "_count"}) {
    if (!own.name.ends_with(suffix) || own.name.size() == suffix.size()) continue;
    part.name.resize(part.name.size() - suffix.size());
    part.what = suffix.substr(1);
    if (part.what != "bucket") return part;
    const auto bound = take_label(part.labels, "le");
    if (!bound) return std::nullopt;
    part.position = *bound == "+Inf" ? HUGE_VAL : parse_number(*bound);
    return part.position ? std::optional(part) : std::nullopt;
  }
  return std::nullopt;
}

Distributions distributions_of(const std::vector<Own>& all) {
  Distributions found;
  for (const auto& own : all) {
    const auto part = part_of(own);
    if (!part) continue;
    auto& one = found[{part->name, part->labels}];
    if (part->what == "bucket") one.buckets.emplace_back(*part->position, own.value);
    if (part->what == "quantile") one.quantiles.emplace_back(*part->position, own.value);
    if (part->what == "sum") one.sum = own.value;
    if (part->what == "count") one.count = own.value;
  }
  // A lone x_sum or x_count is a figure like any other.
  std::erase_if(found, [](const auto& entry) {
    const auto& one = entry.second;
    return one.buckets.empty() && one.quantiles.empty() && !(one.sum && one.count);
  });
  for (auto& [name, one] : found) {
    std::ranges::sort(one.buckets);
    std::ranges::sort(one.quantiles);
  }
  return found;
}

// As Prometheus' histogram_quantile: what is in a bucket is taken to be spread evenly over it, and what is
// beyond the last bound to be at it.
double quantile(const std::vector<std::pair<double, double>>& buckets, double share) {
  const double wanted = share * buckets.back().second;
  double bound = 0, before = 0;
  for (const auto& [upper, count] : buckets) {
    if (std::isinf(upper)) return bound;
    if (count >= wanted && count > before)
      return bound + (upper - bound) * (wanted - before) / (count - before);
    bound = upper;
    before = count;
  }
  return bound;
}

std::string words_of(const Distribution& one) {
  const double count = one.count ? *one.count : one.buckets.empty() ? 0 : one.buckets.back().second;
  std::string words = fmt::format("{:g}", count);
  if (count > 0 && !one.buckets.empty() && one.buckets.back().second > 0)
    words += fmt::format(", p50 {:.3g}, p95 {:.3g}", quantile(one.buckets, 0.5), quantile(one.buckets, 0.95));
  for (const auto& [position, value] : one.quantiles)
    if (std::isfinite(value)) words += fmt::format(", p{:g} {:.3g}", position * 100, value);
  if (count > 0 && one.sum) words += fmt::format(", mean {:.3g}", *one.sum / count);
  return words;
}

std::vector<std::string> row(const std::string& name, const std::string& labels, std::string value) {
  return {printable(name) + (labels.empty() ? "" : "{" + printable(labels) + "}"), std::move(value)};
}

}  // namespace

std::vector<std::vector<std::string>> own_metric_rows(const std::vector<Own>& own) {
  auto distributions = distributions_of(own);
  std::vector<std::vector<std::string>> rows;
  for (const auto& one : own) {
    const auto part = part_of(one);
    const auto found = part ? distributions.find({part->name, part->labels}) : distributions.end();
    if (found == distributions.end()) {
      rows.push_back(row(one.name, one.labels, fmt::format("{:g}", one.value)));
    } else if (!std::exchange(found->second.told, true)) {
      rows.push_back(row(part->name, part->labels, words_of(found->second)));
    }
  }
  return rows;
}

}  // namespace mdl::cli
