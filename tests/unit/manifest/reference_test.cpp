#include <fstream>

#include "core/manifest/fields.hpp"
#include "tests/unit/manifest/project.hpp"

using namespace mdl;
using namespace mdl::manifest;
using namespace mdl::manifest::testing;

TEST_CASE("manifest: docs/manifest.md is the reference page") {
  const auto page = read_file(MDL_SOURCE_DIR "/docs/manifest.md");
  const bool same = page && *page == reference_page();
  if (!same) {
    const char* out = std::getenv("MDL_UPDATE_GOLDEN");
    if (out) REQUIRE(write_file(MDL_SOURCE_DIR "/docs/manifest.md", reference_page()));
  }
  INFO("regenerate it with: mdl schema --reference > docs/manifest.md");
  CHECK(same);
}
