#include "core/manifest/load.hpp"

namespace mdl::manifest {

Value release_config(const Service& service) {
  auto http = Value::object(
      {{"health", service.http.health}, {"timeout_ms", std::int64_t{service.http.timeout.count()}}});
  if (!service.http.entry.empty()) {
    http.set("entry", service.http.entry);
    http.set("interface", service.http.interface);
  }
  if (!service.http.handler.empty()) http.set("handler", service.http.handler);
  if (!service.http.command.empty()) http.set("command", service.http.command);
  auto env = Value::object(), secrets = Value::object();
  for (const auto& [name, value] : service.env) env.set(name, value);
  for (const auto& [name, secret] : service.secrets) secrets.set(name, secret.scheme + ":" + secret.locator);
  auto config = Value::object({{"http", http},
                               {"env", env},
                               {"secrets", secrets},
                               {"resources", Value::object({{"cpu", service.resources.cpu},
                                                            {"memory_bytes", service.resources.memory_bytes},
                                                            {"gpu", service.resources.gpu}})},
                               {"metrics", Value::object({{"from", service.metrics_from}})},
                               {"needs", service.needs},
                               {"settings", service.target.settings}});
  if (const auto context = service.context(); context > 0) config.set("context", context);
  return config;
}

}  // namespace mdl::manifest
