#include "tests/fakes/memory_platform.hpp"

#include <algorithm>
#include <array>

#include "core/plan/plan.hpp"

namespace mdl::fakes {

namespace {

using plan::Desired;
using plan::Observed;
using provider::Fence;
using release::Record;
using release::ServiceRef;

using Lock = std::lock_guard<std::recursive_mutex>;

class Part {
 public:
  explicit Part(MemoryPlatform& platform) : platform_(platform) {}

 protected:
  // One mutating call: faults before and after, and the fence.
  template <class F>
  auto mutate(const std::string& call, const ServiceRef& ref, const Fence* fence, F f) -> decltype(f()) {
    if (platform_.before) MDL_CHECK(platform_.before(call));
    auto result = under_lock(call, ref, fence, f);
    if (result && platform_.after) MDL_CHECK(platform_.after(call));
    return result;
  }
  template <class F>
  auto under_lock(const std::string& call, const ServiceRef& ref, const Fence* fence, F f) -> decltype(f()) {
    Lock lock(platform_.mutex);
    const auto& live = platform_.state(ref).live;
    if (fence && fence->live_revision != live.revision)
      return fail(ErrorKind::conflict,
                  "what is live changed: release " + std::to_string(live.release()) + " serves now");
    auto result = f();
    if (result) platform_.calls.push_back(call);
    return result;
  }
  std::string revision() { return std::to_string(platform_.next_revision++); }

  MemoryPlatform& platform_;
};

class Limits final : public provider::Limits, Part {
 public:
  using Part::Part;
  std::span<const provider::Limit> published() const override { return platform_.limits; }
  std::optional<std::string> refuses(std::string_view field, const provider::Service&) const override {
    if (std::ranges::find(platform_.refused_fields, field) == platform_.refused_fields.end())
      return std::nullopt;
    return "is not honoured in memory";
  }
  std::vector<manifest::Problem> examine(const provider::Service&) override { return platform_.problems; }
};

class Artifacts final : public provider::Artifacts, Part {
 public:
  using Part::Part;
  Result<void> prepare(const provider::Service&, const provider::OnProgress&) override { return {}; }
  Result<Platform> platform(const provider::Service&) override { return Platform{.platform = "memory/any"}; }
  Result<std::uint64_t> missing(const provider::Service&, const oci::LayerPlan& layers) override {
    Lock lock(platform_.mutex);
    return platform_.artifacts.contains(layers.digest()) ? 0 : std::max<std::uint64_t>(layers.bytes(), 1);
  }
  Result<std::string> put(const provider::Service&, const oci::LayerPlan& layers,
                          const provider::OnProgress&) override {
    Lock lock(platform_.mutex);
    platform_.artifacts.insert(layers.digest());
    return std::to_string(layers.layers.size()) + " layers";
  }
  Result<bool> present(const ServiceRef&, const std::string& artifact) override {
    Lock lock(platform_.mutex);
    return platform_.artifacts.contains(artifact);
  }
};

class Secrets final : public provider::Secrets, Part {
 public:
  using Part::Part;
  Result<std::map<std::string, std::string>> versions(const provider::Service& service) override {
    std::map<std::string, std::string> versions;
    for (const auto& [name, ref] : service.secrets) {
      const auto found = platform_.secret_versions.find(name);
      if (found == platform_.secret_versions.end())
        return fail(ErrorKind::not_found, "secret " + name + " is not in its store");
      versions[name] = found->second;
    }
    return versions;
  }
  Result<void> keep(const provider::Service& service,
                    const std::map<std::string, std::string>& versions) override {
    const ServiceRef ref{service.name, service.target.name};
    return mutate("keep secrets", ref, nullptr, [&]() -> Result<void> {
      for (const auto& [name, version] : versions) platform_.state(ref).secrets[name].insert(version);
      return {};
    });
  }
  Result<std::vector<std::string>> lost(const ServiceRef& ref,
                                        const std::map<std::string, std::string>& versions) override {
    Lock lock(platform_.mutex);
    std::vector<std::string> lost;
    for (const auto& [name, version] : versions)
      if (const auto kept = platform_.seen(ref).secrets.find(name);
          kept == platform_.seen(ref).secrets.end() || !kept->second.contains(version))
        lost.push_back(name);
    return lost;
  }
};

class Resources final : public provider::Resources, Part {
 public:
  using Part::Part;
  std::vector<Desired> desired(const provider::Service& service,
                               const provider::ReleaseInfo& release) const override {
    Desired listener{.id = {"listener", service.name}, .serves = true};
    listener.spec = Value::object({{"timeout_ms", service.http.timeout.count()}});
    Desired instances{.id = {"instances", service.name + "/" + std::to_string(release.number)},
                      .release = release.number,
                      .needs = {listener.id}};
    Value env = Value::object(), secrets = Value::object();
    for (const auto& [name, value] : service.env) env.set(name, value);
    for (const auto& [name, version] : release.secret_versions) secrets.set(name, version);
    instances.spec = Value::object({{"artifact", release.artifact},
                                    {"env", env},
                                    {"secrets", secrets},
                                    {"memory_bytes", service.resources.memory_bytes}});
    return {listener, instances};
  }
  Result<std::optional<provider::Glance>> glance(const ServiceRef& ref) override {
    Lock lock(platform_.mutex);
    if (!platform_.glances) return std::nullopt;
    const auto& seen = platform_.seen(ref);
    provider::Glance glance{
        .live = seen.live, .records = {seen.records.rbegin(), seen.records.rend()}, .resources = {}};
    for (const auto& stored : seen.resources) glance.resources.push_back(stored.observed);
    return glance;
  }
  Result<std::vector<Observed>> list(const ServiceRef& ref) override {
    Lock lock(platform_.mutex);
    ++platform_.lists;
    std::vector<Observed> found;
    for (const auto& stored : platform_.seen(ref).resources) found.push_back(stored.observed);
    return found;
  }
  std::vector<plan::FieldDiff> diff(const Desired& desired, const Observed& observed) const override {
    return plan::compare(desired.spec, observed.spec, {"env.*"});
  }
  Result<void> apply(const ServiceRef& ref, const plan::Change& change, const Fence& fence) override {
    return mutate(plan::identity(change), ref, &fence, [&] { return make(ref, change); });
  }

 private:
  MemoryPlatform::Stored* find(const ServiceRef& ref, const plan::ResourceId& id) {
    auto& resources = platform_.state(ref).resources;
    const auto found =
        std::ranges::find_if(resources, [&](const auto& stored) { return stored.observed.id == id; });
    return found == resources.end() ? nullptr : &*found;
  }
  Result<void> make(const ServiceRef& ref, const plan::Change& change) {
    if (const auto* removal = std::get_if<plan::Delete>(&change)) {
      std::erase_if(platform_.state(ref).resources,
                    [&](const auto& stored) { return stored.observed.id == removal->id; });
      return {};
    }
    const auto* create = std::get_if<plan::Create>(&change);
    const auto* update = std::get_if<plan::Update>(&change);
    const auto& desired = create   ? create->desired
                          : update ? update->desired
                                   : std::get<plan::Replace>(change).desired;
    auto* stored = find(ref, desired.id);
    if (create && stored && stored->observed.spec == desired.spec) return {};
    if (create && stored) return fail(ErrorKind::conflict, plan::to_string(desired.id) + " exists");
    if (!create && (!stored || (update && update->revision != stored->observed.revision)))
      return fail(ErrorKind::conflict, plan::to_string(desired.id) + " moved");
    if (!stored) stored = &platform_.state(ref).resources.emplace_back();
    stored->observed = {
        .id = desired.id, .release = desired.release, .spec = desired.spec, .revision = revision()};
    return {};
  }
};

class Health final : public provider::Health, Part {
 public:
  using Part::Part;
  Result<provider::Readiness> readiness(const ServiceRef& ref, int release) override {
    using enum provider::Readiness::State;
    Lock lock(platform_.mutex);
    for (const auto& stored : platform_.seen(ref).resources) {
      if (stored.observed.release != release) continue;
      if (!stored.awake) return provider::Readiness{.state = waiting, .detail = "at rest"};
      if (platform_.behaviour) return platform_.behaviour(ref.service, release);
      return provider::Readiness{.state = ready, .detail = "healthy"};
    }
    return provider::Readiness{.state = failed, .detail = "release has no instances", .code = "absent"};
  }
  Result<void> wake(const ServiceRef& ref, int release, const Fence& fence) override {
    return mutate("wake release " + std::to_string(release), ref, &fence, [&]() -> Result<void> {
      for (auto& stored : platform_.state(ref).resources)
        if (stored.observed.release == release) stored.awake = true;
      return {};
    });
  }
};

class Traffic final : public provider::Traffic, Part {
 public:
  using Part::Part;
  Result<plan::Live> read(const ServiceRef& ref) override {
    Lock lock(platform_.mutex);
    if (platform_.unreadable) return fail(ErrorKind::unavailable, "out of reach");
    return platform_.seen(ref).live;
  }
  Result<plan::Live> swap(const ServiceRef& ref, const plan::Live& expected,
                          const plan::Split& wanted) override {
    const Fence fence{expected.revision};
    const plan::Change change = plan::Promote{expected.split, wanted};
    return mutate(plan::identity(change), ref, &fence, [&]() -> Result<plan::Live> {
      auto& state = platform_.state(ref);
      for (auto& stored : state.resources) {
        if (stored.observed.release == 0) continue;
        const bool serves = std::ranges::any_of(
            wanted, [&](const plan::Share& share) { return share.release == stored.observed.release; });
        if (serves || state.live.rests_for != 0) stored.awake = serves;
      }
      return move(state, wanted, 0);
    });
  }
  Result<plan::Live> rest(const ServiceRef& ref, const plan::Live& expected, int room_for) override {
    const Fence fence{expected.revision};
    return mutate("rest release " + std::to_string(expected.release()), ref, &fence,
                  [&]() -> Result<plan::Live> {
                    auto& state = platform_.state(ref);
                    if (state.live.split.empty()) return fail(ErrorKind::refused, "nothing is live");
                    for (auto& stored : state.resources)
                      if (stored.observed.release != 0 && stored.observed.release != room_for)
                        stored.awake = false;
                    return move(state, state.live.split, room_for);
                  });
  }

 private:
  static plan::Live move(MemoryPlatform::ServiceState& state, const plan::Split& split, int rests_for) {
    state.live = {.split = split,
                  .revision = std::to_string(std::stoi(state.live.revision) + 1),
                  .rests_for = rests_for};
    return state.live;
  }
};

class Capacity final : public provider::Capacity, Part {
 public:
  using Part::Part;
  std::vector<provider::Room> side_by_side(const ServiceRef&, std::span<const Desired> fresh, int,
                                           std::span<const Desired> serving) override {
    if (platform_.memory_there == 0) return {};
    provider::Room room{.what = "memory", .bytes = true, .there = platform_.memory_there};
    for (const auto all : {fresh, serving})
      for (const auto& desired : all) room.needed += desired.spec["memory_bytes"].as_integer();
    return {room};
  }
};

class Releases final : public provider::Releases, Part {
 public:
  using Part::Part;
  Result<std::vector<Record>> list(const ServiceRef& ref) override {
    Lock lock(platform_.mutex);
    auto records = platform_.seen(ref).records;
    std::ranges::sort(records, std::greater(), &Record::number);
    return records;
  }
  Result<Record> append(const ServiceRef& ref, const Record& record) override {
    return mutate("append record " + std::to_string(record.number), ref, nullptr, [&]() -> Result<Record> {
      auto& records = platform_.state(ref).records;
      if (std::ranges::find(records, record.number, &Record::number) != records.end())
        return fail(ErrorKind::conflict, "release " + std::to_string(record.number) + " exists");
      records.push_back(record);
      records.back().revision = revision();
      return records.back();
    });
  }
  Result<Record> update(const ServiceRef& ref, const Record& record) override {
    return mutate("update record " + std::to_string(record.number), ref, nullptr, [&]() -> Result<Record> {
      auto& records = platform_.state(ref).records;
      const auto found = std::ranges::find(records, record.number, &Record::number);
      if (found == records.end() || found->revision != record.revision)
        return fail(ErrorKind::conflict, "record " + std::to_string(record.number) + " moved");
      *found = record;
      found->revision = revision();
      return *found;
    });
  }
  Result<void> erase(const ServiceRef& ref) override {
    return mutate("erase records", ref, nullptr, [&]() -> Result<void> {
      platform_.services.erase(ref.service + "@" + ref.target);
      return {};
    });
  }
};

class Scaling final : public provider::Scaling, Part {
 public:
  using Part::Part;
  Result<manifest::Scale> read(const ServiceRef& ref) override {
    Lock lock(platform_.mutex);
    return platform_.seen(ref).scale;
  }
  Result<void> set(const ServiceRef& ref, const manifest::Scale& wanted, const Fence& fence) override {
    return mutate("update scale", ref, &fence, [&]() -> Result<void> {
      platform_.state(ref).scale = wanted;
      return {};
    });
  }
};

class Logs final : public provider::Logs {
 public:
  Result<provider::LogPage> read(const ServiceRef&, const provider::LogQuery&, const std::string&) override {
    return provider::LogPage{.empty_reason = "nothing is written in memory"};
  }
};

class Metrics final : public provider::Metrics, Part {
 public:
  using Part::Part;
  Result<provider::MetricsReport> read(const ServiceRef&, Milliseconds, Milliseconds) override {
    return platform_.measured ? platform_.measured() : provider::MetricsReport{};
  }
};

class Invoke final : public provider::Invoke, Part {
 public:
  using Part::Part;
  Result<provider::HttpResponse> send(const ServiceRef& ref, std::optional<int> release,
                                      const provider::HttpRequest& request, Milliseconds,
                                      const std::function<void(std::string_view)>&) override {
    Lock lock(platform_.mutex);
    const int to = release ? *release : platform_.state(ref).live.release();
    if (platform_.answer) return platform_.answer(to, request);
    return provider::HttpResponse{.status = 200, .body = "{}", .release = to};
  }
  Result<std::string> url(const ServiceRef& ref) override {
    Lock lock(platform_.mutex);
    if (platform_.seen(ref).resources.empty()) return fail(ErrorKind::not_found, "not deployed");
    return "memory://" + ref.service;
  }
};

class Inspect final : public provider::Inspect, Part {
 public:
  using Part::Part;
  Result<provider::Status> status(const ServiceRef& ref) override {
    Lock lock(platform_.mutex);
    const auto& live = platform_.seen(ref).live;
    return provider::Status{.health = live.split.empty() ? "absent" : live.rests_for != 0 ? "resting" : "ok"};
  }
  std::vector<Check> doctor(const provider::Service&) override {
    return {{.ok = true, .text = "memory is there"}};
  }
  Result<std::vector<Garbage>> garbage() override { return std::vector<Garbage>{}; }
  Result<void> collect() override { return {}; }
};

}  // namespace

namespace {

constexpr std::string_view fence = "the live pointer's revision";
constexpr std::array memory_calls{
    provider::MutatingCall{"append record *", "the number must be free"},
    provider::MutatingCall{"update record *", "the record's revision"},
    provider::MutatingCall{"erase records", "comes last", true},
    provider::MutatingCall{"keep secrets", "versions are added", true},
    provider::MutatingCall{"create listener *", fence},
    provider::MutatingCall{"update listener *", fence},
    provider::MutatingCall{"delete listener *", fence},
    provider::MutatingCall{"create instances *", fence},
    provider::MutatingCall{"delete instances *", fence},
    provider::MutatingCall{"update scale", fence},
    provider::MutatingCall{"wake release *", fence},
    provider::MutatingCall{"rest release *", fence},
    provider::MutatingCall{"promote *", fence},
    provider::MutatingCall{"hook *", "runs here", true},
};

}  // namespace

provider::Provider make_memory_provider(MemoryPlatform& platform) {
  provider::Provider provider;
  provider.name = "memory";
  provider.place = "in memory";
  provider.calls = memory_calls;
  provider.limits = std::make_unique<Limits>(platform);
  provider.artifacts = std::make_unique<Artifacts>(platform);
  provider.secrets = std::make_unique<Secrets>(platform);
  provider.resources = std::make_unique<Resources>(platform);
  provider.health = std::make_unique<Health>(platform);
  provider.traffic = std::make_unique<Traffic>(platform);
  provider.capacity = std::make_unique<Capacity>(platform);
  provider.releases = std::make_unique<Releases>(platform);
  provider.scaling = std::make_unique<Scaling>(platform);
  provider.logs = std::make_unique<Logs>();
  provider.metrics = std::make_unique<Metrics>(platform);
  provider.invoke = std::make_unique<Invoke>(platform);
  provider.inspect = std::make_unique<Inspect>(platform);
  return provider;
}

}  // namespace mdl::fakes
