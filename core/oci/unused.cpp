#include "core/oci/unused.hpp"

#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>

namespace mdl::oci {

namespace fs = std::filesystem;

namespace {

constexpr auto kept_for = std::chrono::hours(7 * 24);

}  // namespace

void mark_used(const std::string& path) { ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0); }

void remove_unused(const std::string& cache, const std::string& newest, const std::string& suffix) {
  std::error_code error;
  const auto now = fs::last_write_time(newest, error);
  if (error) return;
  for (const auto& entry : fs::directory_iterator(cache, error)) {
    if (entry.path().extension() != suffix) continue;
    const auto used = entry.last_write_time(error);
    if (error || now - used < kept_for) continue;
    fs::remove_all(entry.path(), error);
    fs::remove(fs::path(entry.path()).replace_extension(".json"), error);
  }
}

}  // namespace mdl::oci
