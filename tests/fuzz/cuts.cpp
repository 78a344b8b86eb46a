#include <algorithm>

#include "tests/fuzz/targets.hpp"

namespace mdl::fuzz {

Cuts::Cuts(std::string_view bytes) : state_(0xcbf29ce484222325U) {
  for (const char c : bytes) state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
}

std::size_t Cuts::next(std::size_t most) {
  state_ = state_ * 6364136223846793005U + 1442695040888963407U;
  const auto random = static_cast<std::size_t>(state_ >> 33U);
  return 1 + random % (random % 4 == 0 ? most : std::min<std::size_t>(most, 7));
}

}  // namespace mdl::fuzz
