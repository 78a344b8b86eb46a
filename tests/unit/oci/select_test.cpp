#include <doctest/doctest.h>

#include "tests/unit/oci/tree.hpp"

using namespace mdl;
using namespace mdl::oci::test;
using Paths = std::vector<std::string>;

TEST_CASE("oci: the application is every file, sorted, without the manifest and what tools keep") {
  const Tree tree;
  for (const auto* path : {"mdl.yaml", "app.py", "src/z.py", "src/a.py", ".env", "sub/mdl.yaml", ".git/HEAD",
                           "__pycache__/app.pyc", "src/__pycache__/a.pyc", ".venv/bin/python", ".mdl/state",
                           ".gitignore", ".mdlignore", ".DS_Store"})
    tree.write(path, "");
  CHECK(application(service_in(tree.root())) ==
        Paths{".env", "app.py", "src/a.py", "src/z.py", "sub/mdl.yaml"});
}

TEST_CASE("oci: a manifest of another name is not part of the application") {
  const Tree tree;
  tree.write("app.py");
  tree.write("mdl.prod.yaml");
  auto service = service_in(tree.root());
  service.file = "somewhere/mdl.prod.yaml";
  CHECK(application(service) == Paths{"app.py"});
}

TEST_CASE("oci: a plan that was saved beside the manifest is not part of the application") {
  const Tree tree;
  tree.write("app.py");
  tree.write("p.json", std::string(oci::saved_plan_beginning) + ",\n  \"schema\": 1\n}\n");
  tree.write("q.json", "{\n  \"mdl\": \"something else\"\n}\n");
  tree.write("data/p.json", std::string(oci::saved_plan_beginning) + "\n}\n");
  CHECK(application(service_in(tree.root())) == Paths{"app.py", "data/p.json", "q.json"});
}

TEST_CASE("oci: files that secrets are read from are not part of the application") {
  const Tree tree;
  for (const auto* path : {"app.py", "token", "keys/db", "keys/other"}) tree.write(path, "x");
  auto service = service_in(tree.root());
  service.secrets["A"] = {"file", "./token"};
  service.secrets["B"] = {"file", tree.root() + "/keys/../keys/db"};
  service.secrets["C"] = {"env", "app.py"};
  CHECK(application(service) == Paths{"app.py", "keys/other"});
}

TEST_CASE("oci: a virtual environment is left out whatever its name") {
  const Tree tree;
  tree.write("app.py");
  tree.write("myenv/pyvenv.cfg");
  tree.write("myenv/lib/x.py");
  CHECK(application(service_in(tree.root())) == Paths{"app.py"});
}

TEST_CASE("oci: .gitignore rules hold: folders, anchors, negations, nested files, comments and spaces") {
  const Tree tree;
  tree.write(".gitignore",
             "# a comment\n*.log\n!keep.log\n/build\ndata/**/cache/\nlogs/\n*.tm[px]\nspaced\\ \n\\#hash\n");
  tree.write("sub/.gitignore", "!special.log\n/only-here.txt\n");
  for (const auto* path :
       {"a.log", "keep.log", "sub/b.log", "sub/special.log", "sub/deep/special.log", "build/x", "sub/build/y",
        "data/1/2/cache/z", "data/1/z", "logs/q", "sub/logs/q", "a.tmp", "a.tmx", "a.tmq", "only-here.txt",
        "sub/only-here.txt", "sub/deep/only-here.txt", "spaced ", "#hash"})
    tree.write(path);
  CHECK(application(service_in(tree.root())) == Paths{"a.tmq", "data/1/z", "keep.log", "only-here.txt",
                                                      "sub/build/y", "sub/deep/only-here.txt",
                                                      "sub/deep/special.log", "sub/special.log"});
}

TEST_CASE("oci: a file in an ignored folder is not taken back by a negation, as with git") {
  const Tree tree;
  tree.write(".gitignore", "out/\n!out/keep.txt\nother/*\n!other/keep.txt\n");
  for (const auto* path : {"out/keep.txt", "other/keep.txt", "other/lost.txt", "app.py"}) tree.write(path);
  CHECK(application(service_in(tree.root())) == Paths{"app.py", "other/keep.txt"});
}

TEST_CASE("oci: rules tell a folder from a file, and upper from lower case") {
  const Tree tree;
  tree.write(".gitignore", "name/\nREADME\n");
  for (const auto* path : {"name", "sub/name/x", "readme", "sub/README"}) tree.write(path);
  CHECK(application(service_in(tree.root())) == Paths{"name", "readme"});
}

TEST_CASE("oci: .mdlignore has the last word over .gitignore, a nested one too") {
  const Tree tree;
  tree.write(".gitignore", "dist/\n*.bin\n");
  tree.write("dist/.gitignore", "*\n");
  tree.write(".mdlignore", "!dist/\n!dist/**\ntests/\n");
  for (const auto* path : {"dist/app.js", "x.bin", "tests/t.py", "app.py"}) tree.write(path);
  CHECK(application(service_in(tree.root())) == Paths{"app.py", "dist/app.js"});
}

TEST_CASE("oci: ignore files with Windows line ends and a byte order mark are understood") {
  const Tree tree;
  tree.write(".gitignore", "\xEF\xBB\xBF*.log\r\nbuild/\r\n");
  for (const auto* path : {"a.log", "build/x", "app.py"}) tree.write(path);
  CHECK(application(service_in(tree.root())) == Paths{"app.py"});
}

TEST_CASE("oci: in a repository the .gitignore files above the service hold too, and no further up") {
  const Tree tree;
  tree.write(".gitignore", "*.py\n");  // above the repository
  tree.folder("repo/.git");
  tree.write("repo/.gitignore", "*.log\n/examples/shop/secret.txt\n/app.txt\n");
  tree.write("repo/examples/.gitignore", "!shop/keep.log\nshop/tmp/\n");
  for (const auto* path : {"app.py", "a.log", "keep.log", "secret.txt", "app.txt", "tmp/x", "sub/secret.txt"})
    tree.write(std::string("repo/examples/shop/") + path);
  CHECK(application(service_in(tree.at("repo/examples/shop"))) ==
        Paths{"app.py", "app.txt", "keep.log", "sub/secret.txt"});
}

TEST_CASE("oci: include names what is taken: files, folders and patterns") {
  const Tree tree;
  for (const auto* path :
       {"app.py", "src/a.py", "src/deep/b.py", "lib/c.py", "lib/c.txt", "docs/d.md", "x/y/z.txt"})
    tree.write(path);
  auto service = service_in(tree.root());
  service.build.include = {"./app.py", "src/", "lib/*.py", "**/z.txt"};
  CHECK(application(service) == Paths{"app.py", "lib/c.py", "src/a.py", "src/deep/b.py", "x/y/z.txt"});
  service.build.include = {"."};
  CHECK(application(service).size() == 7);
}

TEST_CASE("oci: an include pattern that matches nothing is an error at its line") {
  const Tree tree;
  tree.write("app.py");
  tree.write("secret.txt");
  tree.write(".gitignore", "secret.txt\n");
  auto service = service_in(tree.root());
  service.build.include = {"app.py", "secret.txt"};
  service.sources["build.include.1"] = source_at_line(7);
  const auto planned = plan(service);
  REQUIRE(!planned);
  CHECK(planned.error().kind == ErrorKind::invalid);
  REQUIRE(planned.error().where);
  CHECK(planned.error().where->line == 7);
  CHECK(planned.error().message.find("'secret.txt' matches no file") != std::string::npos);
}

TEST_CASE("oci: include patterns that are absolute or leave the folder are errors") {
  const Tree tree;
  tree.write("app.py");
  auto service = service_in(tree.root());
  for (const auto* pattern : {"/etc/*", "../x", "src/../../x", ""}) {
    CAPTURE(pattern);
    service.build.include = {pattern};
    const auto planned = plan(service);
    REQUIRE(!planned);
    CHECK(planned.error().kind == ErrorKind::invalid);
  }
}

TEST_CASE("oci: symbolic links inside the folder stay links, and pipes and empty folders are left out") {
  const Tree tree;
  tree.write("lib/a.py");
  tree.folder("empty/deep");
  tree.link("b.py", "lib/a.py");
  tree.link("library", "lib");
  tree.link("lib/up", "../b.py");
  tree.link("dangling", "nowhere");
  ::mkfifo(tree.at("pipe").c_str(), 0600);
  const auto planned = plan(service_in(tree.root()));
  REQUIRE(planned);
  const auto* layer = planned->find(oci::LayerKind::application);
  CHECK(paths(layer) == Paths{"b.py", "dangling", "lib/a.py", "lib/up", "library"});
  CHECK(layer->files[0].link == "lib/a.py");
  CHECK(layer->files[0].sha256.empty());
  CHECK(layer->files[4].link == "lib");
}

TEST_CASE("oci: symbolic links that leave the folder are refused, also in a roundabout way") {
  const Tree tree;
  tree.write("outside.txt");
  tree.link("service/here", ".");
  auto service = service_in(tree.at("service"));
  CHECK(application(service) == Paths{"here"});
  for (const auto* target :
       {"../outside.txt", "/etc/passwd", "here/here/../outside.txt", "sub/../../outside.txt"}) {
    CAPTURE(target);
    tree.link("service/bad", target);
    const auto planned = plan(service);
    REQUIRE(!planned);
    CHECK(planned.error().kind == ErrorKind::refused);
    CHECK(planned.error().resource == "bad");
    std::filesystem::remove(tree.at("service/bad"));
  }
}

TEST_CASE(
    "oci: absolute symbolic links are refused even when they stay inside, since a release lies elsewhere") {
  const Tree tree;
  tree.write("app.py");
  for (const auto& target : {tree.at("app.py"), tree.at("absent"), std::string("/nowhere/at/all")}) {
    CAPTURE(target);
    tree.link("bad", target);
    const auto planned = plan(service_in(tree.root()));
    REQUIRE(!planned);
    CHECK(planned.error().kind == ErrorKind::refused);
    std::filesystem::remove(tree.at("bad"));
  }
}

TEST_CASE("oci: names are UTF-8 and any other character; other bytes are an error") {
  const Tree tree;
  for (const auto* path : {"données/modèle.py", "日本語.txt", "with space", "new\nline", "-dash", "*", "[a]"})
    tree.write(path);
  CHECK(application(service_in(tree.root())) ==
        Paths{"*", "-dash", "[a]", "donn\u00e9es/mod\u00e8le.py", "new\nline", "with space", "日本語.txt"});
  tree.write("bad\xff");
  const auto planned = plan(service_in(tree.root()));
  REQUIRE(!planned);
  CHECK(planned.error().kind == ErrorKind::invalid);
  CHECK(planned.error().message.find("bad\\xff") != std::string::npos);
}

TEST_CASE("oci: the owner's execute bit is part of the artifact") {
  const Tree tree;
  tree.write("run.sh", "echo", 0755);
  tree.write("data.txt", "echo", 0644);
  const auto before = plan(service_in(tree.root()));
  REQUIRE(before);
  CHECK(before->find(oci::LayerKind::application)->files[1].executable);
  CHECK(!before->find(oci::LayerKind::application)->files[0].executable);
  tree.write("data.txt", "echo", 0755);
  CHECK(plan(service_in(tree.root()))->digest() != before->digest());
}
