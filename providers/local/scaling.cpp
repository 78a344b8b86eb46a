#include "providers/local/parts.hpp"

namespace mdl::local {

namespace {

using manifest::Scale;
using release::ServiceRef;

class LocalScaling final : public provider::Scaling {
 public:
  explicit LocalScaling(SharedClient client) : client_(std::move(client)) {}

  Result<Scale> read(const ServiceRef& ref) override {
    MDL_TRY(const auto spec, spec_of(ref));
    const auto& effective = spec["effective"];
    return Scale{.min = static_cast<int>(effective["min"].as_integer()),
                 .max = static_cast<int>(effective["max"].as_integer()),
                 .concurrency = static_cast<int>(effective["concurrency"].as_integer()),
                 .idle = Milliseconds(effective["idle_ms"].as_integer())};
  }

  Result<void> set(const ServiceRef& ref, const Scale& wanted, const provider::Fence& fence) override {
    MDL_TRY(auto spec, spec_of(ref));
    Value effective = spec["effective"];
    effective.set("min", wanted.min);
    effective.set("max", wanted.max);
    effective.set("concurrency", wanted.concurrency);
    effective.set("idle_ms", std::int64_t{wanted.idle.count()});
    spec.set("effective", std::move(effective));
    MDL_CHECK(client_->write("PUT", service_path(ref, "/scaling"), Value::object({{"spec", std::move(spec)}}),
                             {{"Mdl-Live", fence.live_revision}}));
    return {};
  }

 private:
  Result<Value> spec_of(const ServiceRef& ref) const {
    MDL_TRY(const auto state, client_->state(ref));
    if (!state || (*state)["scaling"].is_null()) return provider::not_deployed(ref, "scaling " + ref.service);
    return (*state)["scaling"]["spec"];
  }

  SharedClient client_;
};

}  // namespace

std::unique_ptr<provider::Scaling> make_scaling(const SharedClient& client) {
  return std::make_unique<LocalScaling>(client);
}

}  // namespace mdl::local
