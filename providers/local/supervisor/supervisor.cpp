#include "providers/local/supervisor/supervisor.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "core/util/text.hpp"

namespace mdl::local::supervisor {

namespace {

constexpr Milliseconds tick_pause{1'000}, tick_margin{5};
// A supervisor that was started and then was told nothing leaves again.
constexpr int longest_empty = 60;
// Draining and the grace after SIGTERM, and a little.
constexpr Milliseconds longest_stop{25'000};

}  // namespace

Supervisor::Supervisor(boost::asio::io_context& io, Home home, State& state, Keeper& keeper, Clock& clock,
                       Log log, std::function<void()> finished, std::uint64_t replica_descriptors,
                       std::function<std::vector<Gpu>()> find_devices)
    : clock_(clock),
      loop_(io),
      gpus_(std::move(find_devices)),
      gateway_(io, clock, gateway_events()),
      draining_(loop_, gateway_, log),
      surroundings_{.host = {loop_, clock, keeper, ports_, gpus_},
                    .home = std::move(home),
                    .state = state,
                    .gateway = gateway_,
                    .log = std::move(log),
                    .port_of = [this](const ServiceRef& ref) -> std::optional<int> {
                      auto* service = find(ref);
                      if (!service || service->port() == 0) return std::nullopt;
                      return service->port();
                    },
                    .descriptors = replica_descriptors},
      finished_(std::move(finished)) {}

GatewayEvents Supervisor::gateway_events() {
  const auto with = [this](const std::string& key, const auto& action) {
    if (const auto found = services_.find(key); found != services_.end()) action(*found->second);
    for (const auto& service : leaving_)
      if (gateway_key(service->ref()) == key) action(*service);
  };
  return {
      .on_demand = [with](const std::string& key, int) { with(key, [](Service& one) { one.on_demand(); }); },
      .on_drained =
          [with](const std::string& key, const Upstream& upstream) {
            with(key, [&](Service& one) { one.on_drained(upstream); });
          },
      .on_unreachable =
          [with](const std::string& key, const Upstream& upstream) {
            with(key, [&](Service& one) { one.on_unreachable(upstream); });
          },
      .on_route = [this](const std::string& key, const Route* route) { draining_.routed(key, route); }};
}

Result<void> Supervisor::start(const Value& taken_over) {
  MDL_TRY(const auto refs, state().services());
  std::vector<GatewayListener> listeners;
  for (const auto& one : taken_over["gateway"].as_array())
    listeners.push_back({one["key"].as_string(), static_cast<std::uint16_t>(one["port"].as_integer()),
                         static_cast<int>(one["descriptor"].as_integer(-1))});
  gateway_.inherit(std::move(listeners));
  // All are known before the first process starts: it may need another's port.
  for (const auto& ref : refs) {
    MDL_TRY(auto row, state().read(ref));
    if (row) require(ref).adopt(std::move(*row));
  }
  take_over(taken_over);
  for (const auto& ref : refs) MDL_CHECK(reconcile(ref));
  log().info((taken_over.is_null() ? "started with " : "restarted with ") + std::to_string(refs.size()) +
             (refs.size() == 1 ? " service" : " services"));
  tick_timer_ = loop_.after(tick_pause, [this] { tick(); });
  return {};
}

void Supervisor::take_over(const Value& value) {
  gateway_.close_inherited();
  ports_.take_over(value["ports"]);
  draining_.take_over(value["draining"]);
  if (const auto& fork = value["fork"]; !fork.is_null())
    draining_.add(static_cast<pid_t>(fork["pid"].as_integer()),
                  static_cast<int>(fork["channel"].as_integer(-1)), loads_from(fork["load"]));
  erased_ = value["erased"].as_bool();
  const auto leave = [this](const Value& one) {
    leaving_.push_back(std::make_unique<Service>(
        surroundings_, ServiceRef{one["service"].as_string(), one["target"].as_string()}));
    leaving_.back()->take_over(one);
  };
  for (const auto& one : value["services"].as_array()) {
    auto* known = find({one["service"].as_string(), one["target"].as_string()});
    known != nullptr ? known->take_over(one) : leave(one);
  }
  for (const auto& one : value["leaving"].as_array()) leave(one);
  if (!leaving_.empty()) loop_.post([this] { check_finished(); });
}

void Supervisor::hand_over(Handover& handover) const {
  auto gateway = Value::array(), services = Value::array(), leaving = Value::array();
  for (const auto& listener : gateway_.listeners())
    gateway.push(Value::object({{"key", listener.key},
                                {"port", int{listener.port}},
                                {"descriptor", handover.keep(listener.descriptor)}}));
  for (const auto& [key, service] : services_) services.push(service->hand_over(handover));
  for (const auto& service : leaving_) leaving.push(service->hand_over(handover));
  handover.state.set("gateway", std::move(gateway));
  handover.state.set("services", std::move(services));
  handover.state.set("leaving", std::move(leaving));
  handover.state.set("ports", ports_.hand_over(handover));
  handover.state.set("draining", draining_.hand_over(handover));
  handover.state.set("erased", erased_);
}

Gateway& Supervisor::abandon() {
  for (auto* timer : {&tick_timer_, &stop_timer_, &deadline_}) timer->reset();
  for (const auto& [key, service] : services_) service->abandon();
  for (const auto& service : leaving_) service->abandon();
  draining_.abandon();
  ports_.abandon();
  return gateway_;
}

Result<void> Supervisor::reconcile(const ServiceRef& ref) {
  MDL_TRY(auto row, state().read(ref));
  if (row) require(ref).apply(std::move(*row));
  return {};
}

Service* Supervisor::find(const ServiceRef& ref) {
  const auto found = services_.find(gateway_key(ref));
  return found == services_.end() ? nullptr : found->second.get();
}

Service& Supervisor::require(const ServiceRef& ref) {
  auto& service = services_[gateway_key(ref)];
  if (!service) service = std::make_unique<Service>(surroundings_, ref);
  return *service;
}

void Supervisor::release_unused(const ServiceRef& ref) {
  const auto row = state().read(ref);
  if (row && !*row) services_.erase(gateway_key(ref));
}

void Supervisor::erased(const ServiceRef& ref) {
  erased_ = true;
  const auto found = services_.find(gateway_key(ref));
  if (found == services_.end()) return remove_logs(ref);
  found->second->stop();
  leaving_.push_back(std::move(found->second));
  services_.erase(found);
  loop_.post([this] { check_finished(); });
}

void Supervisor::remove_logs(const ServiceRef& ref) {
  const std::filesystem::path folder = home().logs(ref.service, ref.target);
  std::error_code error;
  std::filesystem::remove_all(folder, error);
  if (error) log().warning("the logs below " + folder.string() + " were not removed: " + error.message());
  std::filesystem::remove(folder.parent_path(), error);  // unless another target's are there
}

void Supervisor::check_finished() {
  std::erase_if(leaving_, [this](const auto& service) {
    if (!service->idle()) return false;
    if (!stopping_ && !services_.contains(gateway_key(service->ref()))) remove_logs(service->ref());
    return true;
  });
  const bool all_idle =
      leaving_.empty() && std::ranges::all_of(services_, [](const auto& one) { return one.second->idle(); });
  const bool done = stopping_ ? all_idle : all_idle && services_.empty() && erased_;
  if (done && finished_) {
    log().info(stopping_ ? "stopped" : "nothing is deployed any more");
    if (on_stop_ && !stopping_) on_stop_();
    stopping_ = true;
    // Answers that are on their way still get out.
    stop_timer_ = loop_.after(Milliseconds(50), std::exchange(finished_, nullptr));
  } else if (!leaving_.empty() || stopping_) {
    stop_timer_ = loop_.after(Milliseconds(20), [this] { check_finished(); });
  }
}

void Supervisor::stop() {
  if (std::exchange(stopping_, true)) return;
  log().info("stopping");
  if (on_stop_) on_stop_();
  for (const auto& [key, service] : services_) service->stop();
  deadline_ = loop_.after(longest_stop, [this] {
    if (finished_) std::exchange(finished_, nullptr)();
  });
  check_finished();
}

void Supervisor::tick() {
  // Once in each second of the wall clock, so that none is counted twice or left out.
  const auto into = std::chrono::duration_cast<Milliseconds>(clock_.now().time_since_epoch()) % tick_pause;
  tick_timer_ = loop_.after(tick_pause - into + tick_margin, [this] { tick(); });
  std::set<pid_t> groups;
  for (const auto& [key, service] : services_) groups.merge(service->groups());
  draining_.reap();
  usage_ = sample_usage(groups);
  for (const auto& [key, service] : services_) service->tick(usage_);
  empty_ticks_ = services_.empty() ? empty_ticks_ + 1 : 0;
  if (empty_ticks_ >= longest_empty) stop();
}

}  // namespace mdl::local::supervisor
