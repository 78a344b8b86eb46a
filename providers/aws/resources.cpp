#include <algorithm>
#include <future>

#include "core/util/text.hpp"
#include "providers/aws/note.hpp"
#include "providers/aws/parameters.hpp"
#include "providers/aws/render.hpp"
#include "providers/aws/resources/kinds.hpp"

namespace mdl::aws {

namespace {

using plan::Desired;
using plan::Observed;
using plan::ResourceId;
using release::ServiceRef;
using resources::Making;

void add(std::vector<Observed>& all, std::optional<Observed> one) {
  if (one) all.push_back(std::move(*one));
}

Observed function_of(const Names& names, const Function& function) {
  auto tags = Value::object();
  for (const auto& [name, text] : function.tags)
    if (!name.starts_with("aws:") && name != declared_tag && name != declared_min_tag) tags.set(name, text);
  return {.id = {"function", names.function},
          .spec = Value::object({{"tags", std::move(tags)}}),
          .status = Value::object({{"state", function.latest.state}}),
          .revision = function.latest.revision};
}

// Compared with what the manifest declared last, not with what `mdl scale` set.
std::optional<Observed> concurrency_of(const Names& names, const Function& function) {
  const auto declared = function.tags.find(declared_tag);
  if (declared == function.tags.end()) return std::nullopt;
  return Observed{
      .id = {"concurrency", names.function},
      .spec = Value::object({{"max", parse_integer(declared->second).value_or(0)}}),
      .status = Value::object({{"reserved", function.reserved ? Value(*function.reserved) : Value()}})};
}

std::optional<Observed> provisioned_of(const Names& names, const Function& function) {
  const auto declared = function.tags.find(declared_min_tag);
  if (declared == function.tags.end()) return std::nullopt;
  return Observed{.id = {"provisioned", names.function},
                  .spec = Value::object({{"min", parse_integer(declared->second).value_or(0)}})};
}

std::vector<Observed> versions_of(const Names& names, const std::vector<Configuration>& versions) {
  std::vector<Observed> all;
  for (const auto& version : versions) {
    if (!version.described) continue;
    ResourceId id{"version", names.function + "/" + std::to_string(version.described->release)};
    std::erase_if(all, [&](const Observed& one) { return one.id == id; });
    all.push_back({.id = std::move(id),
                   .release = version.described->release,
                   .spec = version.spec,
                   .status = Value::object({{"version", version.version}, {"state", version.state}}),
                   .revision = version.revision});
  }
  return all;
}

// What a release had made that is live or can be restored.
void add_recorded(std::vector<Observed>& all, const release::Record& record) {
  if (record.runs != record.number || !record.restorable()) return;
  for (const auto& value : record.resources.as_array())
    if (auto desired = plan::desired_from(value))
      all.push_back({.id = desired->id, .release = desired->release, .spec = desired->spec});
}

class AwsResources final : public provider::Resources {
 public:
  explicit AwsResources(SharedParts shared) : shared_(std::move(shared)) {}

  std::vector<Desired> desired(const manifest::Service& service,
                               const provider::ReleaseInfo& release) const override {
    const ServiceRef ref{.service = service.name, .target = service.target.name};
    return render(service, release, shared_->names(ref));
  }

  std::vector<plan::FieldDiff> diff(const Desired& desired, const Observed& observed) const override {
    return differences(desired, observed);
  }

  // One round of parallel reads, in the order in which resources are made.
  Result<std::vector<Observed>> list(const ServiceRef& ref) override {
    const auto names = shared_->names(ref);
    auto& shared = *shared_;
    const auto later = [](auto read) { return std::async(std::launch::async, read); };
    auto role = later([&] { return resources::read_role(shared, names); });
    auto policy = later([&] { return resources::read_policy(shared, names); });
    auto secrets = later([&] { return resources::read_secret_policies(shared, names); });
    auto logs = later([&] { return resources::read_log_group(shared, names); });
    auto versions = later([&] { return shared.functions.versions(names.function); });
    auto permissions = later([&] { return resources::read_permissions(shared, names); });
    auto url = later([&] { return resources::read_url(shared, names); });
    auto note = later([&] { return parameters_below(*shared.client, names.records, false); });
    auto function_read = shared.functions.function(names.function);
    auto role_read = role.get(), policy_read = policy.get(), logs_read = logs.get(), url_read = url.get();
    auto versions_read = versions.get();
    auto secrets_read = secrets.get();
    auto permissions_read = permissions.get();
    auto note_read = note.get();
    MDL_TRY(const auto function, std::move(function_read));
    if (function) MDL_CHECK(resources::check_ownership(names, *function));

    std::vector<Observed> all;
    MDL_TRY(auto one, std::move(role_read));
    add(all, std::move(one));
    MDL_TRY(one, std::move(policy_read));
    add(all, std::move(one));
    MDL_TRY(auto policies, std::move(secrets_read));
    std::ranges::move(policies, std::back_inserter(all));
    MDL_TRY(one, std::move(logs_read));
    add(all, std::move(one));
    if (function) {
      all.push_back(function_of(names, *function));
      add(all, concurrency_of(names, *function));
      add(all, provisioned_of(names, *function));
    }
    MDL_TRY(const auto parameters, std::move(note_read));
    if (const auto found = parameters.find(note_name(names)); found != parameters.end())
      all.push_back(note_seen(names, found->second, all));
    if (!function) return all;
    MDL_TRY(const auto published, std::move(versions_read));
    std::ranges::move(versions_of(names, published), std::back_inserter(all));
    MDL_TRY(auto statements, std::move(permissions_read));
    std::ranges::move(statements, std::back_inserter(all));
    MDL_TRY(one, std::move(url_read));
    add(all, std::move(one));
    return all;
  }

  // Four requests, in one round: the live pointer, the history with the note beside it, who may call the URL,
  // and the URL. A version never changes, and stays while its release can be restored.
  Result<std::optional<provider::Glance>> glance(const ServiceRef& ref) override {
    const auto names = shared_->names(ref);
    auto& shared = *shared_;
    const auto later = [](auto read) { return std::async(std::launch::async, read); };
    auto live = later([&] { return read_live(shared, ref); });
    auto permissions = later([&] { return resources::read_permissions(shared, names); });
    auto url = later([&] { return resources::read_url(shared, names); });
    const auto parameters = parameters_below(*shared.client, names.records, true);
    auto live_read = live.get();
    auto permissions_read = permissions.get();
    auto url_read = url.get();
    if (!parameters) return std::unexpected(parameters.error());
    provider::Glance glance;
    MDL_TRY(glance.live, std::move(live_read));
    MDL_TRY(glance.records, records_from(names.records, *parameters));
    MDL_TRY(glance.resources, std::move(permissions_read));
    MDL_TRY(auto one, std::move(url_read));
    add(glance.resources, std::move(one));
    const auto note = parameters->find(note_name(names));
    if (note == parameters->end()) return std::nullopt;
    auto shared_things = noted(note->second);
    glance.resources.push_back(note_seen(names, note->second, shared_things));
    std::ranges::move(shared_things, std::back_inserter(glance.resources));
    for (const auto& record : glance.records) add_recorded(glance.resources, record);
    return glance;
  }

  Result<void> apply(const ServiceRef& ref, const plan::Change& change,
                     const provider::Fence& fence) override {
    const auto names = shared_->names(ref);
    const Making making{*shared_, names, ref, fence};
    Result<void> applied;
    ResourceId id;
    if (const auto* gone = std::get_if<plan::Delete>(&change)) {
      id = gone->id;
      const auto away = [&] { return remove(making, id, gone->release); };
      applied = is_noted(id.kind) ? resources::around_delete(making, id, away) : away();
    } else if (const auto* desired = desired_of(change)) {
      id = desired->id;
      if (is_noted(id.kind)) applied = resources::before_note(making);
      if (applied) applied = put(making, *desired);
    } else {
      return fail(ErrorKind::internal, "traffic is moved by a swap, not applied");
    }
    if (applied) return applied;
    auto error = std::move(applied).error();
    if (error.resource.empty()) error.resource = plan::to_string(id);
    return fail(std::move(error));
  }

 private:
  static const Desired* desired_of(const plan::Change& change) {
    if (const auto* create = std::get_if<plan::Create>(&change)) return &create->desired;
    if (const auto* update = std::get_if<plan::Update>(&change)) return &update->desired;
    if (const auto* replace = std::get_if<plan::Replace>(&change)) return &replace->desired;
    return nullptr;
  }

  static std::unexpected<Error> unknown(const ResourceId& id) {
    return fail(ErrorKind::invalid, "AWS has no resource " + plan::to_string(id));
  }

  static Result<void> put(const Making& making, const Desired& desired) {
    const auto& kind = desired.id.kind;
    if (kind == "role") return resources::put_role(making, desired);
    if (kind == "secret-policy") return resources::put_secret_policy(making, desired);
    if (kind == "role-policy") return resources::put_policy(making, desired);
    if (kind == "log-group") return resources::put_log_group(making, desired);
    if (kind == "function") return resources::tag_function(making, desired);
    if (kind == "concurrency") return resources::put_concurrency(making, desired);
    if (kind == "provisioned") return resources::put_provisioned(making, desired);
    if (kind == "version") return resources::publish_version(making, desired);
    if (kind == "permission") return resources::add_permission(making, desired);
    if (kind == "url") return resources::put_url(making, desired);
    if (kind == note_kind) return resources::put_note(making, desired);
    return unknown(desired.id);
  }

  static Result<void> remove(const Making& making, const ResourceId& id, int release) {
    if (id.kind == "role") return resources::delete_role(making);
    if (id.kind == "secret-policy") return resources::delete_secret_policy(making, id);
    if (id.kind == "role-policy") return resources::delete_policy(making);
    if (id.kind == "log-group") return resources::delete_log_group(making);
    if (id.kind == "function") return resources::delete_function(making);
    if (id.kind == "concurrency") return resources::delete_concurrency(making);
    if (id.kind == "provisioned") return resources::delete_provisioned(making);
    if (id.kind == "version") return resources::delete_version(making, release);
    if (id.kind == "permission")
      return resources::remove_permission(making, id.name.substr(id.name.rfind('/') + 1));
    if (id.kind == "url") return resources::delete_url(making);
    if (id.kind == note_kind) return resources::delete_note(making);
    return unknown(id);
  }

  SharedParts shared_;
};

}  // namespace

std::unique_ptr<provider::Resources> make_resources(const SharedParts& shared) {
  return std::make_unique<AwsResources>(shared);
}

}  // namespace mdl::aws
