#include <doctest/doctest.h>

#include "core/util/digest.hpp"
#include "tests/unit/aws/around.hpp"

using namespace mdl;
using test::Around;

namespace {

constexpr auto role_answer = R"(<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult><AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/deploy/x</Arn></AssumedRoleUser>
  <Credentials><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>s1</SecretAccessKey>
  <SessionToken>t1</SessionToken><Expiration>2026-11-24T13:00:00Z</Expiration></Credentials></AssumeRoleResult>
</AssumeRoleResponse>)";

void keys_in_environment(Around& around) {
  around.variables["AWS_ACCESS_KEY_ID"] = "AKIAENV";
  around.variables["AWS_SECRET_ACCESS_KEY"] = "env-secret";
}

}  // namespace

TEST_CASE(
    "aws credentials: keys in the environment come first, but not before a profile that the target names") {
  Around around;
  keys_in_environment(around);
  around.files["/home/dev/.aws/credentials"] =
      "[prod]\naws_access_key_id = AKIAPROD\naws_secret_access_key = p\n";
  CHECK(around.find()->access_key == "AKIAENV");
  around.variables["AWS_PROFILE"] = "prod";
  CHECK(around.find()->access_key == "AKIAENV");
  CHECK(around.find("prod")->access_key == "AKIAPROD");
}

TEST_CASE("aws credentials: half of a pair in the environment is an error, not a reason to look elsewhere") {
  Around around;
  around.variables["AWS_ACCESS_KEY_ID"] = "AKIAENV";
  around.files["/home/dev/.aws/credentials"] = "[default]\naws_access_key_id=A\naws_secret_access_key=B\n";
  const auto found = around.find();
  REQUIRE_FALSE(found);
  CHECK(found.error().kind == ErrorKind::denied);
  CHECK(found.error().message.find("AWS_SECRET_ACCESS_KEY") != std::string::npos);
}

TEST_CASE("aws credentials: config files as the AWS command line reads them") {
  const auto shared = aws::parse_shared_config(
      "[default]\nregion = eu-west-1 # near\n\n[profile a b]\nregion=x\n[profile \"quoted\"]\nRegion=q\n"
      "[profile nested]\ns3 =\n  endpoint_url = http://s3\n  max=3\noutput=json\n[sso-session corp]\n"
      "sso_region = us-east-1\n[services local]\nlambda =\n  endpoint_url = "
      "http://l\nnonsense\n[broken\nregion=no\n",
      "[default]\naws_access_key_id = AK;IA\n# comment\n[a]\naws_access_key_id=1\n");
  CHECK(aws::setting(*shared.profile("default"), "region") == "eu-west-1");
  CHECK(aws::setting(*shared.profile("default"), "aws_access_key_id") == "AK;IA");
  CHECK(aws::setting(*shared.profile("a b"), "region") == "x");
  CHECK(aws::setting(*shared.profile("quoted"), "region") == "q");
  CHECK(aws::setting(*shared.profile("nested"), "s3.endpoint_url") == "http://s3");
  CHECK(aws::setting(*shared.profile("nested"), "output") == "json");
  CHECK(aws::setting(shared.sso_sessions.at("corp"), "sso_region") == "us-east-1");
  CHECK(aws::setting(shared.services.at("local"), "lambda.endpoint_url") == "http://l");
  CHECK(shared.profile("a") != nullptr);
  CHECK(shared.profile("broken") == nullptr);
}

TEST_CASE("aws credentials: a profile's role is assumed with its source profile") {
  Around around;
  around.files["/home/dev/.aws/config"] =
      "[profile prod]\nrole_arn = arn:aws:iam::123456789012:role/deploy\nsource_profile = base\n"
      "external_id = x y\nregion = eu-central-1\n";
  around.files["/home/dev/.aws/credentials"] =
      "[base]\naws_access_key_id=AKIABASE\naws_secret_access_key=b\n";
  around.script.answer(200, {}, role_answer);
  const auto found = around.find("prod");
  REQUIRE(found);
  CHECK(found->access_key == "ASIA1");
  CHECK(found->session_token == "t1");
  CHECK(found->account == "123456789012");
  CHECK(found->expires == parse_rfc3339("2026-11-24T13:00:00Z"));
  const auto& asked = around.script.asked.at(0);
  CHECK(asked.url == "https://sts.eu-central-1.amazonaws.com/");
  CHECK(asked.body.find("ExternalId=x%20y") != std::string::npos);
  bool by_base = false;
  for (const auto& [name, value] : asked.headers)
    by_base = by_base || (name == "Authorization" &&
                          value.find("AKIABASE/20261124/eu-central-1/sts/") != std::string::npos);
  CHECK(by_base);
}

TEST_CASE("aws credentials: a circle of source profiles is told") {
  Around around;
  around.files["/home/dev/.aws/config"] =
      "[profile a]\nrole_arn=r\nsource_profile=b\nregion=x\n[profile b]\nrole_arn=r\nsource_profile=a\n";
  const auto found = around.find("a");
  REQUIRE_FALSE(found);
  CHECK(found.error().message.find("circle") != std::string::npos);
}

TEST_CASE("aws credentials: a role that STS refuses names the role, AWS's code and words, and no secret") {
  Around around;
  around.files["/home/dev/.aws/config"] =
      "[profile prod]\nrole_arn=arn:aws:iam::1:role/r\ncredential_source=Environment\nregion=eu-west-1\n";
  keys_in_environment(around);
  around.script.answer(403, {},
                       "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you &amp; yours</Message>"
                       "</Error></ErrorResponse>");
  const auto found = around.find("prod");
  REQUIRE_FALSE(found);
  CHECK(found.error().code == "AccessDenied");
  CHECK(found.error().quoted == "not you & yours");
  CHECK(found.error().message.find("arn:aws:iam::1:role/r") != std::string::npos);
}

TEST_CASE("aws credentials: a pod's or a pipeline's web identity needs no keys") {
  Around around;
  around.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/var/run/token";
  around.variables["AWS_ROLE_ARN"] = "arn:aws:iam::123456789012:role/ci";
  around.variables["AWS_REGION"] = "us-east-1";
  around.files["/var/run/token"] = "header.claims.signature\n";
  around.script.answer(200, {}, role_answer);
  REQUIRE(around.find());
  const auto& asked = around.script.asked.at(0);
  CHECK(asked.body.find("Action=AssumeRoleWithWebIdentity") != std::string::npos);
  CHECK(asked.body.ends_with("WebIdentityToken=header.claims.signature"));
  for (const auto& header : asked.headers) CHECK(header.first != "Authorization");
}

TEST_CASE("aws credentials: SSO takes the token that aws sso login left, and says when it expired") {
  Around around;
  around.files["/home/dev/.aws/config"] =
      "[profile corp]\nsso_session=main\nsso_account_id=123456789012\nsso_role_name=Deploy\n"
      "[sso-session main]\nsso_region=eu-west-1\nsso_start_url=https://corp.example\n";
  CHECK(around.find("corp").error().next == std::vector<std::string>{"aws sso login --profile corp"});
  const auto file = "/home/dev/.aws/sso/cache/" + sha1("main") + ".json";
  around.files[file] = R"({"accessToken":"tok","expiresAt":"2026-11-24T11:59:00Z"})";
  CHECK(around.find("corp").error().message.find("expired") != std::string::npos);
  around.files[file] = R"({"accessToken":"tok","expiresAt":"2026-11-24T14:00:00Z"})";
  around.script.answer(
      200, {},
      R"({"roleCredentials":{"accessKeyId":"ASIA2","secretAccessKey":"s","sessionToken":"t",)"
      R"("expiration":1795526400000}})");
  const auto found = around.find("corp");
  REQUIRE(found);
  CHECK(found->access_key == "ASIA2");
  CHECK(found->account == "123456789012");
  CHECK(around.script.asked.at(0).url ==
        "https://portal.sso.eu-west-1.amazonaws.com/federation/"
        "credentials?role_name=Deploy&account_id=123456789012");
}

TEST_CASE("aws credentials: a credential process is run without a shell, and its failure shows no output") {
  Around around;
  around.files["/home/dev/.aws/config"] =
      "[profile p]\ncredential_process = /opt/get \"a b\" --x 'c d' e\\ f\n";
  around.programs["/opt/get"] =
      R"({"Version":1,"AccessKeyId":"ASIA3","SecretAccessKey":"s","SessionToken":"t","Expiration":"2026-11-24T13:00:00Z"})";
  REQUIRE(around.find("p"));
  CHECK(around.ran.at(0).arguments == std::vector<std::string>{"/opt/get", "a b", "--x", "c d", "e f"});
  around.programs["/opt/get"] = R"({"SecretAccessKey":"leak)";
  const auto broken = around.find("p");
  REQUIRE_FALSE(broken);
  CHECK((broken.error().message + broken.error().quoted).find("leak") == std::string::npos);
}

TEST_CASE("aws credentials: a container's token goes to its own address only") {
  Around around;
  around.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://169.254.170.23/v1/credentials";
  around.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = "/token";
  around.files["/token"] = "pod-token";
  around.script.answer(
      200, {},
      R"({"AccessKeyId":"ASIA4","SecretAccessKey":"s","Token":"t","Expiration":"2026-11-24T13:00:00Z"})");
  CHECK(around.find()->session_token == "t");
  CHECK(around.script.asked.at(0).headers.at(0) ==
        std::pair<std::string, std::string>("Authorization", "pod-token"));
  around.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://169.254.170.23.evil.example/";
  CHECK_FALSE(around.find());
  CHECK(around.script.asked.size() == 1);
}

TEST_CASE("aws credentials: an instance is asked by IMDSv2, and a machine that is none has no credentials") {
  Around around;
  around.script.answer(200, {}, "imds-token")
      .answer(200, {}, "my-role")
      .answer(
          200, {},
          R"({"Code":"Success","AccessKeyId":"ASIA5","SecretAccessKey":"s","Token":"t","Expiration":"2026-11-24T18:00:00Z"})");
  CHECK(around.find()->access_key == "ASIA5");
  CHECK(around.script.asked.at(0).method == "PUT");
  CHECK(around.script.asked.at(2).url ==
        "http://169.254.169.254/latest/meta-data/iam/security-credentials/my-role");
  around.script.error(ErrorKind::timeout);
  CHECK(around.find().error().kind == ErrorKind::denied);
  around.variables["AWS_EC2_METADATA_DISABLED"] = "true";
  const auto asked = around.script.asked.size();
  CHECK_FALSE(around.find());
  CHECK(around.script.asked.size() == asked);
}

TEST_CASE("aws credentials: they are found anew five minutes before they expire, and kept when that fails") {
  Around around;
  around.files["/home/dev/.aws/config"] = "[profile p]\ncredential_process = get\n";
  const auto answer = [](const char* key, const char* until) {
    return std::string(R"({"AccessKeyId":")") + key + R"(","SecretAccessKey":"s","Expiration":")" + until +
           "\"}";
  };
  around.programs["get"] = answer("ASIA1", "2026-11-24T12:30:00Z");
  REQUIRE(around.find("p"));
  around.programs["get"] = answer("ASIA2", "2026-11-24T13:30:00Z");
  around.clock.advance(std::chrono::minutes{24});
  CHECK(around.chain().get()->access_key == "ASIA1");
  around.programs["get"] = "!";
  around.clock.advance(std::chrono::minutes{2});
  CHECK(around.chain().get()->access_key == "ASIA1");
  around.programs["get"] = answer("ASIA2", "2026-11-24T13:30:00Z");
  CHECK(around.chain().get()->access_key == "ASIA2");
}

TEST_CASE("aws credentials: a profile that is not there is said, with the command that makes it") {
  Around around;
  around.variables["AWS_PROFILE"] = "gone";
  const auto found = around.find();
  REQUIRE_FALSE(found);
  CHECK(found.error().message.find("'gone'") != std::string::npos);
}

TEST_CASE("aws place: region and endpoints by the rules of the SDKs") {
  using aws::Service;
  Around around;
  auto shared = aws::parse_shared_config(
      "[profile p]\nregion=eu-west-1\nendpoint_url=http://all\nservices=own\n[services own]\n"
      "cloudwatch_logs =\n  endpoint_url = http://logs/\n",
      "");
  const auto url = [&](Service service, const std::string& region) {
    return aws::endpoint_of(service, region, around.surroundings(), shared, "p").url;
  };
  CHECK(aws::region_of(around.surroundings(), shared, "p", "") == "eu-west-1");
  around.variables["AWS_DEFAULT_REGION"] = "us-east-2";
  CHECK(aws::region_of(around.surroundings(), shared, "p", "") == "us-east-2");
  around.variables["AWS_REGION"] = "us-east-1";
  CHECK(aws::region_of(around.surroundings(), shared, "p", "") == "us-east-1");
  CHECK(aws::region_of(around.surroundings(), shared, "p", "sa-east-1") == "sa-east-1");
  CHECK(url(Service::lambda, "x") == "http://all");
  CHECK(url(Service::logs, "x") == "http://logs");
  around.variables["AWS_ENDPOINT_URL"] = "http://env/";
  CHECK(url(Service::logs, "x") == "http://env");
  around.variables["AWS_ENDPOINT_URL_LAMBDA"] = "http://lambda:1";
  CHECK(url(Service::lambda, "x") == "http://lambda:1");
  around.variables["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true";
  CHECK(url(Service::lambda, "eu-central-1") == "https://lambda.eu-central-1.amazonaws.com");
  CHECK(url(Service::lambda, "cn-north-1") == "https://lambda.cn-north-1.amazonaws.com.cn");
  CHECK(url(Service::iam, "eu-central-1") == "https://iam.amazonaws.com");
  CHECK(url(Service::metrics, "eu-central-1") == "https://monitoring.eu-central-1.amazonaws.com");
  const auto iam = aws::endpoint_of(Service::iam, "us-gov-east-1", around.surroundings(), shared, "p");
  CHECK(iam.url == "https://iam.us-gov-west-1.amazonaws.com");
  CHECK(iam.region == "us-gov-west-1");
  CHECK(aws::partition_of("us-gov-east-1") == "aws-us-gov");
}
