#pragma once

#include "core/util/error.hpp"
#include "providers/local/protocol.hpp"

namespace mdl::local {

// Keeps what a deploy has written, and no release pins yet, from being collected as garbage. The kernel lets
// go of it when the process ends, however it ends.
class StoreLock {
 public:
  // Waits only for a collection under way.
  static Result<StoreLock> shared(const Home& home);
  // Errors: conflict while a deploy holds it.
  static Result<StoreLock> exclusive(const Home& home);

  StoreLock(StoreLock&& other) noexcept;
  StoreLock& operator=(StoreLock&& other) noexcept;
  ~StoreLock();

 private:
  explicit StoreLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

}  // namespace mdl::local
