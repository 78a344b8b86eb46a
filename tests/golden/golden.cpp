#include "golden.hpp"

#include <doctest/doctest.h>

#include "core/util/files.hpp"
#include "core/util/value.hpp"

std::string golden_path(const std::string& name) {
  return std::string(MDL_SOURCE_DIR "/tests/golden/data/") + name;
}

void check_golden(const std::string& path, const std::string& text) {
  if (!mdl::environment("MDL_UPDATE_GOLDENS").empty()) REQUIRE(mdl::write_file(path, text));
  const auto expected = mdl::read_file(path);
  CAPTURE(path);
  REQUIRE(expected);
  CHECK(*expected == text);
}

void check_view(const std::string& name, const std::string& text, const mdl::Value& document) {
  check_golden(golden_path(name + ".txt"), text);
  check_golden(golden_path(name + ".json"), mdl::dump(document, 2) + "\n");
}
