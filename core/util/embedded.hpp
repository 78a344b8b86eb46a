#pragma once

#include <string_view>

namespace mdl {

// A file that the build put into the binary, see cmake/Embed.cmake.
struct EmbeddedFile {
  std::string_view path;  // below the embedded folder, '/'-separated
  std::string_view content;
  bool executable = false;
};

}  // namespace mdl
