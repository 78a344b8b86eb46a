#include <array>
#include <utility>

#include "core/plan/plan.hpp"
#include "providers/local/container.hpp"
#include "providers/local/resources.hpp"

namespace mdl::local {

namespace {

using manifest::Service;
using plan::Desired;

// Spec field of a resource → the manifest's word for it.
struct Word {
  std::string_view kind, spec, manifest;
};
constexpr std::array words{
    Word{"gateway", "port", "port"},
    Word{"gateway", "timeout_ms", "http.timeout"},
    Word{"gateway", "metrics_from", "metrics.from"},
    Word{"scaling", "declared.min", "scale.min"},
    Word{"scaling", "declared.max", "scale.max"},
    Word{"scaling", "declared.concurrency", "scale.concurrency"},
    Word{"scaling", "declared.idle_ms", "scale.idle"},
    Word{"scaling", "declared.warm_ms", "rollout.warm"},
    Word{"replicas", "artifact", "code"},
    Word{"replicas", "entry", "http.entry"},
    Word{"replicas", "handler", "http.handler"},
    Word{"replicas", "command", "http.command"},
    Word{"replicas", "interface", "http.interface"},
    Word{"replicas", "python", "build.python"},
    Word{"replicas", "needs", "needs"},
    Word{"replicas", "cpu", "resources.cpu"},
    Word{"replicas", "memory_bytes", "resources.memory"},
    Word{"replicas", "gpu", "resources.gpu"},
    Word{"replicas", "context", "model.context"},
    Word{"replicas", "health", "http.health"},
    Word{"replicas", "timeout_ms", "http.timeout"},
    Word{"replicas", "start_timeout_ms", "rollout.start-timeout"},
};

std::string manifest_word(std::string_view kind, const std::string& field) {
  for (const auto& word : words)
    if (word.kind == kind && word.spec == field) return std::string(word.manifest);
  return field;  // env.X and secrets.X are called the same in both
}

void add_sources(Desired& desired, const Service& service) {
  const auto add = [&](const std::string& field, const std::string& path) {
    if (auto source = service.source_of(path)) desired.sources.emplace(field, *std::move(source));
  };
  for (const auto& word : words)
    if (word.kind == desired.id.kind && word.manifest != "code" && word.manifest != "port")
      add(std::string(word.spec), std::string(word.manifest));
  if (desired.id.kind == "gateway") add("port", "targets." + service.target.name + ".port");
  if (desired.id.kind != "replicas") return;
  for (const auto& entry : service.env) add("env." + entry.first, "env." + entry.first);
  for (const auto& entry : service.secrets) add("secrets." + entry.first, "secrets." + entry.first + ".from");
}

Desired gateway(const Service& service) {
  return {.id = {"gateway", service.name},
          .release = 0,
          .spec = Value::object({{"port", service.target.settings["port"].as_integer()},
                                 {"timeout_ms", std::int64_t{service.http.timeout.count()}},
                                 {"metrics_from", service.metrics_from}}),
          .needs = {},
          .serves = true,
          .sources = {}};
}

Desired scaling(const Service& service) {
  const auto& scale = service.scale;
  auto declared = Value::object({{"min", scale.min},
                                 {"max", scale.max},
                                 {"concurrency", scale.concurrency},
                                 {"idle_ms", std::int64_t{scale.idle.count()}},
                                 {"warm_ms", std::int64_t{service.rollout.warm.count()}}});
  return {.id = {"scaling", service.name},
          .release = 0,
          .spec = Value::object({{"declared", std::move(declared)}}),
          .needs = {{"gateway", service.name}},
          .serves = true,
          .sources = {}};
}

Value replicas_spec(const Service& service, const provider::ReleaseInfo& release) {
  auto spec = Value::object({{"artifact", release.artifact}});
  if (runs_in_container(service)) {
    spec.set("command", Value(container_command(service, release.artifact)));
  } else if (!service.http.entry.empty()) {
    spec.set("entry", service.http.entry);
    spec.set("interface", service.http.interface.empty() ? "auto" : service.http.interface);
  } else if (!service.http.handler.empty()) {
    spec.set("handler", service.http.handler);
  } else {
    spec.set("command", Value(service.http.command));
  }
  spec.set("python", service.build.python);
  auto& env = spec.set("env", Value::object());
  for (const auto& [name, value] : service.env) env.set(name, value);
  auto& secrets = spec.set("secrets", Value::object());
  for (const auto& entry : service.secrets) {
    const auto version = release.secret_versions.find(entry.first);
    secrets.set(entry.first, version == release.secret_versions.end() ? "" : version->second);
  }
  spec.set("needs", Value(service.needs));
  spec.set("cpu", service.resources.cpu);
  spec.set("memory_bytes", service.resources.memory_bytes);
  if (service.resources.gpu > 0) spec.set("gpu", service.resources.gpu);
  if (const auto context = service.context(); context > 0) spec.set("context", context);
  spec.set("health", service.http.health);
  spec.set("timeout_ms", std::int64_t{service.http.timeout.count()});
  spec.set("start_timeout_ms", std::int64_t{service.rollout.start_timeout.count()});
  return spec;
}

}  // namespace

std::vector<Desired> render(const Service& service, const provider::ReleaseInfo& release) {
  std::vector<Desired> all{gateway(service), scaling(service)};
  all.push_back({.id = {"replicas", service.name + "/" + std::to_string(release.number)},
                 .release = release.number,
                 .spec = replicas_spec(service, release),
                 .needs = {{"gateway", service.name}, {"scaling", service.name}},
                 .sources = {}});
  for (auto& desired : all) add_sources(desired, service);
  return all;
}

std::vector<plan::FieldDiff> differences(const Desired& desired, const plan::Observed& observed) {
  Value wanted = desired.spec;
  if (desired.id.kind == "gateway" && wanted["port"].as_integer() == 0) wanted.erase("port");
  std::vector<std::string> whole;
  if (desired.id.kind == "replicas") whole = {"env.*", "secrets.*"};
  auto fields = plan::compare(wanted, observed.spec, whole);
  for (auto& field : fields) {
    if (const auto source = desired.sources.find(field.field); source != desired.sources.end())
      field.where = source->second;
    field.field = manifest_word(desired.id.kind, field.field);
  }
  return fields;
}

std::vector<plan::Observed> observed_in(const Value& state) {
  std::vector<plan::Observed> all;
  const auto& service = state["service"].as_string();
  const auto add = [&](plan::ResourceId id, int release, const Value& value) {
    all.push_back({.id = std::move(id),
                   .release = release,
                   .spec = value["spec"],
                   .status = value["status"],
                   .revision = value["revision"].as_string()});
  };
  for (const char* kind : {"gateway", "scaling"})
    if (!state[kind].is_null()) add({kind, service}, 0, state[kind]);
  for (const auto& replicas : state["replicas"].as_array()) {
    const auto release = static_cast<int>(replicas["release"].as_integer());
    add({"replicas", service + "/" + std::to_string(release)}, release, replicas);
  }
  return all;
}

}  // namespace mdl::local
