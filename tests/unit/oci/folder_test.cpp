#include <algorithm>
#include <csignal>
#include <doctest/doctest.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "core/util/digest.hpp"
#include "tests/unit/oci/tree.hpp"

using namespace mdl;
using namespace mdl::oci::test;

namespace {

manifest::Service write_service(const Tree& tree) {
  tree.write("service/app.py", "print(1)");
  tree.write("service/bin/run", "#!/bin/sh", 0755);
  tree.link("service/main.py", "app.py");
  tree.write("service/weights/a.bin", std::string(3 << 20, 'a'));
  auto service = service_in(tree.at("service"));
  service.model = {{.path = "weights/"}};
  return service;
}

oci::LayerPlan planned(const manifest::Service& service) {
  oci::LayerRequest request{.service = service};
  request.front = {{.path = "mdl_front.py", .content = "front"}};
  auto plan = oci::plan_layers(request);
  REQUIRE(plan);
  return std::move(*plan);
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}

ino_t inode(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

}  // namespace

TEST_CASE("oci: a folder holds application, weights at their path and front, read-only") {
  const Tree tree;
  const auto plan = planned(write_service(tree));
  const auto written = oci::write_folder(plan, tree.at("artifacts/1"), tree.at("blobs"));
  REQUIRE(written);
  CHECK(tree.read("artifacts/1/app/app.py") == "print(1)");
  CHECK(tree.mode("artifacts/1/app/app.py") == 0444);
  CHECK(tree.mode("artifacts/1/app/bin/run") == 0555);
  CHECK(std::filesystem::read_symlink(tree.at("artifacts/1/app/main.py")) == "app.py");
  CHECK(tree.read("artifacts/1/front/mdl_front.py") == "front");
  CHECK(tree.mode("artifacts/1/front/mdl_front.py") == 0444);
  const auto blob = "blobs/" + sha256(std::string(3 << 20, 'a'));
  CHECK((written->weights == oci::Link::hard_link) ==
        (inode(tree.at("artifacts/1/app/weights/a.bin")) == inode(tree.at(blob))));
  CHECK(inode(tree.at("service/weights/a.bin")) != inode(tree.at(blob)));
  CHECK(tree.mode(blob) == 0444);
  CHECK(names_in(tree.at("artifacts")) == std::vector<std::string>{"1"});
}

TEST_CASE("oci: weights of two artifacts are one file, and an existing folder is left as it is") {
  const Tree tree;
  const auto service = write_service(tree);
  const auto first = oci::write_folder(planned(service), tree.at("artifacts/1"), tree.at("blobs"));
  REQUIRE(first);
  tree.write("service/app.py", "print(2)");
  const auto second = planned(service);
  REQUIRE(oci::write_folder(second, tree.at("artifacts/2"), tree.at("blobs")));
  // Linked where the file system cannot share bytes between files.
  CHECK((first->weights == oci::Link::hard_link) ==
        (inode(tree.at("artifacts/1/app/weights/a.bin")) == inode(tree.at("artifacts/2/app/weights/a.bin"))));
  REQUIRE(oci::write_folder(second, tree.at("artifacts/1"), tree.at("blobs")));
  CHECK(tree.read("artifacts/1/app/app.py") == "print(1)");
  std::filesystem::remove(tree.at("service/app.py"));
  CHECK(oci::write_folder(second, tree.at("artifacts/2"), tree.at("blobs")));  // nothing is read
}

TEST_CASE("oci: new weights with the same application copy none of it, unless a release changed its files") {
  const Tree tree;
  const auto service = write_service(tree);
  const auto first = oci::write_folder(planned(service), tree.at("artifacts/1"), tree.at("blobs"));
  REQUIRE(first);
  CHECK(!first->application_linked);
  tree.write("service/weights/a.bin", std::string(3 << 20, 'b'));
  const auto second = oci::write_folder(planned(service), tree.at("artifacts/2"), tree.at("blobs"));
  REQUIRE(second);
  CHECK(second->application_linked);
  CHECK(inode(tree.at("artifacts/1/app/app.py")) == inode(tree.at("artifacts/2/app/app.py")));
  ::chmod(tree.at("artifacts/1/app/app.py").c_str(), 0644);
  tree.write("artifacts/1/app/app.py", "print(3)", 0444);
  tree.write("service/weights/a.bin", std::string(3 << 20, 'c'));
  const auto third = oci::write_folder(planned(service), tree.at("artifacts/3"), tree.at("blobs"));
  REQUIRE(third);
  CHECK(!third->application_linked);
  CHECK(tree.read("artifacts/3/app/app.py") == "print(1)");
}

TEST_CASE("oci: a file that changed after it was planned is a conflict, and nothing is left") {
  const Tree tree;
  const auto service = write_service(tree);
  const auto plan = planned(service);
  tree.write("service/app.py", "print(2)");
  const auto written = oci::write_folder(plan, tree.at("artifacts/1"), tree.at("blobs"));
  REQUIRE(!written);
  CHECK(written.error().kind == ErrorKind::conflict);
  CHECK(written.error().resource == "app.py");
  CHECK(names_in(tree.at("artifacts")).empty());
}

TEST_CASE("oci: weights that changed after they were planned do not enter the store") {
  const Tree tree;
  const auto service = write_service(tree);
  const auto plan = planned(service);
  tree.write("service/weights/a.bin", std::string(3 << 20, 'b'));
  const auto written = oci::write_folder(plan, tree.at("artifacts/1"), tree.at("blobs"));
  REQUIRE(!written);
  CHECK(written.error().kind == ErrorKind::conflict);
  CHECK(names_in(tree.at("blobs")).empty());
}

TEST_CASE("oci: a file in the store that was cut short is replaced") {
  const Tree tree;
  const auto plan = planned(write_service(tree));
  const auto blob = "blobs/" + sha256(std::string(3 << 20, 'a'));
  tree.write(blob, "short");
  REQUIRE(oci::write_folder(plan, tree.at("artifacts/1"), tree.at("blobs")));
  CHECK(tree.read("artifacts/1/app/weights/a.bin").size() == 3 << 20);
}

TEST_CASE("oci: what killed writers left is removed, what living ones hold is not") {
  const Tree tree;
  const auto plan = planned(write_service(tree));
  tree.write("artifacts/0.0.partial-1/app/x");
  tree.write("blobs/abc.0.partial-1");
  tree.write("artifacts/held.0.partial-1/app/x");
  tree.write("artifacts/not-one.partial-x/file");
  const int held = ::open(tree.at("artifacts/held.0.partial-1").c_str(), O_RDONLY | O_DIRECTORY);
  REQUIRE(::flock(held, LOCK_EX) == 0);
  REQUIRE(oci::write_folder(plan, tree.at("artifacts/1"), tree.at("blobs")));
  CHECK(names_in(tree.at("artifacts")) ==
        std::vector<std::string>{"1", "held.0.partial-1", "not-one.partial-x"});
  CHECK(names_in(tree.at("blobs")).size() == 1);
  ::close(held);
}

TEST_CASE("oci: writers that make the same folder at once all succeed, and leave nothing else") {
  const Tree tree;
  const auto plan = planned(write_service(tree));
  std::vector<Result<oci::Written>> results(6);
  {
    std::vector<std::jthread> writers;
    for (auto& result : results)
      writers.emplace_back(
          [&] { result = oci::write_folder(plan, tree.at("artifacts/1"), tree.at("blobs")); });
  }
  for (const auto& result : results) {
    const Error error = result ? Error() : result.error();
    CAPTURE(error.message);
    CAPTURE(error.quoted);
    CHECK(result);
  }
  CHECK(names_in(tree.at("artifacts")) == std::vector<std::string>{"1"});
  CHECK(names_in(tree.at("blobs")).size() == 1);
  CHECK(tree.read("artifacts/1/app/app.py") == "print(1)");
}

TEST_CASE("oci: two processes that write the same folder at once both succeed") {
  const Tree tree;
  const auto plan = planned(write_service(tree));
  std::vector<pid_t> children;
  for (int i = 0; i < 2; ++i) {
    const auto child = ::fork();
    if (child == 0) ::_exit(oci::write_folder(plan, tree.at("artifacts/1"), tree.at("blobs")) ? 0 : 1);
    children.push_back(child);
  }
  for (const auto child : children) {
    int status = -1;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);
  }
  CHECK(names_in(tree.at("artifacts")) == std::vector<std::string>{"1"});
}

namespace {

// In a child process in which files cannot grow over 1 MiB; going over it ends the process when `killed`.
// Returns what waitpid says.
template <class Work>
int in_small_files(bool killed, Work work) {
  const auto child = ::fork();
  if (child == 0) {
    const rlimit small{1u << 20, 1u << 20}, none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::setrlimit(RLIMIT_FSIZE, &small);
    ::signal(SIGXFSZ, killed ? SIG_DFL : SIG_IGN);
    ::_exit(work() ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  return status;
}

}  // namespace

TEST_CASE("oci: a writer that is killed halfway leaves nothing that counts, and the next one cleans up") {
  const Tree tree;
  const auto plan = planned(write_service(tree));
  const auto write = [&] {
    return oci::write_folder(plan, tree.at("artifacts/1"), tree.at("blobs")).has_value();
  };
  const int status = in_small_files(true, write);
  REQUIRE(WIFSIGNALED(status));
  REQUIRE(names_in(tree.at("artifacts")).size() == 1);
  CHECK(names_in(tree.at("artifacts"))[0].starts_with("1.0.partial-"));
  CHECK(names_in(tree.at("blobs")).size() == 1);
  REQUIRE(write());
  CHECK(names_in(tree.at("artifacts")) == std::vector<std::string>{"1"});
  CHECK(names_in(tree.at("blobs")) == std::vector<std::string>{sha256(std::string(3 << 20, 'a'))});
  CHECK(tree.read("artifacts/1/app/weights/a.bin").size() == 3 << 20);
}

TEST_CASE(
    "oci: an artifact that cannot be written is an error with the system's words, and nothing is left") {
  const Tree tree;
  const auto plan = planned(write_service(tree));
  const int status = in_small_files(false, [&] {
    const auto written = oci::write_folder(plan, tree.at("artifacts/1"), tree.at("blobs"));
    return !written && written.error().kind == ErrorKind::failed &&
           written.error().quoted == "File too large" && written.error().resource == "weights/a.bin";
  });
  CHECK(status == 0);
  CHECK(names_in(tree.at("artifacts")).empty());
  CHECK(names_in(tree.at("blobs")).empty());
}
