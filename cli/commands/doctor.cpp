#include "cli/views/doctor.hpp"

#include <algorithm>

#include "cli/commands/connecting.hpp"
#include "cli/commands/options.hpp"
#include "cli/views/error.hpp"
#include "core/util/files.hpp"

namespace mdl::cli {

namespace {

Diagnosis diagnose(const Context& context, const std::vector<manifest::Service>& services) {
  const auto& target = services.front().target;
  Diagnosis out{.target = target.name, .provider = target.provider};
  auto connection = connect(context, target);
  if (!connection) {
    out.checks.push_back({.ok = false, .text = error_sentence(connection.error())});
    return out;
  }
  for (const auto& service : services)
    for (const auto& check : connection->provider.inspect->doctor(service))
      if (std::ranges::find(out.checks, check.text, &provider::Inspect::Check::text) == out.checks.end())
        out.checks.push_back(check);
  return out;
}

// Before there is a manifest: whether this machine could run a service at all.
manifest::Service any_service() {
  manifest::Service service;
  service.name = "any";
  service.http.entry = "app:app";
  service.target = {.name = "local", .provider = "local", .settings = Value::object()};
  return service;
}

int doctor(Context& context, const Arguments& arguments) {
  std::vector<Diagnosis> diagnoses;
  std::string note;
  const std::string path = manifest_path(arguments);
  if (!exists(path) && !arguments.has("file")) {
    note = "There is no mdl.yaml here; this is what a first deploy to this machine needs.\n\n";
    diagnoses.push_back(diagnose(context, {any_service()}));
  } else {
    auto targets = manifest::target_names(path, load_options(context, arguments));
    if (arguments.has("target") || targets.empty()) targets = {arguments.text("target")};
    for (const auto& target : targets) {
      auto selection = select(context, arguments, target);
      if (!selection) return finish(context, selection.error());
      diagnoses.push_back(diagnose(context, selection->services));
    }
  }
  Report report{.exit = healthy(diagnoses) ? 0 : 1, .document = doctor_value(diagnoses), .data = true};
  report.text = note + doctor_text(diagnoses, context.out.style());
  return finish(context, report);
}

}  // namespace

Command doctor_command() {
  return {.name = "doctor",
          .group = Group::trouble,
          .summary = "Check what each target needs and how to get it",
          .options =
              with({file_option(), target_option(), services_option(), output_option()}, reading_options()),
          .examples = {{"mdl doctor", "All targets of the manifest"}, {"mdl doctor -t prod", "One of them"}},
          .run = doctor};
}

}  // namespace mdl::cli
