#include "providers/local/environment.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <unistd.h>
#include <vector>

#include "core/util/digest.hpp"
#include "core/util/files.hpp"
#include "core/util/process.hpp"
#include "core/util/text.hpp"
#include "core/util/value.hpp"

namespace mdl::local {

namespace fs = std::filesystem;

namespace {

using provider::OnProgress;

constexpr Milliseconds longest_install{3'600'000};

std::string partial_name(const std::string& folder) {
  return folder + ".partial-" + std::to_string(::getpid()) + "-" + random_hex(4);
}

// Removes what was not finished, also when it is left by an error.
struct Partial {
  std::string path;
  ~Partial() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
};

// Where it looked and what it was given are the installer's matters, and name folders that are gone by now.
std::vector<std::string> without_preamble(std::vector<std::string> lines) {
  std::erase_if(lines, [](const std::string& line) {
    return line.starts_with("Looking in ") || line.starts_with("Using Python ");
  });
  for (auto& line : lines)
    if (const auto from = line.find(" (from -r "); from != std::string::npos) line.erase(from);
  return lines;
}

std::unexpected<Error> install_failed(const EnvironmentRequest& request, std::vector<std::string> lines,
                                      const std::string& what) {
  auto where = oci::blamed_source(request.service, lines);
  lines = without_preamble(std::move(lines));
  return fail(Error{.kind = ErrorKind::failed,
                    .message = what,
                    .resource = "virtual environment",
                    .where = std::move(where),
                    .lines = std::move(lines),
                    .next = {"mdl deploy"}});
}

// "Installing collected packages: a, b" → "installing 2 packages".
std::string progress_text(std::string_view line) {
  constexpr std::string_view installing = "Installing collected packages: ";
  if (line.starts_with("Collecting ")) return "collecting " + std::string(split(line.substr(11), ' ')[0]);
  if (line.starts_with(installing)) {
    const auto count = std::ranges::count(line, ',') + 1;
    return "installing " + std::to_string(count) + (count == 1 ? " package" : " packages");
  }
  for (const auto* word : {"Resolved ", "Prepared ", "Installed ", "Building wheel"})
    if (line.starts_with(word)) return std::string(line);
  return {};
}

Result<void> run_installer(const EnvironmentRequest& request, std::vector<std::string> arguments,
                           const OnProgress& progress, const std::string& failed) {
  const auto on_line = [&](std::string_view line) {
    if (!progress) return;
    if (auto text = progress_text(line); !text.empty()) progress({.what = printable(text)});
  };
  MDL_TRY(auto finished, run({.arguments = std::move(arguments),
                              .folder = request.service.folder,
                              .set = {{"PYTHONPATH", ""}, {"PIP_ROOT_USER_ACTION", "ignore"}},
                              .on_line = on_line,
                              .timeout = longest_install,
                              .input = {}}));
  if (finished.status != 0) return install_failed(request, std::move(finished.last_lines), failed);
  return {};
}

Result<void> install(const EnvironmentRequest& request, const std::string& folder,
                     const std::string& requirements, const OnProgress& progress) {
  const auto python = folder + "/bin/python";
  const std::string failed =
      "the packages of " +
      (request.service.build.requirements.empty() ? std::string("the server")
                                                  : request.service.build.requirements) +
      " cannot be installed";
  if (progress) progress({.what = "making a virtual environment for Python " + request.python.version});
  if (const auto uv = find_uv(); !uv.empty()) {
    MDL_CHECK(run_installer(request, {uv, "venv", "--quiet", "--python", request.python.program, folder}, {},
                            "the virtual environment cannot be made"));
    return run_installer(request,
                         {uv, "pip", "install", "--compile-bytecode", "--python", python, "-r", requirements},
                         progress, failed);
  }
  if (!request.python.venv)
    return fail(
        Error{.kind = ErrorKind::not_found,
              .message = "Python " + request.python.version + " has no venv module, and there is no uv",
              .resource = "virtual environment",
              .next = {venv_remedy(request.python.version)}});
  // An own pip costs an environment two seconds and 10 MB.
  std::vector<std::string> make{request.python.program, "-I", "-m", "venv", folder};
  std::vector<std::string> pip{python, "-m", "pip"};
  if (request.python.pip) {
    make.insert(make.end() - 1, "--without-pip");
    pip = {request.python.program, "-I", "-m", "pip", "--python", python};
  }
  pip.insert(pip.end(), {"install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off",
                         "-r", requirements});
  MDL_CHECK(run_installer(request, std::move(make), {}, "the virtual environment cannot be made"));
  return run_installer(request, std::move(pip), progress, failed);
}

// Installed programs start with the path of the interpreter beside them: it must be the final one.
Result<void> correct_paths(const std::string& folder, const std::string& final_folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder + "/bin", error)) {
    if (entry.is_symlink() || !entry.is_regular_file() || entry.file_size() > 65536) continue;
    MDL_TRY(auto text, read_file(entry.path()));
    bool changed = false;
    for (std::size_t at = 0; (at = text.find(folder, at)) != std::string::npos; at += final_folder.size()) {
      text.replace(at, folder.size(), final_folder);
      changed = true;
    }
    if (changed) MDL_CHECK(write_file(entry.path(), text, 0755));
  }
  return {};
}

int count_packages(const std::string& folder) {
  int count = 0;
  std::error_code error;
  for (const auto& library : fs::directory_iterator(folder + "/lib", error)) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(library.path() / "site-packages", ignored)) {
      const auto name = entry.path().filename().string();
      if (name.ends_with(".dist-info") && !name.starts_with("pip-") && !name.starts_with("setuptools-"))
        ++count;
    }
  }
  return count;
}

Result<void> publish(const std::string& partial, const std::string& folder) {
  std::error_code error;
  fs::rename(partial, folder, error);
  if (!error || exists(folder)) return {};  // another run was faster: its environment has the same key
  return fail(Error{.kind = ErrorKind::failed,
                    .message = "the virtual environment cannot be put in its place",
                    .quoted = error.message(),
                    .resource = folder});
}

}  // namespace

std::string environment_folder(const Home& home, const std::string& key) {
  return home.environments() + "/" + key;
}

Result<int> make_environment(const Home& home, const EnvironmentRequest& request,
                             const OnProgress& progress) {
  const auto folder = environment_folder(home, request.key);
  const auto record = folder + "/complete.json";
  if (!exists(record)) {
    const Partial partial{partial_name(folder)};
    MDL_CHECK(make_folders(home.environments()));
    const Partial list{partial.path + ".txt"};
    MDL_CHECK(write_file(list.path, request.requirements, 0600));
    MDL_CHECK(install(request, partial.path, list.path, progress));
    MDL_CHECK(correct_paths(partial.path, folder));
    const auto complete =
        Value::object({{"packages", count_packages(partial.path)}, {"python", request.python.version}});
    MDL_CHECK(write_file(partial.path + "/complete.json", dump(complete)));
    MDL_CHECK(publish(partial.path, folder));
  }
  MDL_TRY(const auto text, read_file(record));
  MDL_TRY(const auto complete, parse_json(text));
  return static_cast<int>(complete["packages"].as_integer());
}

Result<std::string> make_plain_environment(const Home& home, const Interpreter& python) {
  const auto key = "plain-" + sha256(python.program + "|" + python.version).substr(0, 32);
  const auto folder = environment_folder(home, key);
  if (exists(folder + "/bin/python")) return key;
  const Partial partial{partial_name(folder)};
  MDL_CHECK(make_folders(partial.path + "/bin"));
  for (const char* name : {"/bin/python", "/bin/python3"}) {
    std::error_code error;
    fs::create_symlink(python.program, partial.path + name, error);
    if (error && error != std::errc::file_exists)
      return fail(Error{.kind = ErrorKind::failed,
                        .message = "the link to the interpreter cannot be made",
                        .quoted = error.message(),
                        .resource = folder});
  }
  MDL_CHECK(publish(partial.path, folder));
  return key;
}

}  // namespace mdl::local
