#include "providers/aws/policy.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace mdl;

TEST_CASE("aws policy: each phase has what it calls, on this service's things alone") {
  aws::PolicyScope scope{.names = aws::names_of({"hello", "eu"}, "eu-central-1"),
                         .region = "eu-central-1",
                         .account = "123456789012"};
  const auto has = [](const Value& document, const std::string& action) {
    return std::ranges::binary_search(aws::actions_of(document), action);
  };
  for (const auto& [phase, document] : aws::policies(scope)) {
    CAPTURE(phase);
    CHECK(has(document, "lambda:GetFunction"));
    CHECK(has(document, "lambda:UpdateAlias") == (phase != "plan" && phase != "scale"));
    CHECK(has(document, "iam:PassRole") == (phase == "deploy"));
    CHECK(has(document, "lambda:DeleteAlias") == (phase == "destroy"));
    std::vector<std::string> names;
    for (const auto& statement : document["Statement"].as_array()) {
      names.push_back(statement["Sid"].as_string());
      for (const auto& resource : statement["Resource"].as_strings()) {
        const bool listed = statement["Action"].as_strings().front() == "logs:DescribeLogGroups" ||
                            statement["Action"].as_strings().front() == "lambda:GetAccountSettings";
        CHECK((resource == "*") == listed);
        if (!listed) CHECK(resource.find("hello") != std::string::npos);
      }
    }
    std::ranges::sort(names);
    CHECK(std::ranges::adjacent_find(names) == names.end());
  }
  CHECK_FALSE(has(aws::policies(scope).at(1).document, "s3:PutObject"));
  scope.large = true;
  CHECK(has(aws::policies(scope).at(1).document, "s3:PutObject"));
  scope.role = "arn:aws:iam::1:role/mine";
  const auto deploy = aws::policies(scope).at(1).document;
  CHECK_FALSE(has(deploy, "iam:CreateRole"));
  CHECK_FALSE(has(deploy, "iam:GetRole"));
  CHECK_FALSE(has(deploy, "lambda:PutFunctionConcurrency"));
  const auto& give = deploy["Statement"].as_array().back();
  CHECK(give["Resource"].as_strings() == std::vector<std::string>{"arn:aws:iam::1:role/mine"});
  CHECK(give["Condition"]["StringEquals"]["iam:PassedToService"].as_string() == "lambda.amazonaws.com");
}

TEST_CASE("aws policy: a pipeline's role is open to one branch or environment of one repository") {
  aws::Pipeline pipeline{.host = "github", .repository = "acme/risk", .account = "123456789012"};
  CHECK_FALSE(aws::trust_of(pipeline));
  pipeline.environment = "prod";
  auto trust = aws::trust_of(pipeline);
  REQUIRE(trust);
  const auto& one = (*trust)["Statement"].as_array().front();
  CHECK(one["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"].as_string() ==
        "repo:acme/risk:environment:prod");
  pipeline.branch = "main";
  CHECK_FALSE(aws::trust_of(pipeline));
  pipeline.environment.clear();
  pipeline.host = "gitlab";
  trust = aws::trust_of(pipeline);
  REQUIRE(trust);
  CHECK((*trust)["Statement"].as_array().front()["Condition"]["StringEquals"]["gitlab.com:sub"].as_string() ==
        "project_path:acme/risk:ref_type:branch:ref:main");
  pipeline.repository = "acme/*";
  CHECK_FALSE(aws::trust_of(pipeline));
}
