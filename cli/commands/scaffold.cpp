#include "cli/commands/scaffold.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "core/manifest/fields.hpp"
#include "core/util/text.hpp"
#include "core/util/value.hpp"
#include "embedded/templates.hpp"

namespace mdl::cli {

const std::vector<TemplateName>& template_names() {
  static const std::vector<TemplateName> names = {
      {"python-wsgi", "A WSGI application (Flask)"},
      {"python-asgi", "An ASGI application (FastAPI or Starlette)"},
      {"handler", "A function: lambda_handler(event, context)"},
      {"sklearn", "A scikit-learn model with its training"},
      {"command", "Any program that listens on $PORT"},
      {"dockerfile", "A program with a Dockerfile"},
  };
  return names;
}

namespace {

std::string replaced(std::string_view text, std::string_view what, std::string_view with) {
  std::string out;
  while (true) {
    const auto at = text.find(what);
    out += text.substr(0, at);
    if (at == std::string_view::npos) return out;
    out += with;
    text.remove_prefix(at + what.size());
  }
}

// A YAML scalar that is read back as this text: JSON's quotes are YAML's.
std::string quoted(const std::string& text) { return dump(Value(text)); }

// An image has its own server. What it must do is said where it can be changed.
std::string image_lines(const oci::Detected& found) {
  std::string out =
      "# The image's program listens on $PORT and answers this path with 2xx once it is ready.\n";
  if (found.port != 0)
    out += "# The Dockerfile exposes " + std::to_string(found.port) + ": does the program look at $PORT?\n";
  return out + "http: { health: " + quoted(found.health.empty() ? "/healthz" : found.health) + " }\n";
}

std::string http_line(const oci::Detected& found) {
  if (found.kind == oci::DetectedKind::dockerfile) return image_lines(found);
  std::string out = "http: { ";
  if (found.kind == oci::DetectedKind::entry) {
    out += "entry: " + quoted(found.entry);
    if (found.interface == "wsgi" || found.interface == "asgi") out += ", interface: " + found.interface;
  } else if (found.kind == oci::DetectedKind::handler) {
    out += "handler: " + quoted(found.handler);
  } else {
    out += "command: " + dump(Value(found.command));
  }
  if (!found.health.empty()) out += ", health: " + quoted(found.health);
  return out + " }\n";
}

std::string build_lines(const oci::Detected& found) {
  if (found.kind == oci::DetectedKind::dockerfile)
    return "build: { dockerfile: " + quoted(found.file) + " }\n";
  std::vector<std::string> parts;
  if (!found.python.empty()) parts.push_back("python: " + quoted(found.python));
  if (!found.requirements.empty()) parts.push_back("requirements: " + quoted(found.requirements));
  return parts.empty() ? "" : "build: { " + join(parts, ", ") + " }\n";
}

}  // namespace

std::vector<ScaffoldFile> template_files(const std::string& name, const std::string& service) {
  std::vector<ScaffoldFile> out;
  for (const auto& file : embedded::templates()) {
    if (!file.path.starts_with(name + "/")) continue;
    out.push_back({.path = std::string(file.path.substr(name.size() + 1)),
                   .content = replaced(file.content, "{{name}}", service),
                   .executable = file.executable});
  }
  return out;
}

std::string detected_manifest(const oci::Detected& found, const std::string& service) {
  std::string out = "mdl: 1\nname: " + service + "\n" + build_lines(found);
  if (!found.model.empty()) {
    out += "model:\n";
    for (const auto& model : found.model) out += "  - path: " + quoted(model.path) + "\n";
  }
  out += http_line(found);
  // A first deploy is one replica that rests never: the fewest surprises.
  out += "scale: { min: 1, max: 4, concurrency: 8 }\ntargets:\n  local: {}\n";
  return out;
}

std::string ignore_file() {
  return "# Files that are no part of the service, in the syntax of .gitignore (which counts too).\n"
         "tests/\nnotebooks/\n*.ipynb\n.env\n";
}

std::string service_name(std::string_view folder) {
  std::string out;
  for (const unsigned char c : folder) {
    if (std::isalnum(c) && c < 128)
      out += static_cast<char>(std::tolower(c));
    else if (!out.empty() && out.back() != '-')
      out += '-';
  }
  while (!out.empty() && (out.back() == '-' || out.size() > 40)) out.pop_back();
  const auto letter = std::ranges::find_if(out, [](unsigned char c) { return std::isalpha(c); });
  out.erase(out.begin(), letter);
  return valid_service_name(out) ? out : "service";
}

bool valid_service_name(std::string_view name) {
  const auto* field = manifest::find_field("name");
  return field == nullptr || field->rule == nullptr || field->rule->accepts(name);
}

std::string detected_words(const oci::Detected& found) {
  switch (found.kind) {
    case oci::DetectedKind::entry: {
      std::string upper = found.interface == "wsgi" ? "WSGI " : found.interface == "asgi" ? "ASGI " : "";
      return upper + found.entry;
    }
    case oci::DetectedKind::handler:
      return "handler " + found.handler;
    case oci::DetectedKind::command:
      return "command " + join(found.command, " ");
    case oci::DetectedKind::dockerfile:
      return "image of " + found.file;
    case oci::DetectedKind::nothing:
      break;
  }
  return "nothing";
}

}  // namespace mdl::cli
