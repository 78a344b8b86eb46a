#pragma once

#include <string>
#include <string_view>

#include "core/oci/descriptor.hpp"
#include "core/util/error.hpp"

namespace mdl::oci {

// A file or folder under a name of its own, `<wanted>.<n>.partial-<pid>`, which is held locked until it gets
// its real name or is given up. The lock ends with the process: what is not locked was left behind.
class Partial {
 public:
  static Result<Partial> make_file(const std::string& wanted);    // open for reading and writing, mode 0600
  static Result<Partial> make_folder(const std::string& wanted);  // mode 0755
  Partial(Partial&&) = default;
  ~Partial();  // removes it, unless it was published

  const std::string& path() const { return path_; }
  int descriptor() const { return descriptor_.get(); }
  // Renames it to the wanted name. False: that name is taken, and this one goes away.
  Result<bool> publish();
  // Renames a file to another name than was wanted, in the same folder, unless that is taken: then it goes
  // away.
  Result<void> publish_as(const std::string& name);
  // Renames a file to the wanted name, in place of one that has it.
  Result<void> replace();

 private:
  Partial(std::string wanted, std::string path, Descriptor descriptor);
  static Result<Partial> make(const std::string& wanted, bool folder);
  std::string wanted_, path_;
  Descriptor descriptor_;
};

// Whether a name is one that a Partial has.
bool is_partial_name(std::string_view name);
// Removes what killed processes left in `folder`. What cannot be removed is left for the next time.
void remove_left_partials(const std::string& folder);

}  // namespace mdl::oci
