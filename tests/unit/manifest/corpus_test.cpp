#include <algorithm>
#include <random>

#include "tests/fuzz/manifest_target.hpp"
#include "tests/unit/manifest/project.hpp"

using namespace mdl;
using namespace mdl::manifest::testing;

namespace {

std::vector<std::string> corpus() {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(MDL_SOURCE_DIR "/tests/fuzz/corpus/manifest"))
    out.push_back(read_file(entry.path().string()).value());
  std::ranges::sort(out);
  return out;
}

constexpr std::string_view punctuation = "[]{}:,-&*!|>'\"%@`\n\t $#?";

// One change by chance: a byte, a piece taken out, doubled, or put in from another text.
std::string changed(std::string text, const std::string& other, std::mt19937& random) {
  const auto at = [&random](const std::string& in) { return in.empty() ? 0 : random() % in.size(); };
  const auto begin = at(text), length = random() % 20;
  switch (random() % 5) {
    case 0:
      text.insert(begin, 1, static_cast<char>(random() % 256));
      break;
    case 1:
      text.erase(begin, length);
      break;
    case 2:
      text.insert(begin, text.substr(at(text), length));
      break;
    case 3:
      text.insert(begin, other.substr(at(other), length));
      break;
    default:
      text.insert(begin, 1, punctuation[random() % punctuation.size()]);
      break;
  }
  return text;
}

}  // namespace

TEST_CASE("manifest corpus: every text of the fuzz corpus, whole and cut anywhere, gives bounded problems") {
  const auto texts = corpus();
  REQUIRE(texts.size() >= 8);
  for (const auto& text : texts) {
    CHECK(fuzz::read_manifest(text) == "");
    for (std::size_t size = 0; size < text.size(); size += 1 + text.size() / 50)
      CHECK(fuzz::read_manifest(std::string_view(text).substr(0, size)) == "");
  }
}

TEST_CASE("manifest corpus: texts changed by chance, always the same way, give bounded problems") {
  const auto texts = corpus();
  std::mt19937 random(20'261'124);
  const char* rounds = std::getenv("MDL_FUZZ_ROUNDS");
  for (int i = rounds ? std::atoi(rounds) : 1'000; i > 0; --i) {
    auto text = texts[random() % texts.size()];
    for (auto changes = 1 + random() % 6; changes > 0; --changes)
      text = changed(std::move(text), texts[random() % texts.size()], random);
    CAPTURE(text);
    REQUIRE(fuzz::read_manifest(text) == "");
  }
}
