#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/util/clock.hpp"
#include "core/util/error.hpp"
#include "core/util/value.hpp"

// The validated value of a manifest for one target: what every later stage takes. See docs/manifest.md for
// each field.
namespace mdl::manifest {

struct Build {
  std::string python;        // "3.11"; empty: whatever python3 is
  std::string requirements;  // path, relative to the service's folder; empty: none
  std::vector<std::string> include;
  std::string base;
  std::string dockerfile;
  std::string image;
  std::vector<std::string> command;
};

struct ModelFile {
  std::string path;          // relative to the service's folder
  std::string from;          // hf://… or https://…; empty: a local file or folder
  std::string sha256;        // hex; empty: not stated
  std::int64_t context = 0;  // tokens of one request to a language model; 0: not stated
};

struct Http {
  // Exactly one of entry, handler and command is set; with build.dockerfile or build.image at most one.
  std::string entry;                 // "src.app:app", a WSGI or ASGI application
  std::string handler;               // "lambda_function.lambda_handler"
  std::vector<std::string> command;  // anything that listens on $PORT
  std::string interface = "auto";    // of entry: "wsgi", "asgi", or "auto" (found out when it starts)
  std::string health = "/healthz";
  Milliseconds timeout{30'000};
};

struct Resources {
  double cpu = 1;  // cores
  std::int64_t memory_bytes = 1LL << 30;
  int gpu = 0;
};

struct Scale {
  int min = 1;
  int max = 4;
  int concurrency = 8;         // requests a replica gets at once
  Milliseconds idle{300'000};  // without a request for so long, a replica above min is stopped
};

// A secret by reference. The value is read only by the provider that hands it to the service.
struct SecretRef {
  std::string scheme;   // env, file, aws-secrets, aws-ssm, gcp-secret, azure-vault, k8s-secret
  std::string locator;  // what follows the colon
};

struct Golden {
  std::string request;  // path of a JSON file
  std::string expect;   // path of the expected answer; empty: what the serving release answers
  double tolerance = 0;
};

struct Hooks {
  std::vector<std::string> pre_deploy, post_deploy, on_failure;
};

enum class Strategy { all_at_once, blue_green, canary, drain };

struct Gate {
  double errors = 0.01;  // share of requests, 0…1
  Milliseconds p95{0};   // 0: not limited
};

struct Rollout {
  Strategy strategy = Strategy::all_at_once;
  std::vector<double> steps;  // canary shares, 0…1, rising
  Milliseconds hold{120'000};
  std::optional<Gate> gate;
  int keep = 5;                        // releases kept restorable besides the live one
  Milliseconds warm{300'000};          // how long the replaced release's replicas keep running
  Milliseconds start_timeout{60'000};  // a replica that is not healthy by then has failed
};

struct Target {
  std::string name;      // "prod-eu"
  std::string provider;  // local, k8s, aws, gcp, azure
  Value settings;        // an object: the provider's own fields (port, region, namespace, …), validated
};

struct Service {
  std::string name;
  std::string folder;  // absolute path of the manifest's folder
  std::string file;    // path of the manifest as the user gave it
  Build build;
  std::vector<ModelFile> model;
  Http http;
  Resources resources;
  Scale scale;
  std::map<std::string, std::string> env;
  std::map<std::string, SecretRef> secrets;
  std::vector<Golden> golden;
  std::string metrics_from;  // path of the service's Prometheus text; empty: none
  Hooks hooks;
  Rollout rollout;
  std::vector<std::string> needs;  // names of services in the same project
  Target target;

  // Where each field that is not a default was set, by its dotted path ("http.timeout", "env.LOG_LEVEL",
  // "model.0.path"). A target's own settings are "targets.<name>.port". Fields set by a flag or the
  // environment have file "--set" or "$NAME" and line 0. `text` is empty for lines over 1,000 bytes.
  std::map<std::string, Source> sources;

  // The largest context that a model states; 0: none does.
  std::int64_t context() const;
  // The source of a field, or of the nearest enclosing one; nullopt when all of them are defaults.
  std::optional<Source> source_of(std::string_view path) const;
};

// What is wrong with a manifest. Several are reported at once.
enum class Severity { certain, likely, unknown };  // refuses, warns, says so
std::string_view to_string(Severity severity);
struct Problem {
  Severity severity = Severity::certain;
  std::string field;    // dotted path; empty when the text itself is wrong
  std::string message;  // "unknown field 'scael'; did you mean 'scale'?"
  std::optional<Source> where;
  bool operator==(const Problem&) const = default;
};

}  // namespace mdl::manifest
