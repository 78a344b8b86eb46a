#include <algorithm>
#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <random>

#include "core/util/files.hpp"
#include "tests/fuzz/targets.hpp"

using namespace mdl;

namespace {

struct Target {
  const char* name;
  std::string (*check)(std::string_view);
  int rounds;  // fewer where each makes files and sockets
};
const Target targets[] = {
    {"manifest", fuzz::manifest, 1'000},  {"plan", fuzz::plan, 2'000},       {"record", fuzz::record, 2'000},
    {"journal", fuzz::journal, 20},       {"request", fuzz::request, 2'000}, {"gateway", fuzz::gateway, 50},
    {"supervisor", fuzz::supervisor, 20}, {"logfile", fuzz::logfile, 100},   {"redact", fuzz::redact, 100},
    {"http", fuzz::http, 2'000},          {"weights", fuzz::weights, 2'000},
};

std::vector<std::string> corpus(const std::string& target) {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(MDL_SOURCE_DIR "/tests/fuzz/corpus/" + target))
    out.push_back(read_file(entry.path().string()).value());
  std::ranges::sort(out);
  return out;
}

constexpr std::string_view punctuation = "[]{}:,-&*!|>'\"%@`\n\t $#?\r\x1d\x1e/";

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

TEST_CASE("fuzz corpus: every text, whole and cut anywhere, is read as it should be") {
  for (const auto& target : targets) {
    const auto texts = corpus(target.name);
    REQUIRE_MESSAGE(texts.size() >= 4, target.name);
    for (const auto& text : texts) {
      CAPTURE(target.name);
      CAPTURE(text);
      CHECK(target.check(text) == "");
      const auto cuts = static_cast<std::size_t>(std::min(50, target.rounds / 10));
      for (std::size_t size = 0; size < text.size(); size += 1 + text.size() / cuts)
        CHECK(target.check(std::string_view(text).substr(0, size)) == "");
    }
  }
}

TEST_CASE("fuzz corpus: texts changed by chance, always the same way, are read as they should be") {
  for (const auto& target : targets) {
    const auto texts = corpus(target.name);
    REQUIRE(!texts.empty());
    std::mt19937 random(20'261'124);
    for (int i = target.rounds; i > 0; --i) {
      auto text = texts[random() % texts.size()];
      for (auto changes = 1 + random() % 6; changes > 0; --changes)
        text = changed(std::move(text), texts[random() % texts.size()], random);
      CAPTURE(target.name);
      CAPTURE(text);
      REQUIRE(target.check(text) == "");
    }
  }
}
