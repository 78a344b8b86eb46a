#include "providers/local/capacity.hpp"

#include <algorithm>

#include "providers/local/parts.hpp"

namespace mdl::local {

namespace {

using plan::Desired;

const Desired* replicas_in(std::span<const Desired> resources) {
  const auto found =
      std::ranges::find_if(resources, [](const Desired& desired) { return desired.id.kind == "replicas"; });
  return found == resources.end() ? nullptr : &*found;
}

// How many replicas a release is started with.
std::int64_t at_start(std::span<const Desired> resources, const Value& state) {
  for (const auto& desired : resources)
    if (desired.id.kind == "scaling")
      return std::max<std::int64_t>(desired.spec["declared"]["min"].as_integer(), 1);
  return std::max<std::int64_t>(state["scaling"]["spec"]["effective"]["min"].as_integer(), 1);
}

struct Running {
  std::int64_t replicas = 0, memory = 0, gpus = 0;
};

Running running(const Value& state, int release) {
  Running found;
  for (const auto& one : state["replicas"].as_array()) {
    if (one["release"].as_integer() != release) continue;
    for (const auto& replica : one["status"]["replicas"].as_array()) {
      ++found.replicas;
      found.memory += replica["memory_bytes"].as_integer();
      found.gpus += static_cast<std::int64_t>(replica["gpus"].as_array().size());
    }
  }
  return found;
}

class LocalCapacity final : public provider::Capacity {
 public:
  explicit LocalCapacity(SharedClient client) : client_(std::move(client)) {}

  std::vector<provider::Room> side_by_side(const release::ServiceRef& ref, std::span<const Desired> fresh,
                                           int live, std::span<const Desired> serving) override {
    const auto state = client_->state(ref);
    if (!state || !*state) return {};
    return rooms(fresh, live, serving, **state, read_machine());
  }

 private:
  SharedClient client_;
};

}  // namespace

std::vector<provider::Room> rooms(std::span<const Desired> fresh, int live, std::span<const Desired> serving,
                                  const Value& state, const Machine& machine) {
  std::vector<provider::Room> all;
  const auto *mine = replicas_in(fresh), *theirs = replicas_in(serving);
  if (!mine) return all;
  const auto now = running(state, live);
  const auto my_count = at_start(fresh, state),
             their_count = std::max(now.replicas, at_start(serving, state));
  if (mine->sources.contains("memory_bytes") && machine.memory) {
    const bool stated = theirs && theirs->sources.contains("memory_bytes");
    const auto their_need = stated ? theirs->spec["memory_bytes"].as_integer() * their_count : now.memory;
    all.push_back({.what = "memory",
                   .bytes = true,
                   .needed = mine->spec["memory_bytes"].as_integer() * my_count + their_need,
                   .there = *machine.memory + now.memory});
  }
  const auto gpus = mine->spec["gpu"].as_integer();
  if (gpus > 0)
    all.push_back({.what = "GPUs",
                   .needed = gpus * my_count + (theirs ? theirs->spec["gpu"].as_integer() * their_count : 0),
                   .there = state["gpus"]["free"].as_integer() + now.gpus});
  return all;
}

std::unique_ptr<provider::Capacity> make_capacity(const SharedClient& client) {
  return std::make_unique<LocalCapacity>(client);
}

}  // namespace mdl::local
