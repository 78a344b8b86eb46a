#include <doctest/doctest.h>

#include "core/util/files.hpp"
#include "golden.hpp"
#include "providers/local/local.hpp"

using namespace mdl;

namespace {

// The part of docs/promises.md that a provider's own table makes.
std::string table(std::string_view name, std::span<const provider::MutatingCall> calls) {
  std::string text = "## The precondition of each mutating call on `" + std::string(name) +
                     "`\n\nMade from the provider's own table; the calls are called as in the journal.\n\n"
                     "| call | precondition |\n| --- | --- |\n";
  for (const auto& call : calls)
    text += "| " + std::string(call.call) + " | " + (call.needs_none ? "none needed: " : "") +
            std::string(call.precondition) + " |\n";
  return text + "\n";
}

}  // namespace

TEST_CASE("golden: docs/promises.md lists the calls that the provider itself states") {
  const std::string path = MDL_SOURCE_DIR "/docs/promises.md";
  const auto page = read_file(path);
  REQUIRE(page);
  const auto wanted = table("local", local::mutating_calls());
  const auto begin = page->find(wanted.substr(0, wanted.find('\n')));
  REQUIRE(begin != std::string::npos);
  const auto end = page->find("\n## ", begin) + 1;
  REQUIRE(end > begin);
  check_golden(path, page->substr(0, begin) + wanted + page->substr(end));
}
