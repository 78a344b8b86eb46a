#include <doctest/doctest.h>
#include <filesystem>

#include "providers/local/environment.hpp"
#include "providers/local/garbage.hpp"
#include "providers/local/secrets.hpp"
#include "providers/local/store_lock.hpp"
#include "tests/unit/local/scripted.hpp"

namespace fs = std::filesystem;
using namespace mdl;
using test::LocalHome;

namespace {

std::vector<std::string> described(const std::vector<local::Waste>& waste) {
  std::vector<std::string> all;
  for (const auto& item : waste) all.push_back(item.what);
  return all;
}

}  // namespace

TEST_CASE("local requirements: a line asks for a package, or for none") {
  CHECK(local::package_name("Flask_Cors[async]>=1.0  # why") == "flask-cors");
  CHECK(local::package_name("  uvicorn == 0.34") == "uvicorn");
  CHECK(local::package_name("# comment").empty());
  CHECK(local::package_name("-r other.txt").empty());
  CHECK(local::package_name("").empty());
}

TEST_CASE("local requirements: the installer's words lead to the line that asked for the package") {
  const std::string text = "flask\nscikit_learn==99.0\n";
  CHECK(local::blamed_line(
            text, {"Collecting flask", "ERROR: No matching distribution found for scikit-learn==99.0"}) == 2);
  CHECK(local::blamed_line(text, {"error: no space left on device"}) == 0);
  CHECK(local::blamed_line("flask\n", {"ERROR: No matching distribution found for flask-cors"}) == 0);
}

TEST_CASE("local garbage: what no release pins goes, with its environment and its weights") {
  LocalHome home;
  const auto& root = home.home;
  for (const char* artifact : {"aaaaaaaaaaaa", "bbbbbbbbbbbb"})
    REQUIRE(write_file(root.artifacts() + "/" + artifact + "/app/app.py", "x"));
  for (const char* environment : {"env-used-by-a", "env-used-by-b"})
    REQUIRE(write_file(root.environments() + "/" + environment + "/complete.json", "{}"));
  fs::create_symlink(root.environments() + "/env-used-by-a", root.artifacts() + "/aaaaaaaaaaaa/environment");
  fs::create_symlink(root.environments() + "/env-used-by-b", root.artifacts() + "/bbbbbbbbbbbb/environment");
  REQUIRE(write_file(root.blobs() + "/1111111111", std::string(5000, 'w')));
  REQUIRE(write_file(root.blobs() + "/2222222222", std::string(900000, 'w')));
  fs::create_hard_link(root.blobs() + "/1111111111", root.artifacts() + "/aaaaaaaaaaaa/app/w");
  fs::create_hard_link(root.blobs() + "/2222222222", root.artifacts() + "/bbbbbbbbbbbb/app/w");
  fs::create_directories(root.environments() + "/env-used-by-a.partial-77");

  const auto waste = local::waste_of(root, {"aaaaaaaaaaaa"});
  CHECK(described(waste) == std::vector<std::string>{"artifact bbbbbbbb", "unfinished environment env-used",
                                                     "environment env-used", "weights 22222222"});
  CHECK(waste.back().bytes >= 900000);  // freed with its last name
  CHECK(waste.front().bytes < 900000);
  REQUIRE(local::remove_waste(waste));
  CHECK(local::waste_of(root, {"aaaaaaaaaaaa"}).empty());
  CHECK(exists(root.artifacts() + "/aaaaaaaaaaaa/app/w"));
  CHECK(exists(root.environments() + "/env-used-by-a/complete.json"));
  CHECK_FALSE(exists(root.blobs() + "/2222222222"));
}

TEST_CASE("local garbage: nothing is collected while a deploy holds the store") {
  LocalHome home;
  auto provider = local::make_provider(home.options());
  home.transport.answer(200, R"({"services":[]})");
  {
    const auto held = local::StoreLock::shared(home.home);
    REQUIRE(held);
    const auto collected = provider.inspect->collect();
    REQUIRE_FALSE(collected);
    CHECK(collected.error().kind == ErrorKind::conflict);
  }
  CHECK(provider.inspect->collect());
}

TEST_CASE("local secrets: versions are keyed, differ by name and value, and tell neither") {
  LocalHome home;
  const auto key = local::secret_key_bytes(home.home);
  REQUIRE(key);
  CHECK(*local::secret_key_bytes(home.home) == *key);
  CHECK((fs::status(home.home.secret_key()).permissions() & fs::perms::all) ==
        (fs::perms::owner_read | fs::perms::owner_write));
  const auto version = local::secret_version(*key, "DB", "hunter2");
  CHECK(version.size() == 16);
  CHECK(version == local::secret_version(*key, "DB", "hunter2"));
  CHECK(version != local::secret_version(*key, "DB", "hunter3"));
  CHECK(version != local::secret_version(*key, "DC", "hunter2"));
  CHECK(version != local::secret_version(std::string(32, 'k'), "DB", "hunter2"));
}

TEST_CASE("local secrets: a file's last line end is not part of its value") {
  LocalHome home;
  manifest::Service service;
  service.folder = home.home.root;
  service.secrets = {{"A", {"file", "a.txt"}}, {"B", {"aws-secrets", "x"}}};
  REQUIRE(write_file(home.home.root + "/a.txt", "s3cret\n", 0600));
  CHECK(*local::secret_value(service, "A") == "s3cret");
  CHECK(local::secret_value(service, "B").error().kind == ErrorKind::invalid);
}

TEST_CASE("local secrets: only those that the supervisor does not hold are sent, and lost ones are named") {
  LocalHome home;
  auto provider = local::make_provider(home.options());
  manifest::Service service;
  service.name = "svc";
  service.target.name = "local";
  service.folder = home.home.root;
  service.secrets = {{"A", {"file", "a.txt"}}};
  REQUIRE(write_file(home.home.root + "/a.txt", "s3cret", 0600));
  const auto versions = provider.secrets->versions(service);
  REQUIRE(versions);
  home.transport.answer(200, R"({"secrets":[]})");
  CHECK(*provider.secrets->lost({"svc", "local"}, *versions) == std::vector<std::string>{"A"});
  home.transport.answer(200, R"({"secrets":[]})");
  home.transport.answer(200, "{}");
  REQUIRE(provider.secrets->keep(service, *versions));
  CHECK(home.transport.requests.back().body.find("s3cret") != std::string::npos);
  home.transport.answer(200, R"({"secrets":[{"name":"A","version":")" + versions->at("A") + R"("}]})");
  const auto before = home.transport.requests.size();
  REQUIRE(provider.secrets->keep(service, *versions));
  CHECK(home.transport.requests.size() == before + 1);
}

TEST_CASE(
    "local secrets: a value that changed since the versions were read is not kept under the old version") {
  LocalHome home;
  auto provider = local::make_provider(home.options());
  manifest::Service service;
  service.name = "svc";
  service.folder = home.home.root;
  service.secrets = {{"A", {"file", "a.txt"}}};
  REQUIRE(write_file(home.home.root + "/a.txt", "old-value", 0600));
  const auto versions = provider.secrets->versions(service);
  REQUIRE(versions);
  REQUIRE(write_file(home.home.root + "/a.txt", "new-value", 0600));
  home.transport.answer(200, R"({"secrets":[]})");
  const auto kept = provider.secrets->keep(service, *versions);
  REQUIRE_FALSE(kept);
  CHECK(kept.error().kind == ErrorKind::conflict);
  CHECK(kept.error().message.find("value") != std::string::npos);
  CHECK(kept.error().message.find("new-value") == std::string::npos);
}
