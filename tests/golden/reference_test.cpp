#include <doctest/doctest.h>

#include "cli/commands/help.hpp"
#include "golden.hpp"

TEST_CASE("golden: docs/cli.md is what the command definitions say") {
  check_golden(MDL_SOURCE_DIR "/docs/cli.md", mdl::cli::reference_page());
}

TEST_CASE("golden: the overview fits a terminal of 80 columns") {
  const std::string text = mdl::cli::overview({});
  check_golden(golden_path("overview.txt"), text);
  for (std::size_t start = 0, end; (end = text.find('\n', start)) != std::string::npos; start = end + 1)
    CHECK(mdl::cli::columns(std::string_view(text).substr(start, end - start)) <= 80);
}
