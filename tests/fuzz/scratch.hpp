#pragma once

#include <filesystem>
#include <string>
#include <unistd.h>

namespace mdl::fuzz {

// An empty folder, in memory where the system has one, that goes with its owner.
class Scratch {
 public:
  Scratch()
      : path_(std::filesystem::exists("/dev/shm") ? "/dev/shm/mdl-fuzz-XXXXXX" : "/tmp/mdl-fuzz-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  ~Scratch() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace mdl::fuzz
