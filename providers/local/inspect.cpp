#include <set>

#include "core/util/files.hpp"
#include "core/util/text.hpp"
#include "providers/local/checks.hpp"
#include "providers/local/garbage.hpp"
#include "providers/local/parts.hpp"
#include "providers/local/store_lock.hpp"

namespace mdl::local {

namespace {

using release::ServiceRef;

class LocalInspect final : public provider::Inspect {
 public:
  explicit LocalInspect(SharedClient client) : client_(std::move(client)) {}

  Result<provider::Status> status(const ServiceRef& ref) override {
    MDL_TRY(const auto state, client_->state(ref));
    provider::Status status;
    status.health = "absent";
    if (!state) return status;
    const auto& value = (*state)["status"];
    if (!value["health"].as_string().empty()) status.health = value["health"].as_string();
    status.replicas = static_cast<int>(value["replicas"].as_integer());
    status.wanted = static_cast<int>(value["wanted"].as_integer());
    status.held = static_cast<int>(value["held"].as_integer());
    status.detail = value["detail"].as_string();
    status.starting = Milliseconds(value["starting_ms"].as_integer());
    status.last_start = Milliseconds(value["last_start_ms"].as_integer());
    status.url = value["url"].as_string();
    return status;
  }

  std::vector<Check> doctor(const manifest::Service& service) override {
    return doctor_checks(*client_, service);
  }

  Result<std::vector<Garbage>> garbage() override {
    MDL_TRY(const auto pinned, pinned_artifacts());
    std::vector<Garbage> garbage;
    for (auto& item : waste_of(client_->options().home, pinned))
      garbage.push_back({.what = std::move(item.what), .bytes = item.bytes});
    return garbage;
  }

  Result<void> collect() override {
    MDL_TRY(const auto lock, StoreLock::exclusive(client_->options().home));
    MDL_TRY(const auto pinned, pinned_artifacts());
    return remove_waste(waste_of(client_->options().home, pinned));
  }

 private:
  // Those that the replicas of any service are started from.
  Result<std::set<std::string>> pinned_artifacts() const {
    std::set<std::string> pinned;
    MDL_TRY(const auto answer, client_->read("/v1/services"));
    if (!answer) return pinned;
    for (const auto& item : (*answer)["services"].as_array()) {
      MDL_TRY(const auto state, client_->state({item["service"].as_string(), item["target"].as_string()}));
      if (!state) continue;
      for (const auto& replicas : (*state)["replicas"].as_array())
        pinned.insert(replicas["spec"]["artifact"].as_string());
    }
    return pinned;
  }

  SharedClient client_;
};

}  // namespace

std::unique_ptr<provider::Inspect> make_inspect(const SharedClient& client) {
  return std::make_unique<LocalInspect>(client);
}

}  // namespace mdl::local
