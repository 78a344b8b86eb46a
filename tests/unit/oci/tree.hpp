#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <vector>

#include "core/manifest/service.hpp"
#include "core/oci/layers.hpp"
#include "core/util/files.hpp"

namespace mdl::oci::test {

// A folder of its own, removed at the end.
class Tree {
 public:
  Tree() {
    std::string pattern = std::filesystem::temp_directory_path().string() + "/mdl-oci-XXXXXX";
    root_ = ::mkdtemp(pattern.data());
  }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;
  ~Tree() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }

  const std::string& root() const { return root_; }
  std::string at(const std::string& path) const { return root_ + '/' + path; }
  void write(const std::string& path, std::string_view content = "x", mode_t mode = 0644) const {
    std::filesystem::create_directories(std::filesystem::path(at(path)).parent_path());
    std::ofstream(at(path), std::ios::binary) << content;
    ::chmod(at(path).c_str(), mode);
  }
  void folder(const std::string& path) const { std::filesystem::create_directories(at(path)); }
  void link(const std::string& path, const std::string& target) const {
    std::filesystem::create_directories(std::filesystem::path(at(path)).parent_path());
    std::filesystem::create_symlink(target, at(path));
  }
  std::string read(const std::string& path) const { return read_file(at(path)).value_or("<absent>"); }
  mode_t mode(const std::string& path) const {
    struct stat status {};
    return ::lstat(at(path).c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
  }

 private:
  std::string root_;
};

inline manifest::Service service_in(const std::string& folder) {
  manifest::Service service;
  service.name = "credit-risk";
  service.folder = folder;
  service.file = "mdl.yaml";
  service.http.entry = "app:app";
  return service;
}

inline Source source_at_line(int line) { return {.file = "mdl.yaml", .line = line, .column = 5, .text = ""}; }

inline std::vector<std::string> paths(const Layer* layer) {
  std::vector<std::string> found;
  if (layer == nullptr) return found;
  for (const auto& file : layer->files) found.push_back(file.path);
  return found;
}

inline Result<LayerPlan> plan(const manifest::Service& service) { return plan_layers({.service = service}); }

// Paths of the application layer; the error's message when there is none.
inline std::vector<std::string> application(const manifest::Service& service) {
  const auto planned = plan(service);
  if (!planned) return {planned.error().message};
  return paths(planned->find(LayerKind::application));
}

}  // namespace mdl::oci::test
