#include "providers/local/resources.hpp"

#include <algorithm>

#include "core/util/text.hpp"
#include "providers/local/parts.hpp"

namespace mdl::local {

namespace {

using plan::Desired;
using plan::Observed;
using plan::ResourceId;
using release::ServiceRef;

Result<std::string> path_of(const ServiceRef& ref, const ResourceId& id) {
  if (id.kind == "gateway" || id.kind == "scaling") return service_path(ref, "/" + id.kind);
  const auto slash = id.name.rfind('/');
  if (id.kind == "replicas" && slash != std::string::npos)
    if (const auto number = parse_integer(std::string_view(id.name).substr(slash + 1)))
      return service_path(ref, "/replicas/" + std::to_string(*number));
  return fail(Error{.kind = ErrorKind::invalid,
                    .message = "the local target has no resource " + plan::to_string(id),
                    .resource = plan::to_string(id)});
}

class LocalResources final : public provider::Resources {
 public:
  explicit LocalResources(SharedClient client) : client_(std::move(client)) {}

  std::vector<Desired> desired(const manifest::Service& service,
                               const provider::ReleaseInfo& release) const override {
    return render(service, release);
  }

  std::vector<plan::FieldDiff> diff(const Desired& desired, const Observed& observed) const override {
    return differences(desired, observed);
  }

  Result<std::vector<Observed>> list(const ServiceRef& ref) override {
    MDL_TRY(const auto state, client_->state(ref));
    return state ? observed_in(*state) : std::vector<Observed>();
  }

  Result<void> apply(const ServiceRef& ref, const plan::Change& change,
                     const provider::Fence& fence) override {
    if (const auto* create = std::get_if<plan::Create>(&change)) return put(ref, create->desired, fence);
    if (const auto* update = std::get_if<plan::Update>(&change)) return put(ref, update->desired, fence);
    if (const auto* replace = std::get_if<plan::Replace>(&change)) return put(ref, replace->desired, fence);
    if (const auto* gone = std::get_if<plan::Delete>(&change)) return remove(ref, gone->id, fence);
    return fail(ErrorKind::internal, "traffic is moved by a swap, not applied");
  }

 private:
  Result<void> put(const ServiceRef& ref, const Desired& desired, const provider::Fence& fence) {
    return call("PUT", ref, desired.id, Value::object({{"spec", desired.spec}}), fence);
  }

  Result<void> remove(const ServiceRef& ref, const ResourceId& id, const provider::Fence& fence) {
    auto done = call("DELETE", ref, id, {}, fence);
    if (!done && done.error().kind == ErrorKind::not_found) return {};
    return done;
  }

  Result<void> call(const char* method, const ServiceRef& ref, const ResourceId& id, const Value& body,
                    const provider::Fence& fence) {
    MDL_TRY(const auto path, path_of(ref, id));
    auto answer = client_->write(method, path, body, {{"Mdl-Live", fence.live_revision}});
    if (answer) return {};
    auto error = std::move(answer).error();
    if (error.resource.empty()) error.resource = plan::to_string(id);
    return fail(std::move(error));
  }

  SharedClient client_;
};

}  // namespace

std::unique_ptr<provider::Resources> make_resources(const SharedClient& client) {
  return std::make_unique<LocalResources>(client);
}

}  // namespace mdl::local
