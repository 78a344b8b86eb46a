#include "providers/aws/limits.hpp"

#include <array>

#include "core/manifest/fields.hpp"
#include "core/util/text.hpp"
#include "providers/aws/parts.hpp"
#include "providers/aws/served.hpp"

namespace mdl::aws {

namespace {

using manifest::Service;

enum class Answer { honoured, refused, none, one, cpu, drain, secret, served, ready };

struct Rule {
  std::string_view field;  // a pattern of manifest::matches
  Answer answer = Answer::honoured;
  std::string_view why;
};

constexpr std::string_view images = "the aws provider deploys zips; images are not carried yet";

// Every field of the manifest: honoured, or why not. A test holds this against the table of fields.
constexpr std::array rules{
    Rule{"mdl"},
    Rule{"name"},
    Rule{"services"},
    Rule{"build"},
    Rule{"build.python"},
    Rule{"build.requirements"},
    Rule{"build.include"},
    Rule{"build.command"},
    Rule{"build.base", Answer::refused, images},
    Rule{"build.image", Answer::refused, images},
    Rule{"build.dockerfile", Answer::refused, images},
    Rule{"model"},
    Rule{"model.*"},
    Rule{"model.*.path"},
    Rule{"model.*.from", Answer::refused,
         "the aws provider does not download weights; put the file at the model's path and leave 'from' out"},
    Rule{"model.*.sha256"},
    Rule{"model.*.context"},
    Rule{"http"},
    Rule{"http.entry"},
    Rule{"http.command"},
    Rule{"http.interface"},
    Rule{"http.handler"},
    Rule{"http.health", Answer::served,
         "the aws provider checks a function by starting it, not by a path that its handler would have to "
         "know"},
    Rule{"http.timeout"},
    Rule{"resources"},
    Rule{"resources.cpu", Answer::cpu},
    Rule{"resources.memory"},
    Rule{"resources.gpu", Answer::none, "Lambda has no GPUs"},
    Rule{"scale"},
    Rule{"scale.min", Answer::ready,
         "AWS keeps no instances ready for an alias with weights: use all-at-once or blue-green, or 0"},
    Rule{"scale.max"},
    Rule{"scale.concurrency", Answer::one, "a Lambda instance takes one request at a time"},
    Rule{"scale.idle", Answer::refused, "Lambda itself decides when an instance that rests ends"},
    Rule{"env"},
    Rule{"env.*"},
    Rule{"secrets"},
    Rule{"secrets.*", Answer::secret},
    Rule{"secrets.*.from", Answer::secret},
    Rule{"golden"},
    Rule{"golden.*"},
    Rule{"golden.*.request"},
    Rule{"golden.*.expect"},
    Rule{"golden.*.tolerance"},
    Rule{"metrics", Answer::refused, "a service's own metrics are not read from Lambda"},
    Rule{"metrics.from", Answer::refused, "a service's own metrics are not read from Lambda"},
    Rule{"hooks"},
    Rule{"hooks.pre-deploy"},
    Rule{"hooks.post-deploy"},
    Rule{"hooks.on-failure"},
    Rule{"rollout"},
    Rule{"rollout.strategy", Answer::drain,
         "Lambda's versions stand side by side: use all-at-once, blue-green or canary"},
    Rule{"rollout.steps"},
    Rule{"rollout.hold"},
    Rule{"rollout.gate"},
    Rule{"rollout.gate.errors"},
    Rule{"rollout.gate.p95"},
    Rule{"rollout.keep"},
    Rule{"rollout.warm"},  // a replaced version stays as ready as any other
    Rule{"rollout.start-timeout", Answer::served,
         "Lambda gives a handler ten seconds to start, whatever is asked"},
    Rule{"needs", Answer::refused, "the addresses of other services are not handed to functions yet"},
    Rule{"targets"},
    Rule{"targets.*"},
    Rule{"targets.*.provider"},
    Rule{"targets.*.region"},
    Rule{"targets.*.profile"},
    Rule{"targets.*.role"},
    Rule{"targets.*.runtime"},
    Rule{"targets.*.architecture"},
    Rule{"targets.*.vpc"},
    Rule{"targets.*.vpc.subnets"},
    Rule{"targets.*.vpc.security-groups"},
    Rule{"targets.*.url-auth"},
    Rule{"targets.*.stream", Answer::served, "a managed runtime gives the answers of a handler whole"},
    Rule{"targets.*.cors"},
    Rule{"targets.*.cors.origins"},
    Rule{"targets.*.cors.methods"},
    Rule{"targets.*.cors.headers"},
    Rule{"targets.*.cors.max-age"},
    Rule{"targets.*.log-retention"},
    Rule{"targets.*.ephemeral-storage"},
    Rule{"targets.*.tags"},
    Rule{"targets.*.tags.*"},
    Rule{"targets.**", Answer::refused, "it is a setting of another provider, and AWS has no such thing"},
};

// The names of variables and tags may hold dots.
std::string plain(std::string_view field) {
  if (field.starts_with("env.")) return "env.*";
  if (const auto tags = field.find(".tags."); field.starts_with("targets.") && tags != std::string_view::npos)
    return std::string(field.substr(0, tags)) + ".tags.*";
  return std::string(field);
}

// Lambda gives a whole core with 1,769 MB, in proportion to the memory.
constexpr double mb_of_a_core = 1'769;

std::optional<std::string> cpu_refusal(const Service& service) {
  const double wanted = service.resources.cpu * mb_of_a_core * (1 << 20);
  if (static_cast<double>(service.resources.memory_bytes) >= wanted - (1 << 20)) return std::nullopt;
  return "Lambda gives cores by memory, one with 1,769 MB: raise resources.memory to " +
         std::to_string(static_cast<int>(service.resources.cpu * mb_of_a_core)) + "Mi, or leave cpu out";
}

std::optional<std::string> secret_refusal(std::string_view field, const Service& service) {
  const auto name = split(field, '.')[1];
  const auto found = service.secrets.find(std::string(name));
  if (found == service.secrets.end() || found->second.scheme.starts_with("aws-")) return std::nullopt;
  if (found->second.scheme == "env" || found->second.scheme == "file")
    return "a value of this machine would stand in the function's configuration; put it into AWS and refer "
           "to it: "
           "aws-secrets:ID or aws-ssm:NAME";
  return "a function reads secrets of AWS with its own role: aws-secrets:ID or aws-ssm:NAME";
}

constexpr std::string_view read_on = "2026-11-24";
constexpr std::string_view functions = "AWS Lambda functions";
constexpr std::string_view quotas = "AWS Lambda quotas and API model 2015-03-31";
constexpr double mib = 1 << 20;

constexpr std::array published_limits{
    provider::Limit{"resources.memory", 128 * mib, 10'240 * mib, functions, quotas, read_on},
    provider::Limit{"http.timeout", 1'000, 900'000, functions, quotas, read_on},
    provider::Limit{
        "env.bytes", {}, 4'096, functions, "recorded: 4,097 bytes of compact JSON are refused", read_on},
    provider::Limit{"artifact.bytes", {}, 262'144'000, functions, quotas, read_on},
};

class AwsLimits final : public provider::Limits {
 public:
  explicit AwsLimits(SharedParts shared) : shared_(std::move(shared)) {}
  std::span<const provider::Limit> published() const override { return published_limits; }
  std::optional<std::string> refuses(std::string_view field, const Service& service) const override {
    return refusal(field, service);
  }
  std::vector<manifest::Problem> examine(const Service& service) override {
    return examine_service(service, shared_->client->clock().now());
  }

 private:
  SharedParts shared_;
};

}  // namespace

std::optional<std::string> refusal(std::string_view field, const manifest::Service& service) {
  const auto name = plain(field);
  const auto list = manifest::list_of(name);
  for (const auto& rule : rules) {
    // An item of a list is honoured as the list is: "targets.eu.vpc.subnets.0".
    if (rule.field == "targets.**" && list) break;
    if (!manifest::matches(rule.field, name)) continue;
    switch (rule.answer) {
      case Answer::honoured:
        return std::nullopt;
      case Answer::refused:
        return std::string(rule.why);
      case Answer::none:
        if (service.resources.gpu == 0) return std::nullopt;
        return std::string(rule.why);
      case Answer::one:
        return service.scale.concurrency == 1 ? std::nullopt : std::optional(std::string(rule.why));
      case Answer::cpu:
        return cpu_refusal(service);
      case Answer::drain:
        if (service.rollout.strategy != manifest::Strategy::drain) return std::nullopt;
        return std::string(rule.why);
      case Answer::ready:
        if (service.scale.min == 0 || service.rollout.strategy != manifest::Strategy::canary)
          return std::nullopt;
        return std::string(rule.why);
      case Answer::served:
        return is_served(service) ? std::nullopt : std::optional(std::string(rule.why));
      case Answer::secret:
        return secret_refusal(field, service);
    }
  }
  if (list) return refusal(*list, service);
  return "the aws provider does not know this field";
}

std::unique_ptr<provider::Limits> make_limits(const SharedParts& shared) {
  return std::make_unique<AwsLimits>(shared);
}

}  // namespace mdl::aws
