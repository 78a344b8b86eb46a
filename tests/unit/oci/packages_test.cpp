#include "core/oci/packages.hpp"

#include <algorithm>
#include <doctest/doctest.h>

#include "core/oci/unpacked.hpp"
#include "core/oci/zip.hpp"
#include "core/util/digest.hpp"
#include "core/util/process.hpp"
#include "core/util/text.hpp"
#include "tests/unit/oci/tree.hpp"

using namespace mdl;
using namespace mdl::oci::test;

namespace {

// An installer in front of PATH that says what it was given and does what the test says, in sh; the target
// folder is $target.
class Installer {
 public:
  Installer(const Tree& tree, const std::string& name, const std::string& script) {
    tree.write("bin/" + name,
               "#!/bin/sh\nexport PATH='" + environment("PATH") + "'\necho \"$@\" >> '" + tree.at("called") +
                   "'\nwhile [ $# -gt 0 ]; do [ \"$1\" = --target ] && target=$2; shift; done\n" + script +
                   "\n",
               0755);
    kept_ = environment("PATH");
    ::setenv("PATH", tree.at("bin").c_str(), 1);
  }
  ~Installer() { ::setenv("PATH", kept_.c_str(), 1); }
  Installer(const Installer&) = delete;
  Installer& operator=(const Installer&) = delete;

 private:
  std::string kept_;
};

constexpr auto one_package = R"(
mkdir -p $target/six-1.0.dist-info; cd $target
echo x = 1 > six.py
printf 'Name: six\nVersion: 1.0\n\nName: no\n' > six-1.0.dist-info/METADATA
printf 'six.py,,\n' > six-1.0.dist-info/RECORD)";

oci::PackagesRequest request_in(const Tree& tree, std::string requirements = "six==1.0\n") {
  return {.requirements = std::move(requirements),
          .python = "3.12",
          .platform = "linux/arm64",
          .glibc = "2.34",
          .cache = tree.at("cache")};
}

std::vector<std::string> names(const oci::Packages& packages) {
  std::vector<std::string> all;
  for (const auto& file : packages.files) all.push_back(file.path + (file.executable ? " x" : ""));
  return all;
}

}  // namespace

TEST_CASE("packages: uv is asked for wheels of the platform, once; then the cache has them") {
  const Tree tree;
  const Installer uv(tree, "uv", one_package);
  const auto first = oci::install_packages(request_in(tree));
  REQUIRE_MESSAGE(first, first.error().message);
  CHECK(names(*first) ==
        std::vector<std::string>{"six-1.0.dist-info/METADATA", "six-1.0.dist-info/RECORD", "six.py"});
  CHECK(first->files.back().sha256 == sha256("x = 1\n"));
  CHECK(first->packages.at(0).name == "six");
  CHECK(first->packages.at(0).version == "1.0");
  const auto called = tree.read("called");
  for (const auto* part :
       {"--python-platform aarch64-manylinux_2_34 ", "--python-version 3.12 ", "--only-binary :all: "})
    CHECK(called.find(part) != std::string::npos);

  const auto second = oci::install_packages(request_in(tree));
  REQUIRE(second);
  CHECK(names(*second) == names(*first));
  CHECK(second->bytes == first->bytes);
  CHECK(tree.read("called") == called);
  auto other = request_in(tree);
  other.python = "3.13";
  REQUIRE(oci::install_packages(other));
  CHECK(tree.read("called") != called);
}

TEST_CASE("packages: without requirements nothing is asked") {
  const Tree tree;
  const Installer uv(tree, "uv", "exit 9");
  const auto packages = oci::install_packages(request_in(tree, ""));
  REQUIRE(packages);
  CHECK(packages->files.empty());
  CHECK(!exists(tree.at("called")));
}

TEST_CASE("packages: a failed installation leaves nothing in the cache") {
  const Tree tree;
  {
    const Installer uv(tree, "uv", std::string(one_package) + "\necho no space left; exit 2");
    const auto packages = oci::install_packages(request_in(tree));
    REQUIRE(!packages);
    CHECK(packages.error().kind == ErrorKind::failed);
    CHECK(packages.error().lines == std::vector<std::string>{"no space left"});
    CHECK(std::filesystem::is_empty(tree.at("cache")));
  }
  const Installer uv(tree, "uv", one_package);
  CHECK(oci::install_packages(request_in(tree)));
}

TEST_CASE(
    "packages: a requirement without a wheel for the platform is one error that names it and its line") {
  struct Case {
    const char *said, *message;
    int line;
  };
  const std::vector<Case> cases{
      {"  cause: Because pycrypto==2.6.1 has no usable wheels and you require pycrypto==2.6.1, we can "
       "conclude that your requirements are unsatisfiable.",
       "'pycrypto==2.6.1' has no wheel for Python 3.12 on linux/arm64 with glibc 2.34", 2},
      {"  cause: Because tensorflow==2.19.0 has no wheels with a matching Python ABI tag (e.g., `cp314`) and "
       "you require tensorflow==2.19.0",
       "'tensorflow==2.19.0' has no wheel for Python 3.12 on linux/arm64 with glibc 2.34", 3},
      {"ERROR: No matching distribution found for pycrypto==2.6.1",
       "'pycrypto==2.6.1' has no wheel for Python 3.12 on linux/arm64 with glibc 2.34", 2},
      {"  cause: Because pycrypto was not found in the package registry and you require pycrypto==1",
       "there is no package 'pycrypto' in the index", 2},
      {"  cause: Because all versions of hidden have no wheels and that hidden==1 has no wheels with a "
       "matching platform tag",
       "'hidden==1' has no wheel for Python 3.12 on linux/arm64 with glibc 2.34", 0},
  };
  for (const auto& [said, message, line] : cases) {
    CAPTURE(said);
    const Tree tree;
    tree.write("said", std::string(said) + "\n");
    tree.write("service/requirements.txt", "flask\npycrypto==2.6.1\ntensorflow==2.19.0\n");
    auto service = service_in(tree.at("service"));
    service.build.requirements = "requirements.txt";
    service.sources["build.requirements"] = source_at_line(4);
    const Installer uv(tree, "uv", "cat '" + tree.at("said") + "' >&2; exit 1");
    auto request = request_in(tree);
    request.service = &service;
    const auto packages = oci::install_packages(request);
    REQUIRE(!packages);
    CHECK(packages.error().kind == ErrorKind::invalid);
    CHECK(packages.error().message == message);
    REQUIRE(packages.error().where);
    CHECK(packages.error().where->file == (line == 0 ? "mdl.yaml" : "requirements.txt"));
    CHECK(packages.error().where->line == (line == 0 ? 4 : line));
  }
}

TEST_CASE("packages: a pip of another Python or machine is not taken") {
  const Tree tree;
  const Installer python(tree, "python3", "echo 3.11 aarch64");
  const auto packages = oci::install_packages(request_in(tree));
  REQUIRE(!packages);
  CHECK(packages.error().kind == ErrorKind::not_found);
  CHECK(packages.error().next == std::vector<std::string>{"pip install uv"});
}

TEST_CASE("packages: a pip of the target's Python is told every tag that its glibc allows") {
  const Tree tree;
  const Installer python(tree, "python3",
                         "[ -n \"$target\" ] || { echo 3.12 aarch64; exit; }\n" + std::string(one_package));
  REQUIRE(oci::install_packages(request_in(tree)));
  const auto called = tree.read("called");
  for (const auto* part : {"--platform=manylinux_2_34_aarch64 ", "--platform=manylinux_2_17_aarch64 ",
                           "--platform=manylinux2014_aarch64", "--only-binary=:all: ", "--no-compile "})
    CHECK(called.find(part) != std::string::npos);
  CHECK(called.find("manylinux_2_35") == std::string::npos);
}

TEST_CASE("packages: what two installers leave in two places becomes the same files") {
  const Tree tree;
  const auto unpack = [&](const std::string& folder, const std::string& python,
                          const std::string& installer) {
    const auto info = folder + "/tool-2.0.dist-info/";
    tree.write(folder + "/tool/__init__.py", "def main(): pass\n");
    tree.write(folder + "/bin/tool", "#!" + python + "\n# " + installer + "\n", 0755);
    tree.write(folder + "/bin/shipped", "#!" + python + "\nprint(1)\n", 0755);
    tree.write(folder + "/bin/program",
               "\x7f"
               "ELF",
               0755);
    tree.write(folder + "/bin/shell", "#!/bin/sh\nexit\n", 0755);
    tree.write(info + "METADATA", "Metadata-Version: 2.1\nName: tool\nVersion: 2.0\n\nName: other\n");
    tree.write(info + "INSTALLER", installer);
    tree.write(info + "direct_url.json", "{}");
    tree.write(info + "entry_points.txt",
               "[console_scripts]\ntool = tool:main [extra]\nsub=tool.sub : Main.run\n[other.plugins]\nx = "
               "tool:x\n");
    if (installer == "uv") tree.write(info + "REQUESTED", "");
    if (installer == "uv") tree.write(folder + "/.lock", "");
    if (installer == "pip") tree.write(folder + "/tool/__pycache__/__init__.cpython-312.pyc", "pyc");
    const std::string bin = installer == "uv" ? "bin/" : "../../bin/";
    std::vector<std::string> record{bin + "tool,sha256=" + installer + ",1",
                                    "tool/__init__.py,sha256=abc,17",
                                    bin + "shipped,sha256=" + installer + ",3",
                                    "tool-2.0.dist-info/RECORD,,",
                                    "tool-2.0.dist-info/INSTALLER,,",
                                    "tool/__pycache__/__init__.cpython-312.pyc,,",
                                    bin + "sub,,"};
    if (installer == "uv") std::ranges::reverse(record);
    tree.write(info + "RECORD", join(record, installer == "uv" ? "\n" : "\r\n") + "\n");
    return oci::normalize_packages(tree.at(folder));
  };
  const auto one = unpack("one", "/home/me/.venv/bin/python3", "pip");
  const auto two = unpack("two", "/opt/python/3.12/bin/python", "uv");
  const auto three = unpack("three", "/bin/sh\n'''exec' /a/very/long/path/python \"$0\" \"$@\"\n' '''", "uv");
  REQUIRE(one);
  REQUIRE(two);
  REQUIRE(three);
  for (const auto* other : {"two", "three"}) {
    const auto compared = run({.arguments = {"diff", "-r", tree.at("one"), tree.at(other)},
                               .folder = {},
                               .set = {},
                               .on_line = {},
                               .input = {}});
    REQUIRE(compared);
    CHECK(compared->output == "");
  }
  CHECK(tree.read("one/bin/tool") ==
        "#!/usr/bin/env python3\nimport sys\n\nfrom tool import main\n\nsys.exit(main())\n");
  CHECK(tree.read("one/bin/sub") ==
        "#!/usr/bin/env python3\nimport sys\n\nfrom tool.sub import Main\n\nsys.exit(Main.run())\n");
  CHECK(tree.mode("one/bin/sub") == 0755);
  CHECK(tree.read("one/bin/shipped") == "#!/usr/bin/env python3\nprint(1)\n");
  CHECK(tree.read("one/bin/shell") == "#!/bin/sh\nexit\n");
  CHECK(!exists(tree.at("one/bin/x")));
  CHECK(
      tree.read("one/tool-2.0.dist-info/RECORD") ==
      "bin/shipped,,\nbin/sub,,\nbin/tool,,\ntool-2.0.dist-info/RECORD,,\ntool/__init__.py,sha256=abc,17\n");
  CHECK(one->at(0).name == "tool");
  CHECK(one->at(0).version == "2.0");
}

TEST_CASE("packages: they stand in the zip beside the application, under the digest of what was asked for") {
  const Tree tree;
  const Installer uv(tree, "uv", one_package);
  tree.write("service/app.py");
  tree.write("service/requirements.txt", "six==1.0\n");
  auto service = service_in(tree.at("service"));
  service.build.requirements = "requirements.txt";
  const auto plan = oci::plan_layers({.service = service, .platform = "linux/arm64", .python = "3.12"});
  REQUIRE(plan);
  auto packages =
      oci::install_packages(request_in(tree, plan->find(oci::LayerKind::dependencies)->requirements));
  REQUIRE(packages);
  const auto bytes = packages->bytes;
  const auto whole = oci::with_packages(*plan, std::move(*packages));
  CHECK(whole.digest() == plan->digest());
  CHECK(whole.bytes() == plan->bytes() + bytes);
  const auto zip = oci::write_zip(whole, {}, tree.at("zips"));
  REQUIRE(zip);
  CHECK(zip->entries == 5);  // app.py, requirements.txt, six.py and two of its dist-info
}
