#pragma once

#include <string>
#include <string_view>
#include <sys/stat.h>
#include <vector>

#include "core/oci/descriptor.hpp"
#include "core/util/error.hpp"

namespace mdl::oci {

enum class EntryType { file, folder, link, other };

struct Entry {
  std::string name;
  EntryType type;
};

// An open folder. What lies in it is reached through its descriptor, so that a rename above it cannot lead
// elsewhere. Errors: conflict when something vanished while the folder was read, unavailable otherwise.
class Directory {
 public:
  // `path` is for error messages too. A symbolic link is followed.
  static Result<Directory> open(const std::string& path);
  // A folder inside. A symbolic link is an error.
  Result<Directory> enter(const std::string& name) const;

  Result<std::vector<Entry>> entries() const;
  Result<struct stat> status(const std::string& name) const;  // of a link itself
  Result<std::string> link(const std::string& name) const;    // where it points to
  int descriptor() const { return descriptor_.get(); }
  const std::string& path() const { return path_; }

 private:
  Directory(std::string path, Descriptor descriptor);
  std::string path_;
  Descriptor descriptor_;
};

// Whether a regular file of that name is among them.
bool has_file(const std::vector<Entry>& entries, std::string_view name);

// The error of the system call that just failed on `path`: "'x' could not be <what>", with the system's
// words.
std::unexpected<Error> system_failure(const std::string& path, std::string_view what);

}  // namespace mdl::oci
