#include "core/oci/zip.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <random>
#include <sys/stat.h>
#include <unistd.h>

#include "core/util/digest.hpp"
#include "core/util/process.hpp"
#include "core/util/text.hpp"
#include "tests/unit/oci/tree.hpp"

using namespace mdl;
using namespace mdl::oci::test;

namespace {

std::string noise(std::size_t size, unsigned seed = 1) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  std::ranges::generate(bytes, [&] { return static_cast<char>(random()); });
  return bytes;
}

std::string prose(std::size_t size) {
  std::string text;
  for (int i = 0; text.size() < size; ++i) text += "line " + std::to_string(i * 7919) + " of some text\n";
  text.resize(size);
  return text;
}

// Every kind of file that the writer treats in its own way.
manifest::Service write_service(const Tree& tree, const std::string& folder) {
  std::filesystem::remove_all(tree.at(folder));
  tree.write(folder + "/app.py", "print(1)\n");
  tree.write(folder + "/bin/run", "#!/bin/sh\n", 0755);
  tree.write(folder + "/empty", "");
  tree.write(folder + "/grüße/日本.txt", "ü");
  tree.link(folder + "/main.py", "app.py");
  tree.link(folder + "/grüße/über", "../bin/run");
  tree.write(folder + "/large.txt", prose((3 << 20) + 12345));
  tree.write(folder + "/exactly.txt", prose(2 << 20));
  tree.write(folder + "/photo.jpg", noise(2000));
  tree.write(folder + "/weights/noise.bin", noise((2 << 20) + 1, 2));
  tree.write(folder + "/weights/text.bin", prose(1 << 20));
  auto service = service_in(tree.at(folder));
  service.model = {{.path = "weights/"}};
  return service;
}

oci::LayerPlan planned(const manifest::Service& service) {
  oci::LayerRequest request{.service = service};
  request.front = {{.path = "front.py", .content = "front"}};
  auto plan = oci::plan_layers(request);
  REQUIRE(plan);
  return std::move(*plan);
}

const oci::ZipLayout layout{.service = "", .dependencies = "", .front = "mdl"};

oci::Zip zipped(const Tree& tree, const std::string& folder, const std::string& cache) {
  auto zip = oci::write_zip(planned(write_service(tree, folder)), layout, tree.at(cache));
  REQUIRE_MESSAGE(zip, zip.error().message);
  return std::move(*zip);
}

std::string output_of(std::vector<std::string> arguments, const std::string& folder = "") {
  const auto finished = run({.arguments = std::move(arguments),
                             .folder = folder,
                             .set = {{"LC_ALL", "C.UTF-8"}},
                             .on_line = {},
                             .input = {}});
  if (!finished) return finished.error().message;
  return finished->output + (finished->status == 0 ? ""
                                                   : "status " + std::to_string(finished->status) + ": " +
                                                         join(finished->last_lines, "\n"));
}

// Path, type, execute bit and content of what lies in a folder, as text.
std::string listing(const std::string& folder) {
  return output_of({"sh", "-c",
                    "find . ! -type d ! -path './*.pyc' | LC_ALL=C sort | while read -r f; do if [ -L \"$f\" "
                    "]; then echo \"$f -> $(readlink \"$f\")\"; "
                    "else x=-; [ -x \"$f\" ] && x=x; echo \"$f $x $(sha256sum < \"$f\")\"; fi; done"},
                   folder);
}

std::string expected_listing(const Tree& tree) {
  REQUIRE(oci::write_folder(planned(write_service(tree, "one")), tree.at("folder"), tree.at("blobs")));
  tree.folder("folder/app/mdl");
  std::filesystem::copy_file(tree.at("folder/front/front.py"), tree.at("folder/app/mdl/front.py"));
  return listing(tree.at("folder/app"));
}

}  // namespace

TEST_CASE("oci: Info-ZIP, Python and bsdtar test the zip and extract from it what the folder writer writes") {
  const Tree tree;
  const auto zip = zipped(tree, "one", "cache");
  const auto expected = expected_listing(tree);
  CHECK(std::ranges::count(expected, '\n') == 12);
  CHECK(output_of({"unzip", "-tq", zip.path}).starts_with("No errors detected"));

  tree.folder("unzip");
  CHECK(output_of({"unzip", "-q", zip.path, "-d", tree.at("unzip")}) == "");
  CHECK(listing(tree.at("unzip")) == expected);
  tree.folder("bsdtar");
  CHECK(output_of({"bsdtar", "-xf", zip.path, "-C", tree.at("bsdtar")}) == "");
  CHECK(listing(tree.at("bsdtar")) == expected);
  // Python's module restores neither modes nor links by itself.
  const auto* script =
      "import os, sys, zipfile\n"
      "z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None\n"
      "for i in z.infolist():\n"
      "    path = os.path.join(sys.argv[2], i.filename); mode = i.external_attr >> 16\n"
      "    os.makedirs(os.path.dirname(path), exist_ok=True)\n"
      "    if mode >> 12 == 0o12: os.symlink(z.read(i), os.fsencode(path)); continue\n"
      "    open(path, 'wb').write(z.read(i)); os.chmod(path, mode & 0o7777)\n";
  tree.folder("python");
  CHECK(output_of({"python3", "-c", script, zip.path, tree.at("python")}) == "");
  CHECK(listing(tree.at("python")) == expected);
}

TEST_CASE("oci: a zip is the same to the byte from other folders, times, umasks and time zones") {
  const Tree tree;
  const auto first = zipped(tree, "one", "cache/one");
  const auto old = ::umask(077);
  const char* zone = std::getenv("TZ");
  const std::string kept = zone == nullptr ? "" : zone;
  ::setenv("TZ", "Asia/Tokyo", 1);
  const auto service = write_service(tree, "two");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(service.folder)) {
    const timespec times[2]{{1'000'000'000, 0}, {1'000'000'000, 0}};
    ::utimensat(AT_FDCWD, entry.path().c_str(), times, AT_SYMLINK_NOFOLLOW);
  }
  ::chmod(tree.at("two/bin/run").c_str(), 0700);
  ::chmod(tree.at("two/app.py").c_str(), 0640);
  const auto second = oci::write_zip(planned(service), layout, tree.at("cache/two"));
  ::umask(old);
  kept.empty() ? ::unsetenv("TZ") : ::setenv("TZ", kept.c_str(), 1);
  REQUIRE(second);
  CHECK(second->sha256 == first.sha256);
  CHECK(tree.read("cache/one/" + std::filesystem::path(first.path).filename().string()) ==
        read_file(second->path).value());
}

TEST_CASE("oci: the bytes of a zip are those of the release before") {
  // A change here makes every function look changed at the next deploy: it must be meant.
  oci::LayerPlan plan;
  oci::Layer layer{.kind = oci::LayerKind::front, .digest = "d"};
  layer.files = {{.path = "a.txt",
                  .content = "hello hello hello hello hello",
                  .bytes = 29,
                  .sha256 = sha256("hello hello hello hello hello")},
                 {.path = "b", .link = "a.txt"}};
  plan.layers.push_back(layer);
  const Tree tree;
  const auto zip = oci::write_zip(plan, {}, tree.at("cache"));
  REQUIRE(zip);
  CHECK(zip->bytes == 202);
  CHECK(zip->sha256 == "12a4dac87b07e709fae916685b02cd7d8bde6512129c9ff6382ede313c7fcffc");
}

TEST_CASE("oci: sizes are known before, and stated with the digest in both forms after") {
  const Tree tree;
  const auto plan = planned(write_service(tree, "one"));
  const auto size = oci::zip_size(plan, layout);
  REQUIRE(size);
  const auto zip = oci::write_zip(plan, layout, tree.at("cache"));
  REQUIRE(zip);
  CHECK(size->entries == 12);
  CHECK(zip->entries == 12);
  CHECK(size->unpacked == zip->unpacked);
  const std::uint64_t links = 6 + 10;  // "app.py" and "../bin/run"
  CHECK(zip->unpacked == plan.bytes() + links);
  CHECK(zip->bytes == std::filesystem::file_size(zip->path));
  CHECK(zip->bytes <= size->packed_at_most);
  CHECK(zip->bytes < zip->unpacked / 2);
  CHECK(zip->sha256 == sha256_file(zip->path).value());
  CHECK(output_of({"sh", "-c", "openssl dgst -sha256 -binary \"$1\" | openssl base64", "sh", zip->path}) ==
        zip->sha256_base64 + "\n");
}

TEST_CASE("oci: what does not compress is stored, whatever its name") {
  const Tree tree;
  const auto zip = zipped(tree, "one", "cache");
  const auto methods =
      output_of({"python3", "-c",
                 "import sys, zipfile\nprint(*sorted(i.filename for i in "
                 "zipfile.ZipFile(sys.argv[1]).infolist() if i.compress_type == 0 and i.file_size > 100))",
                 zip.path});
  CHECK(methods == "photo.jpg weights/noise.bin\n");
}

TEST_CASE("oci: a zip in the cache is found again without reading the files") {
  const Tree tree;
  const auto plan = planned(write_service(tree, "one"));
  const auto first = oci::write_zip(plan, layout, tree.at("cache"));
  REQUIRE(first);
  std::filesystem::remove(tree.at("one/app.py"));
  const auto second = oci::write_zip(plan, layout, tree.at("cache"));
  REQUIRE(second);
  CHECK(second->path == first->path);
  CHECK(second->sha256 == first->sha256);
  CHECK(second->bytes == first->bytes);
  // Another layout is another zip.
  const auto other =
      oci::write_zip(plan, {.service = "app", .dependencies = "", .front = ""}, tree.at("cache"));
  REQUIRE(!other);
  CHECK(other.error().kind == ErrorKind::conflict);
}

TEST_CASE("oci: a zip that was cut short in the cache is written anew") {
  const Tree tree;
  const auto plan = planned(write_service(tree, "one"));
  const auto first = oci::write_zip(plan, layout, tree.at("cache"));
  REQUIRE(first);
  std::filesystem::resize_file(first->path, 1000);
  const auto second = oci::write_zip(plan, layout, tree.at("cache"));
  REQUIRE(second);
  CHECK(sha256_file(second->path).value() == first->sha256);
}

TEST_CASE("oci: zips that nobody asked for in a week go when another one is written") {
  const Tree tree;
  const auto old = zipped(tree, "one", "cache");
  const timespec times[2]{{0, 0}, {0, 0}};
  ::utimensat(AT_FDCWD, old.path.c_str(), times, 0);
  tree.write("one/more.py", "");
  const auto next = oci::write_zip(planned(service_in(tree.at("one"))), layout, tree.at("cache"));
  REQUIRE(next);
  CHECK(!exists(old.path));
  CHECK(exists(next->path));
  CHECK(std::distance(std::filesystem::directory_iterator(tree.at("cache")), {}) == 2);
}

TEST_CASE("oci: a file that changed after it was planned is a conflict, and no zip is left") {
  const Tree tree;
  for (const auto* file : {"one/app.py", "one/large.txt", "one/exactly.txt"}) {
    for (const auto* change : {"grown", "shrunk", "same size"}) {
      CAPTURE(file);
      CAPTURE(change);
      const auto plan = planned(write_service(tree, "one"));
      auto text = tree.read(file);
      if (change[0] == 'g')
        text += 'x';
      else if (change[1] == 'h')
        text.pop_back();
      else
        text[text.size() / 2] = '#';
      tree.write(file, text);
      const auto zip = oci::write_zip(plan, layout, tree.at("cache"));
      REQUIRE(!zip);
      CHECK(zip.error().kind == ErrorKind::conflict);
      CHECK(zip.error().resource == std::string(file).substr(4));
      CHECK(std::filesystem::is_empty(tree.at("cache")));
    }
  }
}

TEST_CASE(
    "oci: layers that want the same place are refused, but the application's file stands before a "
    "package's") {
  oci::LayerPlan plan;
  const auto add = [&](oci::LayerKind kind, std::vector<std::string> names) {
    oci::Layer layer{.kind = kind, .digest = "d"};
    for (auto& name : names)
      layer.files.push_back({.path = name,
                             .content = std::string(oci::to_string(kind)),
                             .bytes = oci::to_string(kind).size(),
                             .sha256 = sha256(oci::to_string(kind))});
    plan.layers.push_back(std::move(layer));
  };
  add(oci::LayerKind::dependencies, {"six.py", "util/__init__.py"});
  add(oci::LayerKind::application, {"app.py", "six.py"});
  const Tree tree;
  const auto zip = oci::write_zip(plan, {}, tree.at("cache"));
  REQUIRE(zip);
  CHECK(zip->entries == 3);
  CHECK(output_of({"unzip", "-p", zip->path, "six.py"}) == "application");

  const auto error_with = [&](const char* name) {
    auto copy = plan;
    add(oci::LayerKind::front, {name});
    std::swap(copy, plan);
    const auto size = oci::zip_size(copy, {});
    return size ? std::string("fine") : size.error().message;
  };
  CHECK(error_with("app.py") == "'app.py' would stand in the zip twice: for application and for front");
  CHECK(error_with("util") == "'util' would stand in the zip twice: for front and for dependencies");
  CHECK(error_with("app.py/x") == "'app.py' would stand in the zip twice: for application and for front");
  CHECK(error_with("app.pyx") == "fine");
}

TEST_CASE("oci: requirements whose packages were not installed are no zip") {
  const Tree tree;
  tree.write("one/app.py");
  tree.write("one/requirements.txt", "flask==3.0.0\n");
  auto service = service_in(tree.at("one"));
  service.build.requirements = "requirements.txt";
  const auto plan = oci::plan_layers({.service = service, .platform = "linux/amd64", .python = "3.12"});
  REQUIRE(plan);
  const auto zip = oci::write_zip(*plan, {}, tree.at("cache"));
  REQUIRE(!zip);
  CHECK(zip.error().kind == ErrorKind::internal);
}

TEST_CASE("oci: more entries than a plain zip can count are read back by all three") {
  oci::LayerPlan plan;
  oci::Layer layer{.kind = oci::LayerKind::front, .digest = "d"};
  for (int i = 0; i < 65'600; ++i)
    layer.files.push_back({.path = "f/" + std::to_string(i), .content = "", .sha256 = sha256("")});
  plan.layers.push_back(std::move(layer));
  const Tree tree;
  const auto zip = oci::write_zip(plan, {}, tree.at("cache"));
  REQUIRE(zip);
  CHECK(output_of({"python3", "-c",
                   "import sys, zipfile; print(len(zipfile.ZipFile(sys.argv[1]).namelist()))", zip->path}) ==
        "65600\n");
  CHECK(output_of({"sh", "-c", "unzip -l \"$1\" | tail -1", "sh", zip->path}).find("65600 files") !=
        std::string::npos);
  CHECK(output_of({"sh", "-c", "bsdtar -tf \"$1\" | wc -l", "sh", zip->path}) == "65600\n");
}
