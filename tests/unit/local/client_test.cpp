#include "providers/local/client.hpp"

#include <doctest/doctest.h>

#include "tests/unit/local/scripted.hpp"

using namespace mdl;
using local::error_of;
using local::SupervisorClient;
using test::LocalHome;

namespace {
ErrorKind kind_of(int status, const char* body) { return error_of({status, {}, body}).kind; }
}  // namespace

TEST_CASE("local client: the supervisor's own word decides the kind of an error") {
  CHECK(kind_of(500, R"({"code":"timeout","message":"m"})") == ErrorKind::timeout);
  CHECK(kind_of(400, R"({"code":"not-found","message":"m"})") == ErrorKind::not_found);
  CHECK(kind_of(409, R"({"code":"conflict","message":"m"})") == ErrorKind::conflict);
}

TEST_CASE("local client: an answer without a known word is judged by its status") {
  CHECK(kind_of(400, "") == ErrorKind::invalid);
  CHECK(kind_of(403, "") == ErrorKind::denied);
  CHECK(kind_of(404, "") == ErrorKind::not_found);
  CHECK(kind_of(409, "not JSON") == ErrorKind::conflict);
  CHECK(kind_of(412, "") == ErrorKind::conflict);
  CHECK(kind_of(503, "") == ErrorKind::unavailable);
  CHECK(kind_of(504, R"({"code":"odd"})") == ErrorKind::timeout);
  CHECK(kind_of(500, "") == ErrorKind::internal);
  CHECK(error_of({500, {}, ""}).message == "the supervisor answered 500");
}

TEST_CASE("local client: a lost race says who won") {
  const auto error = error_of({409, {}, R"({"code":"conflict","message":"the live pointer moved",
      "live":{"split":[{"release":9,"weight":1}],"revision":"13"},
      "record":{"number":9,"author":{"name":"ci 413","commit":"1d00b7a55f"}}})"});
  CHECK(error.kind == ErrorKind::conflict);
  CHECK(error.message == "another run won: release 9 (ci 413, commit 1d00b7a) is live");
}

TEST_CASE("local client: words and last lines of the supervisor are kept") {
  const auto error = error_of(
      {422,
       {},
       R"({"code":"failed","message":"no","resource":"gateway x","quoted":"EADDRINUSE","lines":["a"]})"});
  CHECK(error.resource == "gateway x");
  CHECK(error.quoted == "EADDRINUSE");
  CHECK(error.lines == std::vector<std::string>{"a"});
}

TEST_CASE("local client: without a state database everything is absent and nothing is asked") {
  LocalHome home(false);
  const auto state = SupervisorClient(home.options()).state({"svc", "local"});
  REQUIRE(state);
  CHECK_FALSE(state->has_value());
  CHECK(home.transport.requests.empty());
}

TEST_CASE("local client: 404 is absence, any other failure of a read is an error") {
  LocalHome home;
  home.transport.answer(404, R"({"code":"not-found","message":"no such service"})");
  home.transport.answer(500, R"({"code":"internal","message":"database is broken"})");
  home.transport.fails(ErrorKind::unavailable, "cut");
  const SupervisorClient client(home.options());
  const auto absent = client.state({"svc", "local"});
  REQUIRE(absent);
  CHECK_FALSE(absent->has_value());
  const auto broken = client.state({"svc", "local"});
  REQUIRE_FALSE(broken);
  CHECK(broken.error().message == "database is broken");
  CHECK(client.state({"svc", "local"}).error().kind == ErrorKind::unavailable);
}

TEST_CASE("local client: names of services and targets are encoded in paths") {
  CHECK(local::service_path({"a/b", "x y"}, "/live") == "/v1/services/a%2Fb/x%20y/live");
}

TEST_CASE("local client: a supervisor that is gone is started, once") {
  LocalHome home;
  home.transport.fails(ErrorKind::unavailable, "refused");
  home.transport.fails(ErrorKind::unavailable, "refused");  // the ping before a start
  const auto state = SupervisorClient(home.options()).state({"svc", "local"});
  REQUIRE_FALSE(state);
  CHECK(state.error().resource == "/nonexistent/mdl");  // the program that would be the supervisor
  CHECK(home.transport.requests.size() == 2);
}

TEST_CASE("local client: looking at a supervisor never starts one") {
  LocalHome home;
  home.transport.fails(ErrorKind::unavailable, "refused");
  CHECK(SupervisorClient(home.options()).peek("/v1/ping").error().code == "refused");
  CHECK(home.transport.requests.size() == 1);
}

TEST_CASE("local client: a supervisor of an older version is restarted before the first change, once") {
  LocalHome home;
  const SupervisorClient client(home.options());
  home.transport.answer(404, "", {{"mdl-version", "0.0.9"}});
  home.transport.answer(200, R"({"version":"0.1.0"})");
  home.transport.answer(200, "{}");
  home.transport.answer(200, "{}");
  REQUIRE(client.state({"svc", "local"}));
  REQUIRE(client.write("PUT", "/v1/x", {}));
  REQUIRE(client.write("PUT", "/v1/y", {}));
  REQUIRE(home.transport.requests.size() == 4);
  CHECK(home.transport.requests[1].url == "http://mdl/v1/restart");
  CHECK(home.transport.requests[1].body == R"({"program":"/nonexistent/mdl"})");
}

TEST_CASE("local client: one that cannot be restarted is told nothing, and a newer one is left alone") {
  LocalHome home;
  const SupervisorClient client(home.options());
  home.transport.answer(404, "", {{"Mdl-Version", "0.0.9"}});
  home.transport.answer(500, R"({"code":"failed","message":"the supervisor goes on as it was"})");
  REQUIRE(client.state({"svc", "local"}));
  const auto refused = client.write("PUT", "/v1/x", {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.starts_with(
      "the supervisor is of version 0.0.9 and could not be restarted as "));
  CHECK(home.transport.requests.size() == 2);
  home.transport.answer(404, "", {{"Mdl-Version", "999.0"}});
  home.transport.answer(200, "{}");
  REQUIRE(client.state({"svc", "local"}));
  CHECK(client.write("PUT", "/v1/x", {}));
}

TEST_CASE("local client: versions are compared by their numbers") {
  CHECK(local::is_older("0.9.1", "0.10"));
  CHECK_FALSE(local::is_older("0.10", "0.9.1"));
  CHECK_FALSE(local::is_older("1.0", "1"));
}

TEST_CASE("local client: the live pointer of a service without a row has revision 0 and no release") {
  const auto live = local::live_from({});
  REQUIRE(live);
  CHECK(live->revision == "0");
  CHECK(live->split.empty());
}
