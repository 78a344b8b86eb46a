#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/util/error.hpp"

namespace mdl {

// SHA-256, hex in lower case.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(std::string_view bytes);
  std::string finish();  // once

 private:
  struct State;
  std::unique_ptr<State> state_;
};
std::string sha256(std::string_view bytes);
// For names that others made with it; secures nothing.
std::string sha1(std::string_view bytes);
std::string hmac_sha256(std::string_view key, std::string_view bytes);
// Reads in blocks of 1 MiB. Errors as read_file.
Result<std::string> sha256_file(const std::string& path);
std::string random_hex(int bytes);

}  // namespace mdl
