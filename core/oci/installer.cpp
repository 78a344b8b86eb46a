#include "core/oci/installer.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <regex>

#include "core/oci/requirement_lines.hpp"
#include "core/util/process.hpp"
#include "core/util/text.hpp"

namespace mdl::oci {

namespace {

constexpr Milliseconds longest_install{3'600'000};
constexpr int oldest_glibc = 17;  // 2.17: manylinux2014

std::string machine_of(const std::string& platform) {
  return platform == "linux/arm64" ? "aarch64" : "x86_64";
}

int minor_glibc(const std::string& version) {
  const auto parts = split(version, '.');
  const auto minor = parts.size() > 1 ? parse_integer(parts[1]) : std::nullopt;
  return static_cast<int>(std::clamp<std::int64_t>(minor.value_or(oldest_glibc), oldest_glibc, 99));
}

// uv knows some of the tags by name, see `uv pip install --help`.
std::string uv_platform(const PackagesRequest& request) {
  const int has = minor_glibc(request.glibc);
  int newest = oldest_glibc;
  for (const int known : {28, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40})
    if (known <= has) newest = known;
  return fmt::format("{}-manylinux_2_{}", machine_of(request.platform), newest);
}

std::vector<std::string> uv_command(const std::string& uv, const PackagesRequest& request,
                                    const std::string& list, const std::string& folder) {
  return {uv,
          "pip",
          "install",
          "--target",
          folder,
          "--python-platform",
          uv_platform(request),
          "--python-version",
          request.python,
          "--only-binary",
          ":all:",
          "--link-mode",
          "copy",
          "-r",
          list};
}

std::vector<std::string> pip_command(const std::string& python, const PackagesRequest& request,
                                     const std::string& list, const std::string& folder) {
  std::vector<std::string> command{python,
                                   "-I",
                                   "-m",
                                   "pip",
                                   "install",
                                   "--disable-pip-version-check",
                                   "--no-input",
                                   "--progress-bar",
                                   "off",
                                   "--no-compile",
                                   "--only-binary=:all:",
                                   "--implementation",
                                   "cp",
                                   "--python-version",
                                   request.python,
                                   "--target",
                                   folder,
                                   "-r",
                                   list};
  const auto machine = machine_of(request.platform);
  for (int minor = minor_glibc(request.glibc); minor >= oldest_glibc; --minor)
    command.push_back(fmt::format("--platform=manylinux_2_{}_{}", minor, machine));
  command.push_back(fmt::format("--platform=manylinux2014_{}", machine));
  return command;
}

// A Python with pip that is of the target's version and machine.
Result<std::string> find_pip(const PackagesRequest& request) {
  const auto wanted = fmt::format("{} {}", request.python, machine_of(request.platform));
  std::string others;
  for (const auto& name : {"python" + request.python, std::string("python3"), std::string("python")}) {
    const auto program = find_program(name);
    if (program.empty()) continue;
    const auto said = run({.arguments = {program, "-I", "-c",
                                         "import sys, platform, pip\n"
                                         "print('%d.%d' % sys.version_info[:2], platform.machine())"},
                           .folder = {},
                           .set = {},
                           .on_line = {},
                           .timeout = Milliseconds(30'000),
                           .input = {}});
    if (said && said->status == 0 && said->output == wanted + "\n") return program;
  }
  return fail(Error{
      .kind = ErrorKind::not_found,
      .message = fmt::format("packages for Python {} on {} need uv here: there is no pip of that Python, "
                             "and another one would judge conditions in requirements by itself",
                             request.python, request.platform),
      .resource = "uv",
      .next = {"pip install uv"}});
}

struct Verdict {
  std::string requirement;
  bool exists;
};

// Which package the installer's words blame: those of uv 0.4 to 0.13 and pip 22 to 25.
std::optional<Verdict> verdict(const std::vector<std::string>& lines) {
  static const std::regex no_wheel(R"(Wheels are required for `([^`]+)`)");
  static const std::regex no_wheel_of(R"((?:Because|and|that) (\S+) has no (?:usable |available )?wheels)");
  static const std::regex unknown(R"((?:Because|and|that) (\S+) was not found in)");
  static const std::regex none_matches(R"(No matching distribution found for (\S+))");
  static const std::regex versions(R"(from versions: (?!none\b))");
  const auto text = join(lines, " ");
  std::smatch found;
  if (std::regex_search(text, found, unknown)) return Verdict{found[1], false};
  if (std::regex_search(text, found, no_wheel_of) || std::regex_search(text, found, no_wheel) ||
      std::regex_search(text, found, none_matches))
    return Verdict{found[1], true};
  return std::nullopt;
}

std::unexpected<Error> not_installed(const PackagesRequest& request, std::vector<std::string> lines) {
  const auto target =
      fmt::format("Python {} on {} with glibc {}", request.python, request.platform, request.glibc);
  Error error{.kind = ErrorKind::failed,
              .message = fmt::format("the packages cannot be installed for {}", target),
              .resource = "dependencies"};
  if (const auto found = verdict(lines)) {
    error.kind = ErrorKind::invalid;
    error.resource = package_name(found->requirement);
    error.message = found->exists
                        ? fmt::format("'{}' has no wheel for {}", printable(found->requirement), target)
                        : fmt::format("there is no package '{}' in the index", printable(found->requirement));
  }
  if (request.service != nullptr) error.where = blamed_source(*request.service, lines);
  // Where it looked and what it was given are the installer's matters.
  std::erase_if(lines, [](const std::string& line) {
    return line.empty() || line.starts_with("Using ") || line.starts_with("Looking in ");
  });
  for (auto& line : lines)
    if (const auto from = line.find(" (from -r "); from != std::string::npos) line.erase(from);
  error.lines = std::move(lines);
  return fail(std::move(error));
}

}  // namespace

Result<void> run_installer(const PackagesRequest& request, const std::string& list,
                           const std::string& folder) {
  std::vector<std::string> command;
  if (const auto uv = find_program("uv"); !uv.empty()) {
    command = uv_command(uv, request, list, folder);
  } else {
    MDL_TRY(const auto python, find_pip(request));
    command = pip_command(python, request, list, folder);
  }
  MDL_TRY(auto finished, run({.arguments = std::move(command),
                              .folder = request.service == nullptr ? std::string() : request.service->folder,
                              .set = {{"PYTHONPATH", ""},
                                      {"PIP_ROOT_USER_ACTION", "ignore"},
                                      {"PIP_USER", "0"},
                                      {"COLUMNS", "1000"}},
                              .on_line = request.on_line,
                              .timeout = longest_install,
                              .input = {}}));
  if (finished.status != 0) return not_installed(request, std::move(finished.last_lines));
  return {};
}

}  // namespace mdl::oci
