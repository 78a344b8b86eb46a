#include <string_view>

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

TEST_CASE("manifest: the examples of the reference page load as they are") {
  const auto page = reference_page();
  std::vector<std::string> examples;
  constexpr std::string_view open = "```yaml\n", close = "```\n";
  for (auto begin = page.find(open); begin != std::string::npos; begin = page.find(open, begin)) {
    begin += open.size();
    examples.push_back(page.substr(begin, page.find(close, begin) - begin));
  }
  REQUIRE(examples.size() == 2);
  for (const auto& example : examples) {
    for (const auto* target : {"local", "prod"}) {
      const Folder folder;
      folder.write("mdl.yaml", example);
      for (const auto* file : {"requirements.txt", "tests/a.json", "tests/a.out.json"})
        folder.write(file, "");
      if (example.find(target) == std::string::npos) continue;
      const auto project = load(folder.path(), {.target = target});
      if (!project)
        for (const auto& text : texts(project.error(), folder)) FAIL_CHECK(text);
    }
  }
}

TEST_CASE("manifest: the reference page has every field once") {
  const auto page = reference_page();
  for (const auto* row : {"`mdl`", "`build.python`", "`model[].path`", "`golden[].tolerance`", "`env.NAME`",
                          "`secrets.NAME.from`", "`rollout.gate.p95`", "`targets.NAME.vpc.subnets`",
                          "`targets.NAME.tags.NAME`"}) {
    CAPTURE(row);
    const auto line = "\n| " + std::string(row) + " |";
    const auto first = page.find(line);
    CHECK(first != std::string::npos);
    CHECK(page.find(line, first + 1) == std::string::npos);
  }
}
