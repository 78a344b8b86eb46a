#include "providers/aws/served.hpp"

#include <algorithm>

#include "core/oci/python_front.hpp"
#include "core/util/text.hpp"
#include "embedded/aws_python.hpp"
#include "embedded/aws_runtime.hpp"
#include "providers/aws/secrets.hpp"

namespace mdl::aws {

namespace {

using manifest::Service;

constexpr const char *application = "app", *packages = "packages", *front = "front";

const EmbeddedFile* client_for(const std::string& platform) {
  const auto files = embedded::aws_runtime();
  const auto found = std::ranges::find(files, platform, &EmbeddedFile::path);
  return found == files.end() ? nullptr : &*found;
}

// "python3", "/usr/bin/python3.12"
bool is_python(const std::string& program) {
  return program.substr(program.rfind('/') + 1).starts_with("python");
}

std::vector<std::string> command_of(const Service& service) {
  auto command = service.http.command;
  if (!service.http.entry.empty())
    command = {"python3", "../front/mdl_front.py", "entry", service.http.entry, service.http.interface};
  if (!service.secrets.empty())
    command.insert(command.begin(), {"python3", std::string("../front/") + secrets_file});
  return command;
}

void add_secrets_reader(const Service& service, std::vector<oci::File>& files) {
  if (service.secrets.empty()) return;
  const std::string folder = is_served(service) ? std::string(front) + "/" : std::string();
  for (const auto& file : embedded::aws_python())
    files.push_back(
        {.path = folder + std::string(file.path), .source = {}, .content = std::string(file.content)});
}

}  // namespace

bool is_served(const Service& service) {
  return !service.http.entry.empty() || !service.http.command.empty();
}

bool is_os_only(const std::string& runtime) { return runtime.starts_with("provided"); }

bool uses_python(const Service& service) {
  const auto& stated = service.target.settings["runtime"].as_string();
  if (!stated.empty()) return stated.starts_with("python");
  if (service.http.command.empty()) return true;
  return !service.build.python.empty() || !service.build.requirements.empty() ||
         is_python(service.http.command.front());
}

std::string platform_of(const Service& service) {
  return service.target.settings["architecture"].as_string() == "arm64" ? "linux/arm64" : "linux/amd64";
}

oci::ZipLayout layout_of(const Service& service) {
  if (!is_served(service)) return {.service = "", .dependencies = "", .front = ""};
  return {.service = application, .dependencies = packages, .front = ""};
}

Value client_settings(const Service& service) {
  auto settings = Value::object({{"command", Value(command_of(service))},
                                 {"folder", application},
                                 {"port", 0},
                                 {"health", service.http.health},
                                 {"healthy", "200-299"}});
  if (service.target.settings["stream"].as_bool()) settings.set("stream", true);
  if (!uses_python(service)) return settings;
  settings.set("path", Value(std::vector<std::string>{std::string(packages) + "/bin"}));
  settings.set("python_path", Value(std::vector<std::string>{packages}));
  return settings;
}

bool has_client(const std::string& platform) { return client_for(platform) != nullptr; }

Result<std::vector<oci::File>> served_files(const Service& service) {
  std::vector<oci::File> files;
  add_secrets_reader(service, files);
  if (!is_served(service)) return files;
  const auto* client = client_for(platform_of(service));
  if (client == nullptr)
    return fail(Error{.kind = ErrorKind::refused,
                      .message = "this mdl was built without the runtime client for " + platform_of(service),
                      .resource = "artifact",
                      .where = service.source_of("targets." + service.target.name + ".architecture")});
  files.push_back(
      {.path = client_file, .source = {}, .content = std::string(client->content), .executable = true});
  files.push_back({.path = "runtime.json", .source = {}, .content = dump(client_settings(service))});
  if (service.http.entry.empty()) return files;
  for (auto& file : oci::front_files()) {
    file.path = std::string(front) + "/" + file.path;
    files.push_back(std::move(file));
  }
  return files;
}

}  // namespace mdl::aws
