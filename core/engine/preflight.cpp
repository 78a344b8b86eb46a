#include <algorithm>
#include <cmath>

#include "core/engine/engine.hpp"
#include "core/manifest/fields.hpp"
#include "core/util/text.hpp"

namespace mdl::engine {

using manifest::Problem;
using manifest::Severity;

namespace {

enum class Unit { count, milliseconds, bytes };

struct Measured {
  double value;
  Unit unit;
};

// The figures that published limits speak of, in their base units.
std::optional<Measured> measure(std::string_view field, const Service& service,
                                const oci::LayerPlan* layers) {
  const auto ms = [](Milliseconds value) {
    return Measured{static_cast<double>(value.count()), Unit::milliseconds};
  };
  const auto count = [](double value) { return Measured{value, Unit::count}; };
  const auto bytes = [](auto value) { return Measured{static_cast<double>(value), Unit::bytes}; };
  if (field == "http.timeout") return ms(service.http.timeout);
  if (field == "scale.idle") return ms(service.scale.idle);
  if (field == "scale.min") return count(service.scale.min);
  if (field == "scale.max") return count(service.scale.max);
  if (field == "scale.concurrency") return count(service.scale.concurrency);
  if (field == "resources.cpu") return count(service.resources.cpu);
  if (field == "resources.gpu") return count(service.resources.gpu);
  if (field == "resources.memory") return bytes(service.resources.memory_bytes);
  if (field == "scale.memory") return bytes(service.resources.memory_bytes * service.scale.max);
  if (field == "name") return count(static_cast<double>(service.name.size()));
  if (field == "env.bytes") {
    Value env = Value::object();
    for (const auto& [name, value] : service.env) env.set(name, value);
    return bytes(dump(env).size());
  }
  if (field == "artifact.bytes" && layers) return bytes(layers->bytes());
  return std::nullopt;
}

std::string readable(const Measured& measured) {
  switch (measured.unit) {
    case Unit::milliseconds:
      return readable_duration(Milliseconds{std::llround(measured.value)});
    case Unit::bytes:
      return readable_bytes(static_cast<std::uint64_t>(measured.value));
    case Unit::count:
      break;
  }
  std::string text = std::to_string(measured.value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::optional<Problem> check_limit(const provider::Limit& limit, const Service& service,
                                   const oci::LayerPlan* layers) {
  const auto measured = measure(limit.field, service, layers);
  if (!measured) return std::nullopt;
  const bool over = limit.maximum && measured->value > *limit.maximum;
  const bool under = limit.minimum && measured->value < *limit.minimum;
  if (!over && !under) return std::nullopt;
  const Measured bound{over ? *limit.maximum : *limit.minimum, measured->unit};
  Problem problem;
  problem.severity = Severity::certain;
  problem.field = limit.field;
  problem.message = std::string(limit.field) + ": " + readable(*measured) +
                    (over ? " is over" : " is under") + " the limit of target '" + service.target.name +
                    "' (" + std::string(limit.platform) + ": " + readable(bound) + ", read " +
                    std::string(limit.read_on) + ")";
  problem.where = service.source_of(limit.field);
  return problem;
}

}  // namespace

std::vector<Problem> preflight(const Service& service, const oci::LayerPlan* layers, Provider& provider) {
  std::vector<Problem> problems;
  for (const auto& [field, source] : service.sources) {
    if (auto reason = provider.limits->refuses(field, service)) {
      Problem problem{.severity = Severity::certain, .field = field, .message = field + ": " + *reason};
      problem.where = source;
      problems.push_back(std::move(problem));
    }
  }
  for (const auto& limit : provider.limits->published())
    if (auto problem = check_limit(limit, service, layers)) problems.push_back(std::move(*problem));
  if (!layers)
    for (auto& problem : provider.limits->examine(service)) problems.push_back(std::move(problem));
  std::ranges::stable_sort(problems, {}, [](const Problem& p) { return p.where ? p.where->line : 0; });
  return problems;
}

}  // namespace mdl::engine
