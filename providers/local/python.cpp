#include "providers/local/python.hpp"

#include <optional>
#include <sys/stat.h>
#include <vector>

#include "core/util/files.hpp"
#include "core/util/process.hpp"
#include "core/util/text.hpp"
#include "core/util/value.hpp"

namespace mdl::local {

namespace {

constexpr auto probe_script =
    "import sys, json, importlib.util as u\n"
    "try:\n"
    "    from importlib.metadata import version\n"
    "    pip = tuple(map(int, version('pip').split('.')[:2])) >= (22, 3)\n"
    "except Exception:\n"
    "    pip = False\n"
    "print(json.dumps({'program': getattr(sys, '_base_executable', None) or sys.executable,"
    " 'version': '%d.%d.%d' % sys.version_info[:3],"
    " 'venv': bool(u.find_spec('venv') and u.find_spec('ensurepip')), 'pip': pip}))";

// Changes when the file does; "" when there is none.
std::string stamp(const std::string& path) {
  struct ::stat info {};
  if (::stat(path.c_str(), &info) != 0) return {};
  return path + "|" + std::to_string(info.st_size) + "|" + std::to_string(info.st_mtim.tv_sec) + "." +
         std::to_string(info.st_mtim.tv_nsec);
}

// What decides which interpreter a program of PATH is. A script is a version manager's shim: it looks
// further.
std::string cache_key(const std::string& program, const std::string& folder) {
  std::string key = stamp(program);
  if (const auto head = read_file(program, 4096); head && head->starts_with("#!")) {
    const auto root = environment("PYENV_ROOT", environment("HOME") + "/.pyenv");
    key += "|" + environment("PYENV_VERSION") + "|" + stamp(root + "/version") + "|" + folder + "|" +
           stamp(folder + "/.python-version");
  }
  return key;
}

std::string cache_path(const Home& home) { return home.root + "/cache/interpreters.json"; }

Value read_cache(const Home& home) {
  const auto text = read_file(cache_path(home), 1u << 20);
  if (!text) return Value::object();
  const auto value = parse_json(*text);
  return value ? *value : Value::object();
}

Interpreter interpreter_of(const Value& value) {
  return {.program = value["program"].as_string(),
          .version = value["version"].as_string(),
          .venv = value["venv"].as_bool(),
          .pip = value["pip"].as_bool()};
}

std::optional<Interpreter> probe(const std::string& program, const std::string& folder) {
  const auto finished = run({.arguments = {program, "-I", "-c", probe_script},
                             .folder = folder,
                             .set = {},
                             .on_line = {},
                             .timeout = Milliseconds(30'000),
                             .input = {}});
  if (!finished || finished->status != 0) return std::nullopt;
  const auto value = parse_json(finished->output);
  if (!value || (*value)["program"].as_string().empty()) return std::nullopt;
  return interpreter_of(*value);
}

std::optional<Interpreter> remembered(const Value& cache, const std::string& key) {
  const auto& entry = cache[key];
  if (entry.is_null() || entry["stamp"].as_string() != stamp(entry["program"].as_string()))
    return std::nullopt;
  return interpreter_of(entry);
}

std::optional<Interpreter> examine(const Home& home, const std::string& program, const std::string& folder) {
  const auto key = cache_key(program, folder);
  auto cache = read_cache(home);
  if (auto known = remembered(cache, key)) return known;
  auto found = probe(program, folder);
  if (!found || !found->venv) return found;  // what is missing may be installed the next minute
  if (cache.as_object().size() > 50) cache = Value::object();
  cache.set(key, Value::object({{"program", found->program},
                                {"version", found->version},
                                {"venv", found->venv},
                                {"pip", found->pip},
                                {"stamp", stamp(found->program)}}));
  // Only a memory: when it cannot be written the next run asks again.
  (void)write_file(cache_path(home), dump(cache), 0600);
  return found;
}

std::string find_with_uv(const std::string& wanted, const std::string& folder) {
  const auto uv = find_uv();
  if (uv.empty() || wanted.empty()) return {};
  const auto finished = run({.arguments = {uv, "python", "find", "--no-project", wanted},
                             .folder = folder,
                             .set = {},
                             .on_line = {},
                             .timeout = Milliseconds(30'000),
                             .input = {}});
  if (!finished || finished->status != 0) return {};
  return finished->output.substr(0, finished->output.find('\n'));
}

std::string minor_of(const std::string& version) {
  const auto parts = split(version, '.');
  return parts.size() < 2 ? version : std::string(parts[0]) + "." + std::string(parts[1]);
}

}  // namespace

bool is_version(const std::string& version, const std::string& wanted) {
  return wanted.empty() || version == wanted || version.starts_with(wanted + ".");
}

std::string find_uv() { return find_program("uv"); }

std::string python_remedy(const std::string& wanted) {
  if (!find_uv().empty()) return "uv python install " + (wanted.empty() ? "3.11" : wanted);
  return "apt-get install python" + (wanted.empty() ? std::string("3") : minor_of(wanted)) + "-venv";
}

std::string venv_remedy(const std::string& version) {
  return "apt-get install python" + minor_of(version) + "-venv";
}

Result<Interpreter> find_interpreter(const Home& home, const std::string& wanted, const std::string& folder) {
  std::vector<std::string> names;
  if (wanted.find('.') != std::string::npos) names.push_back("python" + minor_of(wanted));
  names.insert(names.end(), {"python3", "python"});
  for (const auto& name : names) {
    const auto program = find_program(name);
    if (program.empty()) continue;
    if (auto found = examine(home, program, folder); found && is_version(found->version, wanted))
      return *found;
  }
  if (const auto program = find_with_uv(wanted, folder); !program.empty())
    if (auto found = examine(home, program, folder); found && is_version(found->version, wanted))
      return *found;
  return fail(Error{.kind = ErrorKind::not_found,
                    .message = wanted.empty() ? "there is no python3 on PATH"
                                              : "there is no Python " + wanted + " on this machine",
                    .resource = "python " + wanted,
                    .next = {python_remedy(wanted)}});
}

}  // namespace mdl::local
