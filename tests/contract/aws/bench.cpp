#include "tests/contract/aws/bench.hpp"

#include <cstdlib>
#include <stdexcept>

#include "core/util/digest.hpp"
#include "core/util/files.hpp"
#include "providers/aws/aws.hpp"
#include "tests/contract/aws/options.hpp"

namespace mdl::contract {

namespace {

constexpr auto handler = R"(import os
def answer(event, context):
    return {"statusCode": 200, "body": os.environ.get("VERSION", "")}
)";

// "PutParameter", "CreateRole", "PUT /2015-03-31/functions/echo-aws/aliases/live"; "" for one that reads.
std::string changing(const http::Request& request) {
  const auto reads = [](const std::string& name) {
    for (const auto* word : {"Get", "List", "Describe", "Filter", "Assume"})
      if (name.starts_with(word)) return true;
    return false;
  };
  for (const auto& [name, value] : request.headers)
    if (name == "X-Amz-Target") {
      const auto operation = value.substr(value.find('.') + 1);
      const auto body = parse_json(request.body).value_or(Value());
      const auto& subject = body["Name"].as_string();
      return reads(operation) ? "" : operation + (subject.empty() ? "" : " " + subject);
    }
  if (request.body.starts_with("Action=")) {
    const auto operation = request.body.substr(7, request.body.find('&') - 7);
    return reads(operation) ? "" : operation;
  }
  if (request.method == "GET" || request.url.find("/invocations") != std::string::npos) return "";
  return request.method + " " + request.url.substr(request.url.find("/20"));
}

Result<http::Response> answer_for(const Error& error) {
  const auto json = [](int status, const char* type) {
    return http::Response{.status = status,
                          .headers = {{"x-amzn-ErrorType", type}},
                          .body = std::string(R"({"__type":")") + type + R"(","message":"injected"})"};
  };
  if (error.kind == ErrorKind::conflict) return json(409, "ResourceConflictException");
  if (error.message.starts_with("429")) return json(429, "TooManyRequestsException");
  if (error.message.starts_with("500")) return json(500, "ServiceException");
  return fail(Error{.kind = ErrorKind::unavailable, .message = error.message, .code = "cut"});
}

class Watched final : public http::Transport {
 public:
  explicit Watched(AwsBench::Platform& platform) : platform_(platform) {}

  Result<http::Response> send(const http::Request& request, const http::OnBody& on_body) override {
    const auto call = changing(request);
    if (call.empty()) return next_->send(request, on_body);
    if (const auto before = platform_.before.get())
      if (const auto let = before(call); !let) return answer_for(let.error());
    auto answer = next_->send(request, on_body);
    if (!answer || answer->status >= 300) return answer;
    {
      const std::lock_guard lock(platform_.mutex);
      platform_.calls.push_back(call);
    }
    if (const auto after = platform_.after.get())
      if (const auto let = after(call); !let) return answer_for(let.error());
    return answer;
  }

 private:
  std::unique_ptr<http::Transport> next_ = http::curl_transport();
  AwsBench::Platform& platform_;
};

}  // namespace

AwsBench::AwsBench() {
  if (std::getenv("AWS_ENDPOINT_URL") == nullptr)
    throw std::runtime_error(
        "AWS_ENDPOINT_URL is not set: run these tests with tests/integration/aws_test.py");
  provider = new_provider();
  folder.write("app.py", handler);
  become({.name = "dev", .commit = "9b7e001aa", .dirty = false});
}

AwsBench::~AwsBench() {
  if (!used_) return;
  platform.before = platform.after = nullptr;
  (void)engine::destroy(ref(), provider, env());
}

provider::Provider AwsBench::new_provider(Platform& watched) {
  auto made = aws::make_provider(
      aws_options(std::make_unique<Watched>(watched), clock, sleeper, folder.path + "-zips"));
  if (!made) throw std::runtime_error(made.error().message);
  return std::move(*made);
}

void AwsBench::become(release::Author author, bool lose_journal) {
  env_.reset();
  if (lose_journal) journal = engine::memory_journal();
  env_.emplace(engine::Environment{clock, sleeper, interrupt, *journal, events,
                                   "run-" + std::to_string(++runs_),
                                   [author = std::move(author)] { return author; }, ""});
}

engine::Environment AwsBench::environment(engine::Journal& own, const std::string& author) {
  return {clock,
          sleeper,
          interrupt,
          own,
          events,
          "run-" + std::to_string(++runs_),
          [author] { return release::Author{.name = author}; },
          ""};
}

manifest::Service AwsBench::service(const std::string& version) const {
  manifest::Service service;
  service.name = "echo";
  service.folder = folder.path;
  service.file = folder.path + "/mdl.yaml";
  service.http.handler = "app.answer";
  service.env = {{"VERSION", version}};
  service.target = {.name = "aws", .provider = "aws", .settings = Value::object()};
  return service;
}

engine::Outcome AwsBench::deploy(const manifest::Service& service) {
  auto own = new_provider();
  engine::DeployRequest request;
  request.services = {service};
  return engine::deploy(request, own, env()).front();
}

engine::Outcome AwsBench::rollback(std::optional<int> to) {
  auto own = new_provider();
  return engine::rollback({.ref = ref(), .to = to}, own, env());
}

unsigned test_seed() {
  const char* given = std::getenv("MDL_TEST_SEED");
  return given == nullptr ? 1u : static_cast<unsigned>(std::stoul(sha256(given).substr(0, 8), nullptr, 16));
}

bool test_full() {
  const char* full = std::getenv("MDL_TEST_FULL");
  return full != nullptr && std::string_view(full) == "1";
}

}  // namespace mdl::contract
