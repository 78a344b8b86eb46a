#include "core/manifest/rules.hpp"
#include "core/manifest/table.hpp"

namespace mdl::manifest::table {
namespace {

using enum FieldType;

void add_resources(std::vector<Field>& fields) {
  fields.push_back({.path = "resources", .type = section, .summary = "What one replica gets."});
  fields.push_back(
      {.path = "resources.cpu",
       .type = cores,
       .default_text = "1",
       .example = "0.5",
       .summary = "Processor cores: 0.5, or 500m.",
       .minimum = 0.01,
       .maximum = 1'024,
       .set = [](Service& s, const Value& v, std::string_view) { s.resources.cpu = v.as_number(); }});
  fields.push_back({.path = "resources.memory",
                    .type = size,
                    .default_text = "1Gi",
                    .example = "512Mi",
                    .summary = "Memory.",
                    .minimum = 16 * mebi,
                    .maximum = 16 * kibi * gibi,
                    .set = [](Service& s, const Value& v, std::string_view) {
                      s.resources.memory_bytes = v.as_integer();
                    }});
  fields.push_back({.path = "resources.gpu",
                    .type = integer,
                    .default_text = "0",
                    .example = "1",
                    .summary = "Graphics processors of a replica, which no other one gets. On local: NVIDIA "
                               "devices, named in CUDA_VISIBLE_DEVICES; 0: none is visible.",
                    .minimum = 0,
                    .maximum = 64,
                    .set = [](Service& s, const Value& v, std::string_view) {
                      s.resources.gpu = static_cast<int>(v.as_integer());
                    }});
}

void add_scale(std::vector<Field>& fields) {
  fields.push_back({.path = "scale", .type = section, .summary = "How many replicas run."});
  fields.push_back(
      {.path = "scale.min",
       .type = integer,
       .default_text = "1",
       .example = "0",
       .summary = "The fewest replicas. 0: none without requests; the first request then waits for a start.",
       .minimum = 0,
       .maximum = 1'000,
       .set = [](Service& s, const Value& v, std::string_view) {
         s.scale.min = static_cast<int>(v.as_integer());
       }});
  fields.push_back({.path = "scale.max",
                    .type = integer,
                    .default_text = "4",
                    .example = "10",
                    .summary = "The most replicas.",
                    .minimum = 1,
                    .maximum = 10'000,
                    .set = [](Service& s, const Value& v, std::string_view) {
                      s.scale.max = static_cast<int>(v.as_integer());
                    }});
  fields.push_back({.path = "scale.concurrency",
                    .type = integer,
                    .default_text = "8",
                    .example = "8",
                    .summary = "How many requests a replica gets at once; more make another replica start.",
                    .minimum = 1,
                    .maximum = 10'000,
                    .set = [](Service& s, const Value& v, std::string_view) {
                      s.scale.concurrency = static_cast<int>(v.as_integer());
                    }});
  fields.push_back({.path = "scale.idle",
                    .type = duration,
                    .default_text = "5m",
                    .example = "5m",
                    .summary = "After so long without a request, a replica above scale.min is stopped.",
                    .minimum = second,
                    .maximum = 7 * day,
                    .set = [](Service& s, const Value& v, std::string_view) {
                      s.scale.idle = Milliseconds(v.as_integer());
                    }});
}

void set_golden(Service& service, const Value& value, std::string_view) {
  service.golden.clear();
  for (const auto& item : value.as_array())
    service.golden.push_back({.request = item["request"].as_string(),
                              .expect = item["expect"].as_string(),
                              .tolerance = item["tolerance"].as_number()});
}

void set_secret(Service& service, const Value& value, std::string_view key) {
  const std::string_view text = value.as_string();
  const auto colon = text.find(':');
  service.secrets[std::string(key)] = {.scheme = std::string(text.substr(0, colon)),
                                       .locator = std::string(text.substr(colon + 1))};
}

void add_environment(std::vector<Field>& fields) {
  fields.push_back(
      {.path = "env",
       .type = map,
       .summary = "Environment variables of the service. PORT and names that begin with MDL_ are mdl's own.",
       .rule = &rules::variable});
  fields.push_back({.path = "env.*",
                    .type = text,
                    .example = "info",
                    .summary = "The variable's value.",
                    .set = [](Service& s, const Value& v, std::string_view key) {
                      s.env[std::string(key)] = v.as_string();
                    }});
  fields.push_back(
      {.path = "secrets",
       .type = map,
       .summary =
           "Environment variables whose values come from a store when a replica starts; the manifest holds "
           "references only.",
       .rule = &rules::variable});
  fields.push_back({.path = "secrets.*", .type = section, .summary = "One secret."});
  fields.push_back(
      {.path = "secrets.*.from",
       .type = text,
       .example = "aws-secrets:prod/db",
       .summary =
           "The store and the place in it: env:NAME (of the shell that deploys), file:PATH, aws-secrets:ID, "
           "aws-ssm:NAME, gcp-secret:NAME, azure-vault:VAULT/NAME, k8s-secret:NAME/KEY.",
       .required = true,
       .rule = &rules::secret,
       .set = set_secret});
}

void add_checks(std::vector<Field>& fields) {
  fields.push_back(
      {.path = "golden",
       .type = sections,
       .summary = "Requests with known answers: a new release must give them before it gets traffic.",
       .set = set_golden});
  fields.push_back({.path = "golden.*.request",
                    .type = text,
                    .example = "tests/a.json",
                    .summary = "The file of the request.",
                    .required = true,
                    .rule = &rules::path});
  fields.push_back({.path = "golden.*.expect",
                    .type = text,
                    .example = "tests/a.out.json",
                    .summary = "The file of the expected answer. Without it: what the release that serves "
                               "answers, as far as its answers are the same each time. A request whose "
                               "body asks for temperature 0 must be answered exactly so, any other as that "
                               "release, asked several times, shows how far its answers differ.",
                    .rule = &rules::path});
  fields.push_back({.path = "golden.*.tolerance",
                    .type = number,
                    .default_text = "0",
                    .example = "1e-6",
                    .summary = "How far numbers may differ, relative to the expected one.",
                    .minimum = 0,
                    .maximum = 1e9});
  fields.push_back({.path = "metrics", .type = section, .summary = "The service's own metrics."});
  fields.push_back(
      {.path = "metrics.from",
       .type = text,
       .example = "/metrics",
       .summary = "The path that answers with metrics as Prometheus text.",
       .rule = &rules::url_path,
       .set = [](Service& s, const Value& v, std::string_view) { s.metrics_from = v.as_string(); }});
  fields.push_back({.path = "hooks",
                    .type = section,
                    .summary = "Programs that run here, in the manifest's folder, around a deploy."});
  fields.push_back(
      {.path = "hooks.pre-deploy",
       .type = texts,
       .example = "[make, lint]",
       .summary = "Runs before anything is changed; a failure stops the deploy.",
       .set = [](Service& s, const Value& v, std::string_view) { s.hooks.pre_deploy = v.as_strings(); }});
  fields.push_back(
      {.path = "hooks.post-deploy",
       .type = texts,
       .example = "[make, smoke]",
       .summary = "Runs after the new release is live.",
       .set = [](Service& s, const Value& v, std::string_view) { s.hooks.post_deploy = v.as_strings(); }});
  fields.push_back(
      {.path = "hooks.on-failure",
       .type = texts,
       .example = "[make, alarm]",
       .summary = "Runs after a deploy failed.",
       .set = [](Service& s, const Value& v, std::string_view) { s.hooks.on_failure = v.as_strings(); }});
}

void set_strategy(Service& service, const Value& value, std::string_view) {
  const auto& text = value.as_string();
  service.rollout.strategy = text == "blue-green" ? Strategy::blue_green
                             : text == "canary"   ? Strategy::canary
                             : text == "drain"    ? Strategy::drain
                                                  : Strategy::all_at_once;
}

Gate& gate(Service& service) {
  if (!service.rollout.gate) service.rollout.gate.emplace();
  return *service.rollout.gate;
}

void add_rollout(std::vector<Field>& fields) {
  fields.push_back({.path = "rollout", .type = section, .summary = "How traffic moves to a new release."});
  fields.push_back(
      {.path = "rollout.strategy",
       .type = choice,
       .default_text = "all-at-once",
       .example = "canary",
       .summary =
           "all-at-once moves all traffic when the release is healthy; blue-green does, and watches the gate "
           "with the old release at hand; canary moves it in steps; drain stops the old release, then starts "
           "the new one, "
           "and the service is away meanwhile. Where it is not set and two releases certainly do not fit: "
           "drain.",
       .choices = {"all-at-once", "blue-green", "canary", "drain"},
       .set = set_strategy});
  fields.push_back({.path = "rollout.steps",
                    .type = shares,
                    .example = "[10%, 50%]",
                    .summary = "The shares of traffic that a canary gets, rising.",
                    .minimum = 0.0001,
                    .maximum = 1,
                    .set = [](Service& s, const Value& v, std::string_view) {
                      s.rollout.steps.clear();
                      for (const auto& step : v.as_array()) s.rollout.steps.push_back(step.as_number());
                    }});
  fields.push_back(
      {.path = "rollout.hold",
       .type = duration,
       .default_text = "2m",
       .example = "2m",
       .summary = "How long each step lasts, and how long the gate watches a blue-green release.",
       .minimum = 0,
       .maximum = 7 * day,
       .set = [](Service& s, const Value& v, std::string_view) {
         s.rollout.hold = Milliseconds(v.as_integer());
       }});
  fields.push_back({.path = "rollout.gate",
                    .type = section,
                    .summary =
                        "What sends traffic back to the old release: the new one goes over a limit or, in "
                        "a canary, is worse than the old one, with confidence; for canary and blue-green.",
                    .set = [](Service& s, const Value&, std::string_view) { gate(s); }});
  fields.push_back(
      {.path = "rollout.gate.errors",
       .type = share,
       .default_text = "1%",
       .example = "1%",
       .summary = "The most requests that may fail.",
       .minimum = 0,
       .maximum = 1,
       .set = [](Service& s, const Value& v, std::string_view) { gate(s).errors = v.as_number(); }});
  fields.push_back({.path = "rollout.gate.p95",
                    .type = duration,
                    .example = "300ms",
                    .summary = "The longest that 95 of 100 requests may take. Without it: not limited.",
                    .minimum = 1,
                    .maximum = day,
                    .set = [](Service& s, const Value& v, std::string_view) {
                      gate(s).p95 = Milliseconds(v.as_integer());
                    }});
  fields.push_back({.path = "rollout.keep",
                    .type = integer,
                    .default_text = "5",
                    .example = "5",
                    .summary = "How many releases besides the live one stay restorable.",
                    .minimum = 1,
                    .maximum = 1'000,
                    .set = [](Service& s, const Value& v, std::string_view) {
                      s.rollout.keep = static_cast<int>(v.as_integer());
                    }});
  fields.push_back(
      {.path = "rollout.warm",
       .type = duration,
       .default_text = "5m",
       .example = "5m",
       .summary =
           "How long the replaced release's replicas keep running, so that a rollback need not start them.",
       .minimum = 0,
       .maximum = 7 * day,
       .set = [](Service& s, const Value& v, std::string_view) {
         s.rollout.warm = Milliseconds(v.as_integer());
       }});
  fields.push_back({.path = "rollout.start-timeout",
                    .type = duration,
                    .default_text = "1m",
                    .example = "90s",
                    .summary = "A replica that is not healthy by then has failed.",
                    .minimum = 100,
                    .maximum = day,
                    .set = [](Service& s, const Value& v, std::string_view) {
                      s.rollout.start_timeout = Milliseconds(v.as_integer());
                    }});
}

}  // namespace

void add_operation(std::vector<Field>& fields) {
  add_resources(fields);
  add_scale(fields);
  add_environment(fields);
  add_checks(fields);
  add_rollout(fields);
  fields.push_back(
      {.path = "needs",
       .type = texts,
       .example = "[recommend]",
       .summary =
           "Services of the same project that this one calls: they deploy first, and their addresses are in "
           "MDL_URL_NAME, the name in capitals.",
       .rule = &rules::name,
       .set = [](Service& s, const Value& v, std::string_view) { s.needs = v.as_strings(); }});
}

}  // namespace mdl::manifest::table
