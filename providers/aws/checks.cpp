#include <algorithm>
#include <array>

#include "core/util/files.hpp"
#include "core/util/text.hpp"
#include "providers/aws/limits.hpp"
#include "providers/aws/render.hpp"
#include "providers/aws/runtimes.hpp"
#include "providers/aws/served.hpp"

namespace mdl::aws {

namespace {

using manifest::Problem;
using manifest::Service;
using manifest::Severity;

// What a retention may be (PutRetentionPolicy, API model 2014-03-28).
constexpr std::array<std::int64_t, 23> retentions{1,    3,    5,    7,    14,   30,   60,  90,
                                                  120,  150,  180,  365,  400,  545,  731, 1096,
                                                  1827, 2192, 2557, 2922, 3288, 3653, 0};

// Set by Lambda itself (documentation, read 2026-11-24).
constexpr std::array reserved{"AWS_REGION",
                              "AWS_DEFAULT_REGION",
                              "AWS_EXECUTION_ENV",
                              "AWS_ACCESS_KEY",
                              "AWS_ACCESS_KEY_ID",
                              "AWS_SECRET_ACCESS_KEY",
                              "AWS_SESSION_TOKEN",
                              "AWS_LAMBDA_FUNCTION_NAME",
                              "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
                              "AWS_LAMBDA_FUNCTION_VERSION",
                              "AWS_LAMBDA_INITIALIZATION_TYPE",
                              "AWS_LAMBDA_LOG_GROUP_NAME",
                              "AWS_LAMBDA_LOG_STREAM_NAME",
                              "AWS_LAMBDA_RUNTIME_API",
                              "LAMBDA_TASK_ROOT",
                              "LAMBDA_RUNTIME_DIR",
                              "_HANDLER"};

// No function URLs there (documentation, read 2026-11-24).
constexpr std::array without_url{"ap-south-2",     "ap-southeast-4", "ap-southeast-5", "ap-southeast-6",
                                 "ap-southeast-7", "ap-east-2",      "ca-west-1",      "eu-south-2",
                                 "eu-central-2",   "il-central-1",   "me-central-1"};

constexpr std::size_t most_variables = 4'096;  // bytes of compact JSON, recorded

bool is_variable(const std::string& name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return name.size() > 1 && letter(name[0]) &&
         std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_'; });
}

class Examination {
 public:
  Examination(const Service& service, Time now)
      : service_(service), settings_(service.target.settings), now_(now) {}

  std::vector<Problem> all() {
    handler();
    served();
    runtime();
    variables();
    added_variables();
    secrets();
    network();
    settings();
    rollout();
    return std::move(problems_);
  }

 private:
  std::string target_field(const std::string& name) const {
    return "targets." + service_.target.name + "." + name;
  }

  void add(Severity severity, const std::string& field, const std::string& text) {
    problems_.push_back({.severity = severity,
                         .field = field,
                         .message = field + ": " + text,
                         .where = service_.source_of(field)});
  }

  bool is_there(std::string module) const {
    std::ranges::replace(module, '.', '/');
    const auto path = service_.folder + "/" + module;
    return exists(path + ".py") || exists(path + "/__init__.py");
  }

  void handler() {
    const auto& handler = service_.http.handler;
    if (handler.empty()) return;
    if (handler.size() > 128 || handler.find_first_of(" \t") != std::string::npos)
      add(Severity::certain, "http.handler", "Lambda takes at most 128 characters without blanks");
    const auto module = handler.substr(0, handler.rfind('.'));
    if (runtime_of(service_).starts_with("python") && service_.build.command.empty() && !is_there(module))
      add(Severity::certain, "http.handler", "there is no file " + module + ".py");
  }

  void served() {
    if (!is_served(service_)) return;
    const auto& entry = service_.http.entry;
    const auto module = entry.substr(0, entry.find(':'));
    if (!entry.empty() && !uses_python(service_))
      add(Severity::certain, target_field("runtime"),
          "an entry is served by Python, which " + runtime_of(service_) + " has not");
    if (!entry.empty() && service_.build.command.empty() && !is_there(module))
      add(Severity::certain, "http.entry", "there is no file " + module + ".py");
    if (!has_client(platform_of(service_)))
      add(Severity::certain, target_field("architecture"),
          "this mdl was built without the runtime client for " + platform_of(service_));
    // It stands in a version's description, beside the release.
    if (service_.http.health.size() > 120)
      add(Severity::certain, "http.health", "a path of at most 120 characters, on Lambda");
  }

  void runtime() {
    const auto name = runtime_of(service_);
    const bool stated = !settings_["runtime"].as_string().empty();
    const auto field = stated ? target_field("runtime") : std::string("build.python");
    const auto* known = find_runtime(name);
    const std::string table =
        " (" + std::string(runtimes_source) + ", read " + std::string(runtimes_read_on) + ")";
    if (known == nullptr)
      return add(stated ? Severity::likely : Severity::certain, field,
                 "Lambda's table has no runtime " + name + table);
    if (has_come(known->create_block, now_))
      return add(Severity::certain, field,
                 name + " can no longer be created since " + std::string(known->create_block) + table);
    if (has_come(known->deprecated, now_))
      add(Severity::likely, field,
          name + " is deprecated since " + std::string(known->deprecated) +
              "; functions can be created until " + std::string(known->create_block) + table);
  }

  void variables() {
    for (const auto& [name, text] : service_.env) {
      const auto field = "env." + name;
      if (std::ranges::find(reserved, name) != reserved.end())
        add(Severity::certain, field, "Lambda itself sets this variable; take another name");
      else if (!is_variable(name))
        add(Severity::certain, field,
            "Lambda takes letters, digits and _, a letter first, two characters at least");
    }
  }

  void secrets() {
    if (service_.secrets.empty()) return;
    if (!uses_python(service_))
      add(Severity::certain, "secrets",
          "they are read by Python when the function starts, which " + runtime_of(service_) +
              " has not; set build.python");
    if (!settings_["role"].as_string().empty())
      add(Severity::unknown, target_field("role"),
          "whether this role may read the secrets is not known: it needs secretsmanager:GetSecretValue or "
          "ssm:GetParameter on them");
  }

  // The manifest's own variables are measured by the published limit.
  void added_variables() {
    const auto size = dump(variables_of(service_)).size();
    auto own = Value::object();
    for (const auto& [name, text] : service_.env) own.set(name, text);
    if (size <= most_variables || dump(own).size() > most_variables) return;
    add(Severity::certain, "env",
        "with AWS_LAMBDA_EXEC_WRAPPER and what else mdl adds the variables have " + std::to_string(size) +
            " bytes of JSON, and Lambda takes 4,096");
  }

  void network() {
    const auto subnets = settings_["vpc"]["subnets"].as_array().size();
    const auto groups = settings_["vpc"]["security-groups"].as_array().size();
    if (subnets > 16) add(Severity::certain, target_field("vpc.subnets"), "Lambda takes at most 16");
    if (groups > 5) add(Severity::certain, target_field("vpc.security-groups"), "Lambda takes at most 5");
    if ((subnets == 0) != (groups == 0))
      add(Severity::certain, target_field("vpc"), "Lambda wants both subnets and security groups");
  }

  // CloudWatch's figures are those of whole minutes, and come a minute or two later.
  void rollout() {
    const auto& rollout = service_.rollout;
    if (rollout.gate && rollout.hold < std::chrono::minutes{3})
      add(Severity::likely, "rollout.hold",
          "CloudWatch shows requests two minutes later: the gate judges little of what it holds for less "
          "than 3m");
  }

  void settings() {
    const auto days = settings_["log-retention"].as_integer(30);
    if (std::ranges::find(retentions, days) == retentions.end())
      add(Severity::certain, target_field("log-retention"),
          "CloudWatch Logs keeps lines for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, … "
          "days");
    const auto& cors = settings_["cors"];
    for (const auto* name : {"origins", "headers"})
      if (cors[name].as_array().size() > 100)
        add(Severity::certain, target_field(std::string("cors.") + name), "Lambda takes at most 100");
    for (const auto& method : cors["methods"].as_strings())
      if (method.size() > 6 || cors["methods"].as_array().size() > 6)
        add(Severity::certain, target_field("cors.methods"),
            "Lambda takes at most six, of six letters at most: GET, PUT, HEAD, POST, PATCH, DELETE, *");
    if (settings_["tags"].as_object().size() > 46)
      add(Severity::certain, target_field("tags"), "AWS takes 50 tags, of which mdl sets up to 4");
    const auto& region = settings_["region"].as_string();
    if (std::ranges::find(without_url, region) != without_url.end())
      add(Severity::likely, target_field("region"),
          "Lambda had no function URLs in " + region + " on 2026-11-24");
    if (const auto& role = settings_["role"].as_string(); !role.empty() && !role.starts_with("arn:"))
      add(Severity::certain, target_field("role"), "it must be an ARN: arn:aws:iam::123456789012:role/NAME");
  }

  const Service& service_;
  const Value& settings_;
  Time now_;
  std::vector<Problem> problems_;
};

}  // namespace

std::vector<manifest::Problem> examine_service(const manifest::Service& service, Time now) {
  return Examination(service, now).all();
}

}  // namespace mdl::aws
