#include <algorithm>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

const fs::path root = MDL_SOURCE_DIR;

struct SourceFile {
  std::string path;    // relative to the root
  std::string module;  // "core/util", "providers/local", "cli"
  std::vector<std::string> includes;
  std::string text;
};

std::string read(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string module_of(const std::string& path) {
  const auto first = path.find('/');
  if (path.starts_with("cli/")) return "cli";
  return path.substr(0, path.find('/', first + 1));
}

std::vector<SourceFile> sources() {
  static const std::regex include(R"(#\s*include\s*["<]([^">]+)[">])");
  std::vector<SourceFile> files;
  for (const auto* top : {"core", "providers", "cli"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
      const auto extension = entry.path().extension();
      if (extension != ".cpp" && extension != ".hpp") continue;
      SourceFile file;
      file.path = fs::relative(entry.path(), root).string();
      file.module = module_of(file.path);
      file.text = read(entry.path());
      for (std::sregex_iterator it(file.text.begin(), file.text.end(), include), end; it != end; ++it)
        file.includes.push_back((*it)[1]);
      files.push_back(std::move(file));
    }
  }
  return files;
}

// What each module may include besides itself. The line of "providers" holds for each of them.
const std::map<std::string, std::set<std::string>> allowed{
    {"core/util", {}},
    {"core/http", {"core/util"}},
    {"core/model", {"core/util"}},
    {"core/manifest", {"core/util"}},
    {"core/oci", {"core/util", "core/manifest"}},
    {"core/fetch", {"core/util", "core/http", "core/manifest", "core/oci"}},
    {"core/release", {"core/util"}},
    {"core/plan", {"core/util", "core/release"}},
    {"core/provider", {"core/util", "core/manifest", "core/oci", "core/release", "core/plan"}},
    {"core/engine",
     {"core/util", "core/model", "core/manifest", "core/oci", "core/release", "core/plan", "core/provider"}},
    {"providers",
     {"core/util", "core/http", "core/manifest", "core/oci", "core/fetch", "core/release", "core/plan",
      "core/provider"}},
    {"cli",
     {"core/util", "core/http", "core/model", "core/manifest", "core/oci", "core/release", "core/plan",
      "core/provider", "core/engine"}},
};

bool may_include(const std::string& from, const std::string& to) {
  if (from == to) return true;
  const auto line = allowed.find(from.starts_with("providers/") ? "providers" : from);
  return line != allowed.end() && line->second.contains(to);
}

}  // namespace

TEST_CASE("arch: includes point one way") {
  for (const auto& file : sources()) {
    for (const auto& include : file.includes) {
      const bool ours =
          include.starts_with("core/") || include.starts_with("providers/") || include.starts_with("cli/");
      if (!ours) continue;
      // The composition root is the one place of the command line that names concrete providers.
      if (file.path == "cli/wiring.cpp" && include.starts_with("providers/")) continue;
      CHECK_MESSAGE(may_include(file.module, module_of(include)), file.path, " includes ", include);
    }
  }
}

TEST_CASE("arch: each library stays behind the module that wraps it") {
  const std::vector<std::pair<std::string, std::vector<std::string>>> homes{
      {"curl/", {"core/http/"}},
      {"git2", {"core/oci/", "core/util/git"}},
      {"nlohmann/", {"core/util/value.cpp"}},
      {"yaml-cpp/", {"core/manifest/"}},
      {"CLI/", {"cli/commands/"}},
      {"boost/", {"providers/local/gateway/", "providers/local/supervisor/"}},
      {"sqlite3.h", {"core/util/sqlite"}},
      {"spdlog/", {"core/util/log"}},
      {"zlib.h", {"core/oci/zip_deflate.cpp"}},
      {"openssl/", {"core/util/", "providers/local/"}},
  };
  for (const auto& file : sources()) {
    for (const auto& include : file.includes) {
      for (const auto& [library, places] : homes) {
        if (!include.starts_with(library)) continue;
        CHECK_MESSAGE(
            std::ranges::any_of(places, [&](const auto& place) { return file.path.starts_with(place); }),
            file.path, " includes ", include);
      }
    }
  }
}

TEST_CASE("arch: core knows no platform's word") {
  // The manifest's table names the settings of every provider's targets; everything else in core is for all
  // of them.
  static const std::regex words(R"(\b(kubernetes|kubectl|lambda|cloudwatch|aws|gcp|azure|knative)\b)",
                                std::regex::icase);
  static const std::regex comment(R"(//[^\n]*)");
  for (const auto& file : sources()) {
    if (!file.path.starts_with("core/") || file.module == "core/manifest" ||
        file.path.starts_with("core/oci/detect"))
      continue;
    const auto code = std::regex_replace(file.text, comment, "");
    std::smatch found;
    CHECK_MESSAGE(!std::regex_search(code, found, words), file.path, " says ", found.str());
  }
}

TEST_CASE("arch: no clock, sleep or randomness outside its seam") {
  static const std::regex direct(
      R"((system_clock|steady_clock)::now|sleep_for|sleep_until|\busleep\(|std::random_device)");
  for (const auto& file : sources()) {
    // The clock itself, the composition root, and the gateway, whose deadlines are Asio's timers and so on
    // Asio's clock.
    if (file.path == "core/util/clock.cpp" || file.path == "cli/wiring.cpp" ||
        file.path.starts_with("providers/local/gateway/"))
      continue;
    std::smatch found;
    CHECK_MESSAGE(!std::regex_search(file.text, found, direct), file.path, " uses ", found.str());
  }
}

TEST_CASE("arch: files can be read in one sitting") {
  for (const auto& file : sources()) {
    const auto lines = std::ranges::count(file.text, '\n');
    CHECK_MESSAGE(lines <= 500, file.path, " has ", lines, " lines");
  }
}

TEST_CASE("arch: ARCHITECTURE.md names every folder, and only those that exist") {
  const auto text = read(root / "ARCHITECTURE.md");
  std::set<std::string> folders;
  for (const auto& file : sources()) folders.insert(fs::path(file.path).parent_path().string());
  for (const auto& folder : folders)
    CHECK_MESSAGE(text.find("`" + folder + "/`") != std::string::npos, folder);
  static const std::regex named(R"(`([a-z.][a-z_./-]*/)`)");
  for (std::sregex_iterator it(text.begin(), text.end(), named), end; it != end; ++it)
    CHECK_MESSAGE(fs::exists(root / (*it)[1].str()), (*it)[1].str(), " is not there");
}

TEST_CASE("arch: the tests that documents name are there") {
  static const std::regex named(R"(`((tests|benchmarks|scripts)/[A-Za-z0-9_./-]+)`)");
  for (const auto& entry : fs::directory_iterator(root / "docs")) {
    const auto name = entry.path().filename();
    // The two references show files of a user's service.
    if (name.extension() != ".md" || name == "manifest.md" || name == "cli.md") continue;
    const auto text = read(entry.path());
    for (std::sregex_iterator it(text.begin(), text.end(), named), end; it != end; ++it)
      CHECK_MESSAGE(fs::exists(root / (*it)[1].str()), entry.path().filename().string(), " names ",
                    (*it)[1].str());
  }
}
