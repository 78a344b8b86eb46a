#include "providers/local/launch.hpp"

#include <algorithm>
#include <cmath>

#include "core/util/files.hpp"

namespace mdl::local {

namespace {

using Environment = std::map<std::string, std::string>;

Error missing(const std::string& what, const std::string& path) {
  return {.kind = ErrorKind::not_found, .message = what + " is not in the store", .resource = path};
}

bool plain_name(const std::string& text) {
  return !text.empty() &&
         text.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz-:_") == std::string::npos;
}

std::string url_variable(const std::string& service) {
  std::string name = "MDL_URL_";
  for (const char c : service) {
    const bool letter = c >= 'a' && c <= 'z';
    const bool kept = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
    name += letter ? static_cast<char>(c - 'a' + 'A') : kept ? c : '_';
  }
  return name;
}

Environment inherited() {
  Environment result;
  for (const char* name : {"PATH", "HOME", "LANG", "TMPDIR", "USER"})
    if (auto value = environment(name); !value.empty()) result[name] = std::move(value);
  result.try_emplace("PATH", "/usr/local/bin:/usr/bin:/bin");
  return result;
}

std::string text_of(const Value& value) {
  return value.is_integer() ? std::to_string(value.as_integer()) : value.as_string();
}

void add_contract(Environment& variables, const Value& spec, const Value& identity, int port) {
  variables["PORT"] = std::to_string(port);
  variables["MDL_SERVICE"] = identity["service"].as_string();
  variables["MDL_TARGET"] = identity["target"].as_string();
  variables["MDL_RELEASE"] = text_of(identity["release"]);
  variables["MDL_REPLICA"] = text_of(identity["replica"]);
  variables["MDL_CONCURRENCY"] = text_of(identity["concurrency"]);
  if (const auto context = spec["context"].as_integer(); context > 0)
    variables["MDL_CONTEXT"] = std::to_string(context);
  variables["PYTHONUNBUFFERED"] = "1";
  variables["CUDA_VISIBLE_DEVICES"] = identity["gpus"].as_string();
  variables["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID";  // what numbers of devices mean
  // More threads than cores make numerical libraries slower, and they look at the machine, not at their
  // share.
  const auto threads = std::max(1.0, std::ceil(spec["cpu"].as_number(1)));
  variables["OMP_NUM_THREADS"] = std::to_string(static_cast<int>(threads));
}

Result<std::vector<std::string>> front_arguments(const Value& spec, const std::string& artifact,
                                                 const std::string& python) {
  const bool entry = spec.contains("entry");
  const auto front = artifact + "/front/mdl_front.py";
  if (!exists(python))
    return fail(missing("the environment of artifact " + spec["artifact"].as_string(), python));
  if (!exists(front)) return fail(missing("the front of artifact " + spec["artifact"].as_string(), front));
  std::vector<std::string> arguments{python, front, entry ? "entry" : "handler",
                                     spec[entry ? "entry" : "handler"].as_string()};
  if (const auto& interface = spec["interface"].as_string(); entry && !interface.empty())
    arguments.push_back(interface);
  return arguments;
}

}  // namespace

Result<Launch> launch(const Home& home, const Value& spec, const std::map<std::string, std::string>& secrets,
                      const std::map<std::string, std::string>& urls, int port, const Value& identity) {
  const auto digest = spec["artifact"].as_string();
  if (!plain_name(digest)) return fail(ErrorKind::invalid, "'" + digest + "' is no artifact digest");
  const auto artifact = home.artifacts() + "/" + digest;
  Launch result{.arguments = {}, .environment = inherited(), .folder = artifact + "/app"};
  if (!exists(result.folder)) return fail(missing("artifact " + digest, artifact));

  const auto bin = artifact + "/environment/bin";
  if (exists(bin)) {
    result.environment["PATH"] = bin + ":" + result.environment["PATH"];
    result.environment["VIRTUAL_ENV"] = artifact + "/environment";
  }
  if (spec.contains("command")) {
    result.arguments = spec["command"].as_strings();
    if (result.arguments.empty()) return fail(ErrorKind::invalid, "the command is empty");
  } else {
    MDL_TRY(result.arguments, front_arguments(spec, artifact, bin + "/python"));
  }
  add_contract(result.environment, spec, identity, port);
  for (const auto& [service, url] : urls) result.environment[url_variable(service)] = url;
  for (const auto& [name, value] : spec["env"].as_object()) result.environment[name] = value.as_string();
  for (const auto& [name, value] : secrets) result.environment[name] = value;
  return result;
}

}  // namespace mdl::local
