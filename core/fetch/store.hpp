#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "core/oci/descriptor.hpp"
#include "core/util/error.hpp"

namespace mdl::fetch {

// A file on its way into the store: `<digest>.fetch` beside where it goes, which stays when a fetch ends
// early, and is gone on with. It is locked by who fetches it; the lock ends with the process.
class Incoming {
 public:
  // How a wait for another process ends.
  enum class Busy { wait, give_up };

  // Opens and locks it; nullopt: the store has the file (already, or by then). `on_busy` is asked before each
  // wait for another process that fetches the same file. Errors: failed; interrupted when it gave up.
  static Result<std::optional<Incoming>> open(const std::string& store, const std::string& sha256,
                                              const std::function<Busy()>& on_busy);

  // The bytes that are here, all of them written by a fetch of this digest.
  std::uint64_t bytes() const { return bytes_; }
  // The entity tag that came with them; "" when none did.
  std::string tag() const;
  void set_tag(const std::string& tag);

  // Hands over the bytes that are here, in blocks. Errors: unavailable.
  Result<void> read(const std::function<void(std::string_view)>& on_bytes) const;
  // Errors: failed, with code "ENOSPC" on a full disk; what was written until then stays.
  Result<void> append(std::string_view bytes);
  // Begins anew.
  Result<void> clear();
  // Gives it its name in the store, once its bytes are on the disk.
  Result<void> publish();
  // Removes it: what it holds is of no use.
  void discard();

 private:
  Incoming(std::string store, std::string sha256, oci::Descriptor descriptor, std::uint64_t bytes);
  std::string path() const { return path_; }
  std::unexpected<Error> not_written() const;

  std::string wanted_, path_;
  oci::Descriptor descriptor_;
  std::uint64_t bytes_;
};

// Whether the store has the file.
bool is_stored(const std::string& store, const std::string& sha256);

// What a name in the store belongs to a fetch that is not finished: "<digest>.fetch" and its tag.
inline constexpr std::string_view incoming_mark = ".fetch";

}  // namespace mdl::fetch
