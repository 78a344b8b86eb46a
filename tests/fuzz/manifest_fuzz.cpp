#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "tests/fuzz/manifest_target.hpp"

// cmake -B build/fuzz -DMDL_FUZZ=ON -DCMAKE_CXX_COMPILER=clang++ && build/fuzz/tests/fuzz/manifest_fuzz
// tests/fuzz/corpus/manifest
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto wrong = mdl::fuzz::read_manifest({reinterpret_cast<const char*>(data), size});
  if (wrong.empty()) return 0;
  std::fprintf(stderr, "%s\n", wrong.c_str());
  std::abort();
}
