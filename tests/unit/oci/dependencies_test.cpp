#include "core/oci/dependencies.hpp"

#include <doctest/doctest.h>

#include "core/oci/pyproject.hpp"
#include "tests/unit/oci/tree.hpp"

using namespace mdl;
using namespace mdl::oci::test;

namespace {

Result<std::string> text_of(const Tree& tree, const std::string& file) {
  auto service = service_in(tree.root());
  service.build.requirements = file;
  service.sources["build.requirements"] = source_at_line(4);
  return oci::requirements_text({.service = service, .servers = {"uvicorn==0.30"}});
}

}  // namespace

TEST_CASE("oci: requirements lose comments and empty lines, keep options, and take the servers") {
  const Tree tree;
  tree.write(
      "r.txt",
      "# a\r\n--extra-index-url https://example.com/#frag\r\n\r\nnumpy >=1 ; python_version<'4'  # why\r\n"
      "torch==2.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\npkg @ https://x/y.whl#sha256=cc");
  CHECK(text_of(tree, "r.txt") ==
        "--extra-index-url https://example.com/#frag\nnumpy >=1 ; python_version<'4'\n"
        "torch==2.0 --hash=sha256:aa --hash=sha256:bb\npkg @ https://x/y.whl#sha256=cc\nuvicorn==0.30\n");
}

TEST_CASE("oci: requirements that refer to other files hold their lines") {
  const Tree tree;
  tree.write("r/prod.txt", "-r base.txt\n--requirement=../more.txt\nb\n");
  tree.write("r/base.txt", "a\n");
  tree.write("more.txt", "m\n");
  CHECK(text_of(tree, "r/prod.txt") == "a\nm\nb\nuvicorn==0.30\n");
  tree.write("loop.txt", "-rloop.txt\n");
  CHECK(text_of(tree, "loop.txt").error().kind == ErrorKind::invalid);
}

TEST_CASE("oci: requirements that a release cannot bring along are errors at the manifest's line") {
  const Tree tree;
  for (const auto* line : {"-e .", "--editable=./lib", "./lib", "../other", "/opt/x.whl", "file:///x",
                           "x @ file:///x", "-c constraints.txt", "-r absent.txt"}) {
    CAPTURE(line);
    tree.write("r.txt", line);
    const auto text = text_of(tree, "r.txt");
    REQUIRE(!text);
    CHECK(text.error().kind == ErrorKind::invalid);
    CHECK(text.error().where->line == 4);
  }
  CHECK(text_of(tree, "absent.txt").error().kind == ErrorKind::invalid);
}

TEST_CASE("oci: the dependencies of a pyproject.toml are requirement lines") {
  const Tree tree;
  tree.write("pyproject.toml",
             "[build-system]\nrequires = ['setuptools']\ndependencies = ['not-this']\n[project]\nname = 'x'\n"
             "dependencies = [ # main\n  \"flask[async]>=3\", 'numpy; python_version<\"4\"', # \"no\"\n\n]\n"
             "[project.optional-dependencies]\ndev = ['pytest']\n");
  CHECK(text_of(tree, "pyproject.toml") == "flask[async]>=3\nnumpy; python_version<\"4\"\nuvicorn==0.30\n");
}

TEST_CASE("oci: a pyproject.toml without dependencies has none, one that cannot be understood is an error") {
  CHECK(oci::pyproject_dependencies("[project]\nname='x'\n")->empty());
  CHECK(oci::pyproject_dependencies("[project]\ndependencies = []\n")->empty());
  CHECK(!oci::pyproject_dependencies("[project]\ndependencies = ['a'\n"));
  CHECK(!oci::pyproject_dependencies("[project]\ndependencies = ['a\n"));
  CHECK(!oci::pyproject_dependencies("[project]\ndependencies = 3\n"));
  CHECK(!oci::pyproject_dependencies("[tool.poetry.dependencies]\npython = '^3.11'\n"));
}
