#include "core/oci/detect.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <optional>

#include "core/oci/detect_files.hpp"
#include "core/oci/detect_python.hpp"
#include "core/oci/directory.hpp"
#include "core/oci/pyproject.hpp"
#include "core/util/files.hpp"
#include "core/util/text.hpp"

namespace mdl::oci {

namespace {

constexpr std::uint64_t longest_text = 1u << 20;
constexpr std::size_t most_models_named = 4;

// Where an application usually is, the likeliest first.
constexpr std::array<std::string_view, 12> usual_places{
    "app.py",     "main.py",     "wsgi.py",     "asgi.py",    "server.py",   "api.py",
    "src/app.py", "src/main.py", "app/main.py", "app/app.py", "api/main.py", "src/server.py"};

std::string text_of(const std::string& folder, std::string_view path) {
  return read_file(folder + '/' + std::string(path), longest_text).value_or("");
}

// "src.app" of "src/app.py"; nullopt when Python could not import it by that name.
std::optional<std::string> module_of(std::string_view path) {
  if (!path.ends_with(".py")) return std::nullopt;
  std::string module(path.substr(0, path.size() - 3));
  for (char& c : module) {
    if (c == '/') c = '.';
    const bool letter = (c | 32) >= 'a' && (c | 32) <= 'z';
    if (!letter && c != '_' && c != '.' && !(c >= '0' && c <= '9')) return std::nullopt;
  }
  return module;
}

std::vector<Entry> entries_of(const std::string& folder) {
  const auto directory = Directory::open(folder);
  if (!directory) return {};
  auto entries = directory->entries().value_or(std::vector<Entry>());
  std::ranges::sort(entries, {}, &Entry::name);
  return entries;
}

// The usual places, then <package>/wsgi.py and asgi.py (Django), then the other Python files of the folder.
std::vector<std::string> python_files(const std::string& folder) {
  std::vector<std::string> paths(usual_places.begin(), usual_places.end());
  const auto entries = entries_of(folder);
  for (const auto& entry : entries) {
    if (entry.type != EntryType::folder || entry.name.starts_with('.')) continue;
    paths.push_back(entry.name + "/wsgi.py");
    paths.push_back(entry.name + "/asgi.py");
  }
  for (const auto& entry : entries)
    if (entry.type == EntryType::file && entry.name.ends_with(".py") &&
        std::ranges::find(paths, entry.name) == paths.end())
      paths.push_back(entry.name);
  return paths;
}

class Detection {
 public:
  explicit Detection(const std::string& folder) : folder_(folder) {}

  Detected run() {
    read_dockerfile();
    if (!find_entry() && !find_handler() && !find_command() && found_.dockerfile) {
      found_.kind = DetectedKind::dockerfile;
      found_.file = "Dockerfile";
    }
    find_requirements();
    for (const auto* file : {".python-version", "runtime.txt"})
      if (found_.python.empty()) found_.python = python_version(text_of(folder_, file));
    found_.model = detect_model(folder_);
    return std::move(found_);
  }

 private:
  void read_dockerfile() {
    const auto text = text_of(folder_, "Dockerfile");
    found_.dockerfile = !text.empty();
    found_.port = exposed_port(text);
  }

  // The entry that a Procfile names is certain; otherwise the first file that has an application.
  bool find_entry() {
    const auto web = procfile_web(text_of(folder_, "Procfile"));
    if (const auto named = web ? served_entry(*web) : std::nullopt; named && set_named_entry(*named))
      return true;
    for (const auto& path : python_files(folder_)) {
      const auto text = text_of(folder_, path);
      const auto module = module_of(path);
      const auto application = module ? python_application(text) : std::nullopt;
      if (!application) continue;
      set_entry(path, *module + ':' + application->object, *application, text);
      return true;
    }
    return false;
  }

  bool set_named_entry(const std::string& entry) {
    auto path = entry.substr(0, entry.find(':'));
    std::ranges::replace(path, '.', '/');
    for (const auto* end : {".py", "/__init__.py"}) {
      const auto text = text_of(folder_, path + end);
      if (text.empty()) continue;
      const PythonApplication unknown{
          .object = entry.substr(entry.find(':') + 1), .framework = "", .interface = "auto"};
      auto application = python_application(text).value_or(unknown);
      if (application.object != unknown.object) application = unknown;
      set_entry(path + end, entry, application, text);
      return true;
    }
    return false;
  }

  void set_entry(const std::string& path, const std::string& entry, const PythonApplication& application,
                 const std::string& text) {
    found_.kind = DetectedKind::entry;
    found_.file = path;
    found_.entry = entry;
    found_.framework = application.framework;
    found_.interface = application.interface;
    found_.health = health_path(text);
  }

  bool find_handler() {
    auto paths = python_files(folder_);
    paths.insert(paths.begin(), {"lambda_function.py", "handler.py"});
    for (const auto& path : paths) {
      const auto module = module_of(path);
      const auto handler = module ? python_handler(text_of(folder_, path)) : std::nullopt;
      if (!handler) continue;
      found_.kind = DetectedKind::handler;
      found_.file = path;
      found_.handler = *module + '.' + *handler;
      return true;
    }
    return false;
  }

  bool find_command() {
    if (const auto web = procfile_web(text_of(folder_, "Procfile"))) {
      found_.file = "Procfile";
      found_.command = command_words(*web);
    } else if (has_start_script(text_of(folder_, "package.json"))) {
      found_.file = "package.json";
      found_.command = {"npm", "start"};
    } else {
      return false;
    }
    found_.kind = DetectedKind::command;
    return true;
  }

  void find_requirements() {
    if (exists(folder_ + "/requirements.txt")) {
      found_.requirements = "requirements.txt";
    } else if (const auto listed = pyproject_dependencies(text_of(folder_, "pyproject.toml"));
               listed && !listed->empty()) {
      found_.requirements = "pyproject.toml";
    }
  }

  const std::string& folder_;
  Detected found_;
};

std::string object_of(const std::string& entry) { return entry.substr(entry.find(':') + 1); }

std::string describe(const Detected& found) {
  switch (found.kind) {
    case DetectedKind::entry:
      return fmt::format("{} ({}application '{}')", printable(found.file),
                         found.framework.empty() ? "" : found.framework + ' ', object_of(found.entry));
    case DetectedKind::handler:
      return fmt::format("{} (handler '{}')", printable(found.file),
                         found.handler.substr(found.handler.rfind('.') + 1));
    case DetectedKind::command:
      return fmt::format("{} ({})", found.file, printable(join(found.command, " ")));
    case DetectedKind::dockerfile:
    case DetectedKind::nothing:
      break;
  }
  return "";
}

std::string describe(const DetectedModel& model) {
  if (!model.path.ends_with('/'))
    return fmt::format("{} ({})", printable(model.path), readable_bytes(model.bytes));
  return fmt::format("{} ({}, {})", printable(model.path), counted(model.files, "file"),
                     readable_bytes(model.bytes));
}

}  // namespace

std::string Detected::sentence() const {
  std::vector<std::string> parts;
  if (auto what = describe(*this); !what.empty()) parts.push_back(std::move(what));
  if (dockerfile) parts.push_back(port != 0 ? fmt::format("Dockerfile (port {})", port) : "Dockerfile");
  if (!requirements.empty()) parts.push_back(requirements);
  if (!python.empty()) parts.push_back("Python " + python);
  for (std::size_t i = 0; i < std::min(model.size(), most_models_named); ++i)
    parts.push_back(describe(model[i]));
  if (model.size() > most_models_named)
    parts.push_back(fmt::format("{} more weights files", model.size() - most_models_named));
  if (parts.empty()) return "Found nothing that could be served.";
  if (kind == DetectedKind::nothing)
    return "Found " + join(parts, ", ") + ", but nothing that could be served.";
  return "Found " + join(parts, ", ") + ".";
}

Detected detect(const std::string& folder) { return Detection(folder).run(); }

}  // namespace mdl::oci
