#include <algorithm>
#include <doctest/doctest.h>

#include "core/oci/zip.hpp"
#include "core/util/text.hpp"
#include "providers/aws/parts.hpp"
#include "providers/aws/render.hpp"
#include "tests/fakes/folder.hpp"
#include "tests/unit/aws/around.hpp"

// What emulators are lax in, answered as AWS was recorded to answer.

using namespace mdl;
using test::Around;

namespace {

const release::ServiceRef ref{"hello", "eu"};

http::Response json(int status, const std::string& body, const std::string& type = "") {
  return {.status = status, .headers = {{"x-amzn-ErrorType", type}}, .body = body};
}
http::Response absent() {
  return json(404, R"({"Type":"User","Message":"Function not found: arn:x"})", "ResourceNotFoundException");
}
http::Response stale() {
  return json(412,
              R"({"Type":"User","message":"The Revision Id provided does not match the latest Revision Id. )"
              R"(Call the GetFunction/GetAlias API to retrieve the latest Revision Id"})",
              "PreconditionFailedException");
}

// One function as Lambda keeps it: enough for versions and the alias.
class FakeLambda final : public http::Transport {
 public:
  struct State {
    bool there = true, alias_there = true;
    int revision = 1, alias_revision = 1;
    std::string code = "old", description, alias_version = "1", alias_description = "mdl aaaa 1=1";
    std::int64_t memory = 1024;
    int busy = 0;  // reads of $LATEST that still say InProgress
    std::vector<std::string> versions{"mdl release=1 artifact=a1"};  // descriptions
    std::vector<std::string> codes{"old"};
    std::vector<std::string> calls;
    std::function<std::optional<Result<http::Response>>(const std::string&call)> before, after;
  };
  explicit FakeLambda(State& state) : state_(state) {}

  Result<http::Response> send(const http::Request& request, const http::OnBody&) override {
    if (request.url.find("://ssm.") != std::string::npos) return json(200, "{}");
    const auto path = request.url.substr(request.url.find("amazonaws.com") + 13);
    const auto call = request.method + " " + path;
    if (request.method != "GET") state_.calls.push_back(call);
    if (state_.before)
      if (auto answer = state_.before(call)) return *answer;
    auto answer = answer_to(request, path.substr(0, path.find('?')));
    if (state_.after)
      if (auto instead = state_.after(call)) return *instead;
    return answer;
  }

 private:
  std::string configuration(const std::string& version, const std::string& description,
                            const std::string& code, const std::string& update) const {
    return dump(
        Value::object({{"FunctionName", "hello-eu"},
                       {"FunctionArn", "arn:aws:lambda:eu-central-1:1:function:hello-eu"},
                       {"Version", version},
                       {"Description", description},
                       {"CodeSha256", code},
                       {"RevisionId", "r" + std::to_string(state_.revision)},
                       {"State", "Active"},
                       {"LastUpdateStatus", update},
                       {"Handler", "app.handler"},
                       {"Runtime", "python3.13"},
                       {"MemorySize", state_.memory},
                       {"Timeout", 30},
                       {"Role", "arn:aws:iam::1:role/given"},
                       {"Environment", Value::object({{"Variables", Value::object({{"A1", "b"}})}})}}));
  }
  http::Response answer_to(const http::Request& request, const std::string& path) {
    const std::string base = "/2015-03-31/functions/hello-eu";
    const auto body = parse_json(request.body).value_or(Value());
    if (!state_.there) return absent();
    if (path == base && request.method == "GET") {
      const bool busy = state_.busy > 0;
      if (busy && --state_.busy == 0) ++state_.revision;
      return json(200, R"({"Configuration":)" +
                           configuration("$LATEST", state_.description, state_.code,
                                         busy ? "InProgress" : "Successful") +
                           R"(,"Tags":{"mdl:service":"hello","mdl:target":"eu"}})");
    }
    if (path == base + "/versions" && request.method == "GET") {
      std::string list;
      for (std::size_t i = 0; i < state_.versions.size(); ++i)
        list += "," + configuration(std::to_string(i + 1), state_.versions[i], state_.codes[i], "Successful");
      return json(200,
                  R"({"Versions":[)" + configuration("$LATEST", "", state_.code, "Successful") + list + "]}");
    }
    const auto given = body["RevisionId"].as_string();
    if (path.ends_with("/aliases/live") || path.ends_with("/aliases")) return alias(request, body, given);
    if (!given.empty() && given != "r" + std::to_string(state_.revision)) return stale();
    if (state_.busy > 0)
      return json(
          409,
          R"({"message":"The operation cannot be performed at this time. An update is in progress for resource: arn"})",
          "ResourceConflictException");
    if (path == base + "/versions") return publish(body);
    ++state_.revision;
    state_.busy = 2;
    if (path == base + "/code") state_.code = "new-sha";
    if (path == base + "/configuration") {
      state_.memory = body["MemorySize"].as_integer();
      if (body.contains("Description")) state_.description = body["Description"].as_string();
      for (const auto& [name, value] : body.as_object()) CHECK(name != "Role");
    }
    return json(200, "{}");
  }
  http::Response publish(const Value& body) {
    CHECK(body["CodeSha256"].as_string() == state_.code);
    const bool same = state_.codes.back() == state_.code && state_.description == published_;
    if (!same) {
      state_.versions.push_back(body["Description"].as_string());
      state_.codes.push_back(state_.code);
      published_ = state_.description;
      ++state_.revision;
    }
    return json(201, configuration(std::to_string(state_.versions.size()), state_.versions.back(),
                                   state_.code, "Successful"));
  }
  http::Response alias(const http::Request& request, const Value& body, const std::string& given) {
    const auto now = [&] { return "a" + std::to_string(state_.alias_revision); };
    if (request.method == "DELETE") {
      state_.alias_there = false;
      return json(204, "");
    }
    if (request.method == "POST") {
      if (state_.alias_there)
        return json(409, R"({"message":"Alias already exists"})", "ResourceConflictException");
      state_.alias_there = true;
    } else if (!state_.alias_there) {
      return json(404, R"({"Message":"Cannot find alias arn"})", "ResourceNotFoundException");
    }
    if (request.method != "GET") {
      if (!given.empty() && given != now()) return stale();
      ++state_.alias_revision;
      if (body.contains("Description")) state_.alias_description = body["Description"].as_string();
      if (body.contains("FunctionVersion")) state_.alias_version = body["FunctionVersion"].as_string();
    }
    return json(200, dump(Value::object({{"Name", "live"},
                                         {"FunctionVersion", state_.alias_version},
                                         {"Description", state_.alias_description},
                                         {"RevisionId", now()}})));
  }

  State& state_;
  std::string published_;
};

struct Bench : Around {
  Bench() {
    variables["AWS_ACCESS_KEY_ID"] = "AKIAEXAMPLE";
    variables["AWS_SECRET_ACCESS_KEY"] = "secret";
    variables["AWS_REGION"] = "eu-central-1";
    auto options = client_options();
    options.transport = std::make_unique<FakeLambda>(lambda);
    auto client = aws::Client::open(std::move(options));
    REQUIRE(client);
    shared = std::make_shared<aws::Shared>(*client, "/nowhere");
    traffic = aws::make_traffic(shared);
    resources = aws::make_resources(shared);
    folder.write("app.zip", "PK");
    shared->keep("a2", aws::Uploaded{.zip = {.path = folder / "app.zip", .sha256_base64 = "new-sha"}});
    shared->keep("a1", aws::Uploaded{.zip = {.path = folder / "app.zip", .sha256_base64 = "old"}});
  }
  plan::Change create(int release, const std::string& artifact, std::int64_t memory = 1024,
                      const std::string& kind = "version") {
    manifest::Service service;
    service.name = "hello";
    service.http.handler = "app.handler";
    service.env = {{"A1", "b"}};
    service.resources.memory_bytes = memory << 20;
    service.target = {
        .name = "eu", .provider = "aws", .settings = Value::object({{"role", "arn:aws:iam::1:role/given"}})};
    for (auto& desired : resources->desired(service, {.number = release, .artifact = artifact}))
      if (desired.id.kind == kind) return plan::Create{desired};
    return {};
  }
  provider::Fence fence() { return {traffic->read(ref)->revision}; }

  FakeLambda::State lambda;
  fakes::TempFolder folder;
  aws::SharedParts shared;
  std::unique_ptr<provider::Traffic> traffic;
  std::unique_ptr<provider::Resources> resources;
};

int count(const std::vector<std::string>& calls, const std::string& text) {
  return static_cast<int>(
      std::ranges::count_if(calls, [&](const auto& call) { return call.find(text) != std::string::npos; }));
}

}  // namespace

TEST_CASE(
    "aws version: code and configuration go up one after the other, each once Lambda has done the last") {
  Bench bench;
  REQUIRE(bench.resources->apply(ref, bench.create(2, "a2", 512), bench.fence()));
  CHECK(bench.lambda.versions.back() == "mdl release=2 artifact=a2");
  CHECK(bench.lambda.memory == 512);
  CHECK(count(bench.lambda.calls, "/configuration") == 1);
  CHECK(count(bench.lambda.calls, "/code") == 1);
  CHECK(count(bench.lambda.calls, "POST") == 1);
  const auto calls = bench.lambda.calls.size();
  REQUIRE(bench.resources->apply(ref, bench.create(2, "a2", 512), bench.fence()));
  CHECK(bench.lambda.calls.size() == calls);
}

TEST_CASE(
    "aws version: an unchanged $LATEST that Lambda would not publish again is given the release's "
    "description") {
  Bench bench;
  REQUIRE(bench.resources->apply(ref, bench.create(2, "a1"), bench.fence()));
  CHECK(bench.lambda.versions.back() == "mdl release=2 artifact=a1");
  CHECK(count(bench.lambda.calls, "/code") == 0);
  CHECK(count(bench.lambda.calls, "/configuration") == 1);
}

TEST_CASE("aws version: what another run put into $LATEST meanwhile is never published as one's own") {
  Bench bench;
  bool once = false;
  bench.lambda.before = [&](const std::string& call) -> std::optional<Result<http::Response>> {
    if (call.starts_with("POST") && call.ends_with("/versions") && !once) {
      once = true;
      bench.lambda.code = "theirs";
      ++bench.lambda.revision;
    }
    return std::nullopt;
  };
  REQUIRE(bench.resources->apply(ref, bench.create(2, "a2"), bench.fence()));
  CHECK(bench.lambda.codes.back() == "new-sha");
  CHECK(count(bench.lambda.calls, "/code") == 2);
}

TEST_CASE("aws version: a run that was overtaken changes nothing") {
  Bench bench;
  const auto fence = bench.fence();
  bench.lambda.alias_description = "mdl bbbb 2=1";
  const auto applied = bench.resources->apply(ref, bench.create(2, "a2"), fence);
  REQUIRE_FALSE(applied);
  CHECK(applied.error().kind == ErrorKind::conflict);
  CHECK(bench.lambda.calls.empty());
}

TEST_CASE("aws version: a lost answer of any call is found out, and nothing is made twice") {
  for (const auto* lost : {"/configuration", "/code", "/versions"}) {
    CAPTURE(lost);
    Bench bench;
    bool once = false;
    bench.lambda.after = [&](const std::string& call) -> std::optional<Result<http::Response>> {
      if (once || call.starts_with("GET") || !call.ends_with(lost)) return std::nullopt;
      once = true;
      return fail(Error{.kind = ErrorKind::unavailable, .message = "cut", .code = "cut"});
    };
    REQUIRE(bench.resources->apply(ref, bench.create(2, "a2", 512), bench.fence()));
    CHECK(once);
    CHECK(bench.lambda.versions.size() == 2);
  }
}

TEST_CASE("aws traffic: a swap is a compare-and-swap, and its lost answer is no lost race") {
  Bench bench;
  bench.lambda.versions.push_back("mdl release=2 artifact=a2");
  bench.lambda.codes.push_back("new-sha");
  const auto before = *bench.traffic->read(ref);
  CHECK(before.split == plan::Split{{1, 1.0}});
  bool once = false;
  bench.lambda.after = [&](const std::string& call) -> std::optional<Result<http::Response>> {
    if (once || !call.starts_with("PUT")) return std::nullopt;
    once = true;
    return fail(Error{.kind = ErrorKind::unavailable, .message = "cut", .code = "cut"});
  };
  const auto now = bench.traffic->swap(ref, before, {{2, 1.0}});
  REQUIRE(now);
  CHECK(now->split == plan::Split{{2, 1.0}});
  CHECK(now->revision != before.revision);
  CHECK(count(bench.lambda.calls, "PUT") == 2);
  const auto late = bench.traffic->swap(ref, before, {{1, 1.0}});
  REQUIRE_FALSE(late);
  CHECK(late.error().kind == ErrorKind::conflict);
  CHECK(count(bench.lambda.calls, "PUT") == 2);
}

TEST_CASE(
    "aws traffic: an alias that somebody moved by hand has another revision, and its release is still "
    "known") {
  Bench bench;
  const auto before = *bench.traffic->read(ref);
  bench.lambda.versions.push_back("mdl release=2 artifact=a2");
  bench.lambda.codes.push_back("new-sha");
  bench.lambda.alias_version = "2";
  const auto now = *bench.traffic->read(ref);
  CHECK(now.revision != before.revision);
  CHECK(now.split == plan::Split{{2, 1.0}});
}

TEST_CASE("aws traffic: a permission that moves the alias's RevisionId does not move the fence") {
  Bench bench;
  const auto before = bench.fence();
  ++bench.lambda.alias_revision;
  CHECK(bench.fence().live_revision == before.live_revision);
}

TEST_CASE("aws traffic: the weights that AWS itself gives while it moves what is kept ready are no split") {
  Bench bench;
  const auto before = bench.traffic->read(ref)->revision;
  std::string status = "IN_PROGRESS";
  bench.lambda.before = [&](const std::string& call) -> std::optional<Result<http::Response>> {
    if (call.find("/aliases/live") != std::string::npos)
      return json(200, R"({"FunctionVersion":"1","Description":"mdl aaaa 1=1","RevisionId":"a1",)"
                       R"("RoutingConfig":{"AdditionalVersionWeights":{"9":0.4}}})");
    if (call.find("/provisioned-concurrency") != std::string::npos)
      return json(200, R"({"Status":")" + status + "\"}");
    return std::nullopt;
  };
  CHECK(bench.traffic->read(ref)->revision == before);
  CHECK(bench.traffic->read(ref)->split.size() == 1);
  status = "READY";  // then somebody put them there
  CHECK(bench.traffic->read(ref)->revision != before);
}

TEST_CASE("aws traffic: taken away, the pointer is nobody's first, and then absent") {
  Bench bench;
  const auto before = *bench.traffic->read(ref);
  const auto gone = bench.traffic->swap(ref, before, {});
  REQUIRE(gone);
  CHECK(gone->split.empty());
  CHECK(gone->revision == aws::no_alias);
  CHECK(bench.lambda.calls.size() == 2);
  bench.lambda.alias_there = true;  // killed between the two calls
  const auto left = *bench.traffic->read(ref);
  CHECK(left.split.empty());
  CHECK(left.revision == aws::no_alias);
}

TEST_CASE("aws reads: absent is only what Lambda says of the bare name, and a refusal is unknown") {
  Bench bench;
  bench.lambda.there = false;
  CHECK(bench.traffic->read(ref)->split.empty());
  bench.lambda.before = [](const std::string&) -> std::optional<Result<http::Response>> {
    return json(403, R"({"Message":"User is not authorized to perform: lambda:GetFunction"})",
                "AccessDeniedException");
  };
  CHECK(bench.traffic->read(ref).error().kind == ErrorKind::denied);
  CHECK(bench.resources->list(ref).error().kind == ErrorKind::denied);
}

TEST_CASE("aws function: a role that Lambda does not see yet is waited for, five minutes and no longer") {
  Bench bench;
  bench.lambda.there = false;
  const auto fence = bench.fence();
  std::string words = "The role defined for the function cannot be assumed by Lambda.";
  bench.lambda.before = [&](const std::string& call) -> std::optional<Result<http::Response>> {
    if (call != "POST /2015-03-31/functions") return std::nullopt;
    return json(400, R"({"message":")" + words + R"("})", "InvalidParameterValueException");
  };
  const auto begun = bench.clock.elapsed();
  auto applied = bench.resources->apply(ref, bench.create(1, "a1", 1024, "function"), fence);
  REQUIRE_FALSE(applied);
  CHECK(applied.error().message.find("five minutes") != std::string::npos);
  CHECK(applied.error().quoted == words);
  const auto waited = bench.clock.elapsed() - begun;
  CHECK(waited >= std::chrono::minutes{5});
  CHECK(waited < std::chrono::minutes{6});
  CHECK(count(bench.lambda.calls, "POST /2015-03-31/functions") > 30);

  words = "Unzipped size must be smaller than 262144000 bytes";
  bench.lambda.calls.clear();
  applied = bench.resources->apply(ref, bench.create(1, "a1", 1024, "function"), fence);
  REQUIRE_FALSE(applied);
  CHECK(count(bench.lambda.calls, "POST /2015-03-31/functions") == 1);
}
