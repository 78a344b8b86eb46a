#include "tests/contract/aws_subject.hpp"

#include <cstdlib>
#include <stdexcept>

#include "core/util/digest.hpp"
#include "providers/aws/aws.hpp"
#include "tests/contract/aws/options.hpp"

namespace mdl::contract {

namespace {

// Answers with the value of VERSION; a CRASH in the environment ends it while it is imported.
constexpr auto handler = R"(import os, sys
if os.environ.get("CRASH"):
    sys.exit("cannot start: " + os.environ["CRASH"])
def answer(event, context):
    return {"statusCode": 200, "body": os.environ.get("VERSION", "")}
)";

}  // namespace

struct AwsSubject::Parts {
  std::unique_ptr<engine::Journal> journal = engine::memory_journal();
  NoEvents events;
  fakes::FakeInterrupt interrupt;
};

AwsSubject::AwsSubject()
    : name_("echo-" + random_hex(4)),
      parts_(std::make_unique<Parts>()),
      env_{system_clock(),
           system_sleeper(),
           parts_->interrupt,
           *parts_->journal,
           parts_->events,
           "run",
           [] { return release::Author{.name = "dev"}; },
           ""} {
  if (std::getenv("AWS_ENDPOINT_URL") == nullptr)
    throw std::runtime_error(
        "AWS_ENDPOINT_URL is not set: run these tests with tests/integration/aws_test.py");
  auto made = aws::make_provider(
      aws_options(http::curl_transport(), system_clock(), system_sleeper(), folder_.path + "/zips"));
  if (!made) throw std::runtime_error(made.error().message);
  provider_ = std::move(*made);
  folder_.write("service/app.py", handler);
}

AwsSubject::~AwsSubject() { (void)engine::destroy(ref(), provider_, env_); }

manifest::Service AwsSubject::service(const std::string& version) {
  manifest::Service service;
  service.name = name_;
  service.folder = folder_.path + "/service";
  service.file = service.folder + "/mdl.yaml";
  service.http.handler = "app.answer";
  service.env = {{"VERSION", version}};
  service.target = {.name = "aws", .provider = "aws", .settings = Value::object()};
  return service;
}

manifest::Service AwsSubject::crashing_service() {
  auto service = this->service("crash");
  service.env["CRASH"] = "no model";
  return service;
}

}  // namespace mdl::contract
