#include <algorithm>
#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <random>
#include <vector>

#include "core/util/files.hpp"
#include "tests/fuzz/targets.hpp"

using namespace mdl;

namespace {

std::vector<std::string> corpus() {
  std::vector<std::string> paths, out;
  for (const auto& entry : std::filesystem::directory_iterator(MDL_SOURCE_DIR "/tests/fuzz/corpus/weights"))
    paths.push_back(entry.path().string());
  std::ranges::sort(paths);
  for (const auto& path : paths) out.push_back(read_file(path).value());
  return out;
}

// A byte, a piece taken out, doubled, or eight bytes of a number as hostile as can be.
std::string changed(std::string bytes, std::mt19937& random) {
  if (bytes.empty()) return bytes;
  const auto at = random() % bytes.size(), length = random() % 16;
  switch (random() % 5) {
    case 0:
      bytes[at] = static_cast<char>(random());
      break;
    case 1:
      bytes.erase(at, length);
      break;
    case 2:
      bytes.insert(at, bytes.substr(at, length));
      break;
    case 3:
      bytes.replace(at, std::min<std::size_t>(8, bytes.size() - at),
                    random() % 2 ? std::string(8, '\xff') : std::string(7, '\0') + '\x80');
      break;
    default:
      bytes.resize(at);
      break;
  }
  return bytes;
}

}  // namespace

TEST_CASE("model corpus: every file of the fuzz corpus, whole and cut anywhere, gives bounded errors") {
  const auto files = corpus();
  REQUIRE(files.size() >= 20);
  for (const auto& file : files) {
    CHECK(fuzz::weights(file) == "");
    for (std::size_t size = 0; size < file.size(); size += 1 + file.size() / 50)
      CHECK(fuzz::weights(std::string_view(file).substr(0, size)) == "");
  }
}

TEST_CASE("model corpus: files changed by chance, always the same way, give bounded errors") {
  const auto files = corpus();
  std::mt19937 random(20'261'124);
  const char* rounds = std::getenv("MDL_FUZZ_ROUNDS");
  for (int i = rounds ? std::atoi(rounds) : 3'000; i > 0; --i) {
    auto bytes = files[random() % files.size()];
    for (auto changes = 1 + random() % 5; changes > 0; --changes) bytes = changed(std::move(bytes), random);
    REQUIRE(fuzz::weights(bytes) == "");
  }
}
