#include "core/engine/weights.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "core/oci/select.hpp"
#include "core/util/digest.hpp"
#include "core/util/text.hpp"

namespace mdl::engine {

namespace {

using manifest::Problem;
using manifest::Severity;

// The manifest's entry that a file of weights comes from; npos when none does.
std::size_t entry_of(const Service& service, std::string_view path) {
  for (std::size_t i = 0; i < service.model.size(); ++i) {
    std::string_view named = service.model[i].path;
    while (named.starts_with("./")) named.remove_prefix(2);
    while (named.ends_with('/')) named.remove_suffix(1);
    if (path == named || (path.starts_with(named) && path[named.size()] == '/')) return i;
  }
  return std::string::npos;
}

// What is not here yet is looked at where it is, as far as the provider can.
std::vector<model::WeightsFile> files_of(const Service& service, const oci::LayerPlan* layers,
                                         const Provider& provider) {
  std::vector<model::WeightsFile> files;
  if (const auto* weights = layers ? layers->find(oci::LayerKind::weights) : nullptr) {
    for (const auto& file : weights->files) {
      files.push_back({file.path, file.source, file.bytes});
      const auto remote = std::ranges::find(layers->remotes, file.path, &oci::Remote::path);
      if (remote != layers->remotes.end() && remote->bytes > 0)
        files.back().beginning = [&provider, remote](std::uint64_t bytes) {
          return provider.artifacts->beginning(*remote, bytes);
        };
    }
  } else if (const auto found = oci::select_weights_files(service)) {
    for (const auto& file : *found) files.push_back({file.path, file.source, file.stat.bytes});
  }  // else the build says what is wrong with the paths
  return files;
}

class Check {
 public:
  Check(const Service& service, const Provider& provider) : service_(service), provider_(provider) {}

  WeightsCheck run(const oci::LayerPlan* layers, const std::string& cache) {
    const auto file =
        cache.empty() ? std::string() : cache + "/" + sha256(service_.folder).substr(0, 32) + ".headers";
    const auto found = model::look_at(files_of(service_, layers, provider_), file);
    std::vector<std::uint64_t> contexts;
    for (const auto& model : found.models) {
      const auto entry = entry_of(service_, model.path);
      contexts.push_back(
          entry == std::string::npos ? 0 : static_cast<std::uint64_t>(service_.model[entry].context));
    }
    faults(found);
    pickles(found);
    contexts_of(found, contexts);
    if (auto memory = model::memory_needed(found, contexts, service_.scale.concurrency)) {
      WeightsReport report{.memory = std::move(*memory),
                           .limit = static_cast<std::uint64_t>(service_.resources.memory_bytes),
                           .machine = provider_.limits->memory()};
      for (const auto& model : found.models) report.models.push_back(model::description(model));
      room(report);
      out_.report = std::move(report);
    }
    return std::move(out_);
  }

 private:
  // What comes from a field that is left out, comes from the models.
  manifest::Problem problem(Severity severity, const std::string& field, std::string message) const {
    auto where = service_.source_of(field);
    if (!where) where = service_.source_of("model.0");
    return {.severity = severity,
            .field = field,
            .message = field + ": " + std::move(message),
            .where = std::move(where)};
  }

  void add(Severity severity, const std::string& field, std::string message) {
    out_.problems.push_back(problem(severity, field, std::move(message)));
  }

  std::string field_of(const std::string& path) const {
    const auto entry = entry_of(service_, path);
    return entry == std::string::npos ? "model" : fmt::format("model.{}.path", entry);
  }

  void faults(const model::Findings& found) {
    for (const auto& fault : found.faults) {
      const bool certain = fault.error.kind == ErrorKind::invalid;
      add(certain ? Severity::certain : Severity::unknown, field_of(fault.path),
          fmt::format("'{}': {}", printable(fault.path), fault.error.message));
    }
  }

  void pickles(const model::Findings& found) {
    if (found.pickles.empty()) return;
    const auto more = found.pickles.size() - 1;
    out_.runs_code = problem(
        Severity::likely, field_of(found.pickles.front()),
        fmt::format("'{}'{} can hold pickled Python objects, which is code that runs when the file is "
                    "loaded: take it only from where you trust, or keep the weights as safetensors, "
                    "GGUF or ONNX",
                    printable(found.pickles.front()),
                    more == 0 ? "" : " and " + counted(more, "other file")));
  }

  void contexts_of(const model::Findings& found, const std::vector<std::uint64_t>& contexts) {
    for (std::size_t i = 0; i < found.models.size(); ++i) {
      const auto& header = found.models[i].header;
      if (!header || header->context == 0 || contexts[i] <= header->context) continue;
      add(Severity::likely, fmt::format("model.{}.context", entry_of(service_, found.models[i].path)),
          fmt::format("{} tokens are more than the {} that '{}' was made for",
                      readable_count(static_cast<std::int64_t>(contexts[i])),
                      readable_count(static_cast<std::int64_t>(header->context)),
                      printable(found.models[i].path)));
    }
  }

  void room(const WeightsReport& report) {
    const auto& memory = report.memory;
    if (memory.largest_model > report.limit)
      return add(Severity::certain, "resources.memory",
                 fmt::format("the weights alone take {}, and a replica gets {}",
                             readable_bytes(memory.largest_model), readable_bytes(report.limit)));
    const auto needs =
        fmt::format("a replica needs about {} ({})", readable_bytes(memory.total()), model::sum_text(memory));
    if (memory.total() > report.limit)
      add(Severity::likely, "resources.memory",
          fmt::format("{}, and gets {}", needs, readable_bytes(report.limit)));
    if (report.machine && memory.total() > *report.machine)
      add(Severity::likely, "resources.memory",
          fmt::format("{}, and {} has {}", needs, provider_.place, readable_bytes(*report.machine)));
  }

  const Service& service_;
  const Provider& provider_;
  WeightsCheck out_;
};

}  // namespace

WeightsCheck check_weights(const Service& service, const oci::LayerPlan* layers, const Provider& provider,
                           const std::string& cache) {
  if (service.model.empty()) return {};
  return Check(service, provider).run(layers, cache);
}

Value layer_digests(const oci::LayerPlan& layers) {
  auto out = Value::object();
  for (const auto& layer : layers.layers) out.set(oci::to_string(layer.kind), layer.digest);
  return out;
}

std::vector<std::string> weights_digests(const oci::LayerPlan& layers) {
  std::vector<std::string> out;
  if (const auto* weights = layers.find(oci::LayerKind::weights))
    for (const auto& file : weights->files) out.push_back(file.sha256);
  return out;
}

}  // namespace mdl::engine
