#pragma once

#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/manifest/load.hpp"
#include "core/util/files.hpp"

namespace mdl::manifest::testing {

// A folder of its own with manifests, removed at the end.
class Folder {
 public:
  Folder() {
    std::string name = std::filesystem::temp_directory_path() / "mdl-manifest-XXXXXX";
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = std::filesystem::canonical(name);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;

  std::string path(std::string_view below = "") const {
    return below.empty() ? path_.string() : (path_ / below).string();
  }
  void write(std::string_view file, std::string_view text) const { REQUIRE(write_file(path(file), text)); }

 private:
  std::filesystem::path path_;
};

// Every problem as compiler-style text, with the folder's path taken out.
inline std::vector<std::string> texts(const std::vector<Problem>& problems, const Folder& folder) {
  std::vector<std::string> out;
  for (const auto& problem : problems) {
    auto text = format(problem);
    const auto prefix = folder.path() + "/";
    for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix))
      text.erase(at, prefix.size());
    out.push_back(std::move(text));
  }
  return out;
}

// The problems of one manifest.
inline std::vector<std::string> problems_of(std::string_view text, const LoadOptions& options = {}) {
  const Folder folder;
  folder.write("mdl.yaml", text);
  auto loaded = load(folder.path(), options);
  return loaded ? std::vector<std::string>{} : texts(loaded.error(), folder);
}

// The service of one manifest, which must be right.
inline Service service_of(std::string_view text, const LoadOptions& options = {}) {
  const Folder folder;
  folder.write("mdl.yaml", text);
  auto loaded = load(folder.path(), options);
  if (!loaded)
    for (const auto& problem : texts(loaded.error(), folder)) FAIL_CHECK(problem);
  REQUIRE(loaded);
  REQUIRE(loaded->services.size() == 1);
  return loaded->services.front();
}

// The beginning of a small right manifest.
inline const std::string small = "mdl: 1\nname: risk\nhttp: { entry: \"app:app\" }\n";

}  // namespace mdl::manifest::testing
