#include <algorithm>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <mutex>
#include <set>
#include <unistd.h>

#include "core/oci/stat_cache.hpp"
#include "core/util/digest.hpp"
#include "tests/unit/oci/tree.hpp"

using namespace mdl;
using namespace mdl::oci::test;
using Paths = std::vector<std::string>;

namespace {

// What a plan reads, path by path.
struct Reads {
  std::mutex mutex;
  std::set<std::string> paths;
};

Result<oci::LayerPlan> plan_noting(const manifest::Service& service, const std::string& cache, Reads& reads) {
  return oci::plan_layers({.service = service, .stat_cache = cache, .on_read = [&](const std::string& path) {
                             const std::scoped_lock lock(reads.mutex);
                             reads.paths.insert(path);
                           }});
}

std::string only_file_in(const std::string& folder) {
  std::string found;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    CHECK(found.empty());
    found = entry.path();
  }
  return found;
}

// As if the files had been hashed an hour later, when they were no longer young.
void age_cache(const manifest::Service& service, const std::string& folder) {
  const auto file = only_file_in(folder);
  oci::StatCache aged(oci::StatCacheUpdate::begin(file)->taken_ns() + 3'600'000'000'000);
  const auto planned = plan(service);
  REQUIRE(planned);
  for (const auto& layer : planned->layers)
    for (const auto& item : layer.files) {
      struct stat status {};
      REQUIRE(::stat(item.source.c_str(), &status) == 0);
      aged.add(item.path, oci::to_file_stat(status), item.sha256);
    }
  auto update = oci::StatCacheUpdate::begin(file);
  REQUIRE(update);
  REQUIRE(update->commit(aged));
}

}  // namespace

TEST_CASE(
    "oci: layers come as dependencies, front, weights, application, each with the digest of its content") {
  const Tree tree;
  tree.write("app.py", "print(1)");
  tree.write("weights/a.bin", "abc");
  auto service = service_in(tree.root());
  service.model = {{.path = "weights"}};
  oci::LayerRequest request{.service = service, .platform = "linux/amd64", .python = "3.11.2"};
  request.front = {{.path = "b.py", .content = "2"}, {.path = "a/a.py", .content = "1"}};
  request.servers = {"waitress==3.0.0"};
  const auto planned = oci::plan_layers(request);
  REQUIRE(planned);
  std::vector<std::string_view> kinds;
  for (const auto& layer : planned->layers) kinds.push_back(oci::to_string(layer.kind));
  CHECK(kinds == std::vector<std::string_view>{"dependencies", "front", "weights", "application"});
  CHECK(planned->find(oci::LayerKind::dependencies)->requirements == "waitress==3.0.0\n");
  CHECK(paths(planned->find(oci::LayerKind::front)) == Paths{"a/a.py", "b.py"});
  const auto& application = planned->find(oci::LayerKind::application)->files;
  REQUIRE(application.size() == 1);
  CHECK(application[0].sha256 == sha256("print(1)"));
  CHECK(application[0].bytes == 8);
  CHECK(application[0].source == tree.at("app.py"));
  CHECK(planned->bytes() == 8 + 3 + 2);
}

TEST_CASE("oci: a layer's digest moves with paths, contents, execute bits and links, and with nothing else") {
  const Tree tree;
  tree.write("a", "1");
  const auto service = service_in(tree.root());
  std::set<std::string> digests;
  const auto note = [&] { return digests.insert(plan(service)->digest()).second; };
  CHECK(note());
  ::utimensat(AT_FDCWD, tree.at("a").c_str(), nullptr, 0);
  CHECK(!note());
  tree.write("a", "2");
  CHECK(note());
  tree.write("a", "2", 0755);
  CHECK(note());
  std::filesystem::rename(tree.at("a"), tree.at("b"));
  CHECK(note());
  tree.link("l", "b");
  CHECK(note());
  std::filesystem::remove(tree.at("l"));
  tree.link("l", "c");
  CHECK(note());
  const Tree other;
  other.write("b", "2", 0755);
  other.link("l", "c");
  CHECK(digests.contains(plan(service_in(other.root()))->digest()));
}

TEST_CASE("oci: the dependencies' digest moves with requirements, Python and platform") {
  const Tree tree;
  tree.write("app.py");
  tree.write("requirements.txt", "numpy==1.26.0\n");
  auto service = service_in(tree.root());
  service.build.requirements = "requirements.txt";
  const auto digest = [&](std::string python, std::string platform) {
    const auto planned = oci::plan_layers({.service = service, .platform = platform, .python = python});
    REQUIRE(planned);
    return planned->find(oci::LayerKind::dependencies)->digest;
  };
  const auto first = digest("3.11.2", "linux/amd64");
  CHECK(digest("3.11.2", "linux/amd64") == first);
  CHECK(digest("3.12.0", "linux/amd64") != first);
  CHECK(digest("3.11.2", "linux/arm64") != first);
  tree.write("requirements.txt", "# pinned for the model\nnumpy==1.26.0   # not 2\n\n");
  CHECK(digest("3.11.2", "linux/amd64") == first);
  tree.write("requirements.txt", "numpy==1.26.1\n");
  CHECK(digest("3.11.2", "linux/amd64") != first);
}

TEST_CASE("oci: weights are taken though .gitignore excludes them, but not what .mdlignore excludes") {
  const Tree tree;
  tree.write(".gitignore", "weights/\n*.gguf\n");
  tree.write(".mdlignore", "*.tmp\n");
  for (const auto* path :
       {"app.py", "weights/a.bin", "weights/.git/config", "weights/b.tmp", "base.gguf", "lost.gguf"})
    tree.write(path);
  auto service = service_in(tree.root());
  service.model = {{.path = "./weights/"}, {.path = "base.gguf"}};
  const auto planned = plan(service);
  REQUIRE(planned);
  CHECK(paths(planned->find(oci::LayerKind::weights)) == Paths{"base.gguf", "weights/a.bin"});
  CHECK(paths(planned->find(oci::LayerKind::application)) == Paths{"app.py"});
}

TEST_CASE("oci: weights behind links are the files that the links lead to") {
  const Tree tree;
  tree.write("disk/llm/model.bin", "weights");
  tree.write("cache/blob", "cached");
  tree.write("service/app.py");
  tree.link("service/data", "../disk");
  tree.link("service/hf/snapshot.bin", "../../cache/blob");
  auto service = service_in(tree.at("service"));
  service.model = {{.path = "data/llm"}, {.path = "hf"}};
  const auto planned = plan(service);
  REQUIRE(planned);
  CHECK(paths(planned->find(oci::LayerKind::application)) == Paths{"app.py"});
  const auto& weights = planned->find(oci::LayerKind::weights)->files;
  REQUIRE(weights.size() == 2);
  CHECK(weights[0].path == "data/llm/model.bin");
  CHECK(weights[0].sha256 == sha256("weights"));
  CHECK(weights[0].link.empty());
  CHECK(weights[1].sha256 == sha256("cached"));
  REQUIRE(oci::write_folder(*planned, tree.at("artifact"), tree.at("blobs")));
  CHECK(tree.read("artifact/app/data/llm/model.bin") == "weights");
  tree.link("service/hf/folder", "../../cache");
  const auto refused = plan(service);
  REQUIRE(!refused);
  CHECK(refused.error().kind == ErrorKind::refused);
}

TEST_CASE("oci: model paths that are not there, hold nothing or leave the folder are errors at their line") {
  const Tree tree;
  tree.write("app.py");
  tree.folder("empty");
  auto service = service_in(tree.root());
  service.sources["model.0.path"] = source_at_line(9);
  for (const auto* path : {"absent.bin", "empty/", "../app.py", "/etc/hostname", ".", ""}) {
    CAPTURE(path);
    service.model = {{.path = path}};
    const auto planned = plan(service);
    REQUIRE(!planned);
    CHECK(planned.error().kind == ErrorKind::invalid);
    REQUIRE(planned.error().where);
    CHECK(planned.error().where->line == 9);
  }
}

TEST_CASE(
    "oci: weights to be fetched stand in the place of local ones, by their digest, and nothing is read of "
    "them") {
  const Tree tree;
  tree.write("app.py");
  tree.write("weights/base.gguf", "local");
  tree.write("weights/other.bin", "abc");
  auto service = service_in(tree.root());
  service.model = {{.path = "weights/"},
                   {.path = "./weights/base.gguf", .from = "hf://org/repo@rev/base.gguf"}};
  const oci::Remote remote{.path = "./weights/base.gguf",
                           .from = "hf://org/repo@c/base.gguf",
                           .url = "https://x",
                           .sha256 = std::string(64, 'a'),
                           .bytes = 1'000,
                           .stored = tree.at("blobs/a")};
  const auto planned = oci::plan_layers({.service = service, .remotes = {remote}});
  REQUIRE(planned);
  const auto* weights = planned->find(oci::LayerKind::weights);
  CHECK(paths(weights) == Paths{"weights/base.gguf", "weights/other.bin"});
  CHECK(weights->files[0].sha256 == std::string(64, 'a'));
  CHECK(weights->files[0].source == tree.at("blobs/a"));
  CHECK(weights->bytes == 1'003);
  CHECK(planned->remotes.size() == 1);
  CHECK(paths(planned->find(oci::LayerKind::application)) == Paths{"app.py"});
}

TEST_CASE("oci: weights that must be read are brought into the store meanwhile, and not read again") {
  const Tree tree;
  tree.write("service/app.py");
  const std::string bytes(2 << 20, 'w');
  tree.write("service/weights/a.bin", bytes);
  tree.write("service/weights/small.json", "{}");
  auto service = service_in(tree.at("service"));
  service.model = {{.path = "weights"}};
  const auto planned = oci::plan_layers({.service = service, .store = tree.at("blobs")});
  REQUIRE(planned);
  CHECK(tree.read("blobs/" + sha256(bytes)) == bytes);
  CHECK(tree.mode("blobs/" + sha256(bytes)) == 0444);
  std::filesystem::remove(tree.at("service/weights/a.bin"));
  const auto written = oci::write_folder(*planned, tree.at("artifacts/1"), tree.at("blobs"));
  REQUIRE(written);
  CHECK(tree.read("artifacts/1/app/weights/a.bin") == bytes);
  CHECK(written->weights != oci::Link::none);
}

TEST_CASE("oci: a stated SHA-256 must be that of the file") {
  const Tree tree;
  tree.write("app.py");
  tree.write("a.bin", "abc");
  auto service = service_in(tree.root());
  service.model = {{.path = "a.bin", .from = "", .sha256 = sha256("abc")}};
  CHECK(plan(service));
  service.model[0].sha256 = sha256("abd");
  const auto planned = plan(service);
  REQUIRE(!planned);
  CHECK(planned.error().kind == ErrorKind::invalid);
  CHECK(planned.error().message.find(sha256("abc")) != std::string::npos);
}

TEST_CASE("oci: a file that changes while it is read is a conflict") {
  const Tree tree;
  tree.write("a.py", "1");
  tree.write("b.py", "1");
  const auto service = service_in(tree.root());
  const auto change = [&](const std::string& how) {
    return oci::plan_layers({.service = service, .on_read = [&](const std::string& path) {
                               if (path != "b.py") return;
                               if (how == "written") tree.write("b.py", "longer");
                               if (how == "cut") std::filesystem::resize_file(tree.at("b.py"), 0);
                             }});
  };
  for (const auto* how : {"written", "cut"}) {
    CAPTURE(how);
    const auto planned = change(how);
    REQUIRE(!planned);
    CHECK(planned.error().kind == ErrorKind::conflict);
    CHECK(planned.error().resource == "b.py");
  }
  CHECK(change("left alone"));
}

TEST_CASE("oci: many files, large and small, are hashed right by several threads") {
  const Tree tree;
  for (int i = 0; i < 300; ++i)
    tree.write("f" + std::to_string(i),
               std::string(static_cast<std::size_t>(i % 7 == 0 ? 100'000 + i : i), 'x'));
  tree.write("big", std::string((2u << 20) + 17, 'y'));
  const auto planned = plan(service_in(tree.root()));
  REQUIRE(planned);
  const auto& files = planned->find(oci::LayerKind::application)->files;
  CHECK(files.size() == 301);
  for (const auto& file : files) CHECK(file.sha256 == sha256_file(file.source));
}

TEST_CASE("oci: an unchanged tree is not read again, and a changed file alone is") {
  const Tree tree;
  for (const auto* path : {"s/a.py", "s/b.py", "s/weights/w.bin"}) tree.write(path, "1");
  auto service = service_in(tree.at("s"));
  service.model = {{.path = "weights"}};
  Reads first, second, third;
  const auto before = plan_noting(service, tree.at("cache"), first);
  CHECK(first.paths.size() == 3);
  age_cache(service, tree.at("cache"));
  CHECK(plan_noting(service, tree.at("cache"), second)->digest() == before->digest());
  CHECK(second.paths.empty());
  tree.write("s/b.py", "2");
  const auto after = plan_noting(service, tree.at("cache"), third);
  CHECK(third.paths == std::set<std::string>{"b.py"});
  CHECK(after->digest() != before->digest());
  CHECK(after->find(oci::LayerKind::application)->files[1].sha256 == sha256("2"));
}

TEST_CASE("oci: files younger than two seconds when they were hashed are read again") {
  const Tree tree;
  tree.write("s/a.py", "1");
  Reads first, second;
  const auto service = service_in(tree.at("s"));
  REQUIRE(plan_noting(service, tree.at("cache"), first));
  REQUIRE(plan_noting(service, tree.at("cache"), second));
  CHECK(second.paths == std::set<std::string>{"a.py"});
}

TEST_CASE("oci: a file of the same size and time in another's place is read again") {
  const Tree tree;
  tree.write("s/a.py", "1");
  const auto service = service_in(tree.at("s"));
  Reads first, second;
  REQUIRE(plan_noting(service, tree.at("cache"), first));
  age_cache(service, tree.at("cache"));
  struct stat status {};
  ::stat(tree.at("s/a.py").c_str(), &status);
  tree.write("s/new", "2");
  const timespec times[] = {status.st_atim, status.st_mtim};
  ::utimensat(AT_FDCWD, tree.at("s/new").c_str(), times, 0);
  std::filesystem::rename(tree.at("s/new"), tree.at("s/a.py"));
  const auto planned = plan_noting(service, tree.at("cache"), second);
  CHECK(planned->find(oci::LayerKind::application)->files[0].sha256 == sha256("2"));
}

TEST_CASE("oci: a damaged stat cache is no cache, and one that cannot be written is no error") {
  const Tree tree;
  tree.write("s/a.py", "1");
  const auto service = service_in(tree.at("s"));
  Reads first;
  const auto before = plan_noting(service, tree.at("cache"), first);
  age_cache(service, tree.at("cache"));
  const auto file = only_file_in(tree.at("cache"));
  const auto whole = read_file(file).value();
  CHECK(oci::StatCache::load(file).size() == 1);
  auto flipped = whole;
  flipped[whole.size() / 2] ^= 1;
  for (const auto& content : {flipped, whole.substr(0, whole.size() - 1), std::string(),
                              std::string("mdl stat cache 1\n"), std::string(1000, '\xff')}) {
    REQUIRE(write_file(file, content));
    CHECK(oci::StatCache::load(file).size() == 0);
    Reads reads;
    CHECK(plan_noting(service, tree.at("cache"), reads)->digest() == before->digest());
    CHECK(reads.paths.size() == 1);
  }
  tree.write("no-folder", "");
  Reads reads;
  CHECK(plan_noting(service, tree.at("no-folder"), reads));
}
