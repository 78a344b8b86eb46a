#include "providers/local/parts.hpp"

namespace mdl::local {

namespace {

class LocalTraffic final : public provider::Traffic {
 public:
  explicit LocalTraffic(SharedClient client) : client_(std::move(client)) {}

  Result<plan::Live> read(const release::ServiceRef& ref) override {
    MDL_TRY(const auto state, client_->state(ref));
    return live_from(state ? (*state)["live"] : Value());
  }

  Result<plan::Live> swap(const release::ServiceRef& ref, const plan::Live& expected,
                          const plan::Split& wanted) override {
    const auto body = Value::object({{"expected", expected.revision}, {"split", plan::to_value(wanted)}});
    MDL_TRY(const auto answer, client_->write("PUT", service_path(ref, "/live"), body));
    return live_from(answer["live"]);
  }

  Result<plan::Live> rest(const release::ServiceRef& ref, const plan::Live& expected, int room_for) override {
    const auto body = Value::object({{"expected", expected.revision}, {"room_for", room_for}});
    MDL_TRY(const auto answer, client_->write("POST", service_path(ref, "/live/rest"), body));
    return live_from(answer["live"]);
  }

 private:
  SharedClient client_;
};

}  // namespace

std::unique_ptr<provider::Traffic> make_traffic(const SharedClient& client) {
  return std::make_unique<LocalTraffic>(client);
}

}  // namespace mdl::local
