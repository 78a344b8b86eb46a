#include "core/manifest/rules.hpp"
#include "core/manifest/table.hpp"

namespace mdl::manifest::table {
namespace {

using enum FieldType;

void add_local(std::vector<Field>& fields) {
  fields.push_back(
      {.path = "targets.*.port",
       .type = integer,
       .default_text = "0",
       .example = "8400",
       .summary = "The port of the service's address on 127.0.0.1. 0: one that is free, kept from then on.",
       .minimum = 0,
       .maximum = 65'535,
       .providers = {"local"}});
}

void add_k8s(std::vector<Field>& fields) {
  fields.push_back({.path = "targets.*.context",
                    .type = text,
                    .example = "prod-cluster",
                    .summary = "The context of the kubeconfig. Without it: the current one.",
                    .providers = {"k8s"}});
  fields.push_back(
      {.path = "targets.*.kubeconfig",
       .type = text,
       .example = "${HOME}/.kube/prod",
       .summary =
           "The kubeconfig file. Without it: $KUBECONFIG, then ~/.kube/config, then the pod's own account.",
       .providers = {"k8s"}});
  fields.push_back({.path = "targets.*.namespace",
                    .type = text,
                    .example = "risk",
                    .summary = "The namespace. Without it: the context's.",
                    .providers = {"k8s"},
                    .rule = &rules::name});
  fields.push_back({.path = "targets.*.service-account",
                    .type = text,
                    .example = "risk-runner",
                    .summary = "The account that the service runs as.",
                    .providers = {"k8s", "gcp"},
                    .rule = &rules::word});
  fields.push_back({.path = "targets.*.ingress-host",
                    .type = text,
                    .example = "risk.example",
                    .summary = "The host name under which the service is reached from outside. Without it: "
                               "inside the cluster only.",
                    .providers = {"k8s"},
                    .rule = &rules::word});
  fields.push_back({.path = "targets.*.registry",
                    .type = text,
                    .example = "registry.example/risk",
                    .summary = "The repository that images are pushed to.",
                    .providers = {"k8s", "azure"},
                    .rule = &rules::image});
}

void add_aws(std::vector<Field>& fields) {
  fields.push_back({.path = "targets.*.region",
                    .type = text,
                    .example = "eu-central-1",
                    .summary = "The region. Without it: that of the credentials in use.",
                    .providers = {"aws", "gcp", "azure"},
                    .rule = &rules::word});
  fields.push_back(
      {.path = "targets.*.profile",
       .type = text,
       .example = "prod",
       .summary = "The profile of ~/.aws/config. Without it: $AWS_PROFILE, then the usual chain.",
       .providers = {"aws"},
       .rule = &rules::word});
  fields.push_back({.path = "targets.*.role",
                    .type = text,
                    .example = "arn:aws:iam::123456789012:role/risk",
                    .summary = "The role that the function runs as. Without it: one is made.",
                    .providers = {"aws"},
                    .rule = &rules::word});
  fields.push_back({.path = "targets.*.runtime",
                    .type = text,
                    .example = "python3.11",
                    .summary = "The Lambda runtime of a zip. Without it: the one of build.python.",
                    .providers = {"aws"},
                    .rule = &rules::word});
  fields.push_back({.path = "targets.*.architecture",
                    .type = choice,
                    .default_text = "x86_64",
                    .example = "arm64",
                    .summary = "The processor's architecture.",
                    .choices = {"x86_64", "arm64"},
                    .providers = {"aws"}});
  fields.push_back({.path = "targets.*.vpc",
                    .type = section,
                    .summary = "The network that the function joins.",
                    .providers = {"aws"}});
  fields.push_back({.path = "targets.*.vpc.subnets",
                    .type = texts,
                    .example = "[subnet-0a1b2c3d]",
                    .summary = "The subnets' ids.",
                    .providers = {"aws"},
                    .rule = &rules::word});
  fields.push_back({.path = "targets.*.vpc.security-groups",
                    .type = texts,
                    .example = "[sg-0a1b2c3d]",
                    .summary = "The security groups' ids.",
                    .providers = {"aws"},
                    .rule = &rules::word});
  fields.push_back(
      {.path = "targets.*.url-auth",
       .type = choice,
       .default_text = "none",
       .example = "iam",
       .summary = "Who may call the function's URL: anyone (none), or signed requests only (iam).",
       .choices = {"none", "iam"},
       .providers = {"aws"}});
  fields.push_back(
      {.path = "targets.*.stream",
       .type = boolean,
       .default_text = "false",
       .example = "true",
       .summary = "Answers are passed on as they come, up to 200 MB; else whole, and 6 MB at most.",
       .providers = {"aws"}});
  fields.push_back({.path = "targets.*.cors",
                    .type = section,
                    .summary = "What browsers on other sites may ask of the function's URL.",
                    .providers = {"aws"}});
  fields.push_back({.path = "targets.*.cors.origins",
                    .type = texts,
                    .example = "[https://risk.example]",
                    .summary = "Sites that may ask; * is any.",
                    .providers = {"aws"},
                    .rule = &rules::word});
  fields.push_back({.path = "targets.*.cors.methods",
                    .type = texts,
                    .example = "[GET, POST]",
                    .summary = "Methods that they may use; * is any.",
                    .providers = {"aws"},
                    .rule = &rules::word});
  fields.push_back({.path = "targets.*.cors.headers",
                    .type = texts,
                    .example = "[content-type]",
                    .summary = "Headers that they may send.",
                    .providers = {"aws"},
                    .rule = &rules::word});
  fields.push_back({.path = "targets.*.cors.max-age",
                    .type = duration,
                    .example = "1h",
                    .summary = "How long a browser may remember this.",
                    .minimum = 0,
                    .maximum = 86'400'000,
                    .providers = {"aws"}});
  fields.push_back({.path = "targets.*.log-retention",
                    .type = integer,
                    .default_text = "30",
                    .example = "30",
                    .summary = "Days that log lines are kept.",
                    .minimum = 1,
                    .maximum = 3'653,
                    .providers = {"aws"}});
  fields.push_back({.path = "targets.*.ephemeral-storage",
                    .type = size,
                    .default_text = "512Mi",
                    .example = "2Gi",
                    .summary = "The room in /tmp.",
                    .minimum = 512 * mebi,
                    .maximum = 10 * gibi,
                    .providers = {"aws"}});
  fields.push_back(
      {.path = "targets.*.tags", .type = map, .summary = "Tags of the function.", .providers = {"aws"}});
  fields.push_back({.path = "targets.*.tags.*",
                    .type = text,
                    .example = "risk-team",
                    .summary = "The tag's value.",
                    .providers = {"aws"}});
}

void add_gcp_and_azure(std::vector<Field>& fields) {
  fields.push_back({.path = "targets.*.project",
                    .type = text,
                    .example = "risk-prod",
                    .summary = "The project's id. Without it: that of the credentials in use.",
                    .providers = {"gcp"},
                    .rule = &rules::word});
  fields.push_back({.path = "targets.*.kind",
                    .type = choice,
                    .default_text = "run",
                    .example = "function",
                    .summary = "What the service becomes: a Cloud Run service or a function.",
                    .choices = {"run", "function"},
                    .providers = {"gcp"}});
  fields.push_back({.path = "targets.*.kind",
                    .type = choice,
                    .default_text = "container-app",
                    .example = "function",
                    .summary = "What the service becomes: a container app or a function app.",
                    .choices = {"container-app", "function"},
                    .providers = {"azure"}});
  fields.push_back({.path = "targets.*.subscription",
                    .type = text,
                    .example = "00000000-0000-0000-0000-000000000000",
                    .summary = "The subscription's id. Without it: that of the credentials in use.",
                    .providers = {"azure"},
                    .rule = &rules::word});
  fields.push_back({.path = "targets.*.resource-group",
                    .type = text,
                    .example = "risk",
                    .summary = "The resource group.",
                    .providers = {"azure"},
                    .rule = &rules::word});
}

}  // namespace

void add_targets(std::vector<Field>& fields) {
  fields.push_back(
      {.path = "services",
       .type = texts,
       .example = "[recommend/, storefront/]",
       .summary =
           "The folders of a project's services, each with a mdl.yaml. The manifest that names them holds "
           "what "
           "they share: any field but name and needs is then a default, and its targets are everyone's.",
       .rule = &rules::path});
  fields.push_back(
      {.path = "targets",
       .type = map,
       .summary =
           "Where the service runs. Without it: the target local. Inside a target stand its provider's "
           "settings "
           "and any field of the service (all but mdl, name, services and targets) that is different there.",
       .rule = &rules::name});
  fields.push_back({.path = "targets.*", .type = section, .summary = "One target."});
  fields.push_back({.path = "targets.*.provider",
                    .type = choice,
                    .example = "k8s",
                    .summary = "The platform. Without it: the target's name, when that is a provider's.",
                    .choices = {providers().begin(), providers().end()}});
  add_local(fields);
  add_k8s(fields);
  add_aws(fields);
  add_gcp_and_azure(fields);
}

}  // namespace mdl::manifest::table
