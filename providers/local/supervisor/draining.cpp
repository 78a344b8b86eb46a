#include "providers/local/supervisor/draining.hpp"

#include <algorithm>
#include <cerrno>
#include <sys/wait.h>
#include <unistd.h>

#include "core/util/text.hpp"

namespace mdl::local::supervisor {

namespace {

// Most of what is under way ends within the first seconds; what is left then may last for hours.
constexpr Milliseconds first_pause{5}, later_pause{100};
constexpr int first_reports = 400;

}  // namespace

DrainingGateway::DrainingGateway(Loop& loop, Gateway& gateway, int channel, std::function<void()> finished)
    : loop_(loop), gateway_(gateway), finished_(std::move(finished)) {
  channel_ = Channel::open(loop, channel,
                           {.received =
                                [this](std::string_view text, int) {
                                  if (const auto message = parse_json(text)) receive(*message);
                                },
                            .ended =
                                [this] {
                                  if (finished_) std::exchange(finished_, nullptr)();
                                }});
  gateway_.leave([this](ClientConnection client) {
    channel_->send(dump(Value::object({{"client", client.key}, {"read", percent_encode(client.read)}})),
                   client.descriptor);
  });
  // Not at once: clients that were accepted and have no session yet would not be seen.
  timer_ = loop_.after(first_pause, [this] { report(); });
}

void DrainingGateway::receive(const Value& message) {
  const auto& key = message["key"].as_string();
  if (message["route"].is_null()) {
    gateway_.remove(key);
  } else {
    gateway_.update(key, route_from(message["route"]));
  }
}

void DrainingGateway::report() {
  auto load = gateway_.take_load();
  const bool counted = std::ranges::any_of(load, [](const auto& one) { return !one.stats.empty(); });
  if (load != told_ || counted) channel_->send(dump(Value::object({{"load", to_value(load)}})));
  told_ = std::move(load);
  if (gateway_.connections() == 0 && channel_->sent()) {
    if (finished_) std::exchange(finished_, nullptr)();
    return;
  }
  timer_ = loop_.after(++reports_ < first_reports ? first_pause : later_pause, [this] { report(); });
}

DrainingProcesses::DrainingProcesses(Loop& loop, Gateway& gateway, Log log)
    : loop_(loop), gateway_(gateway), log_(std::move(log)) {}

void DrainingProcesses::add(pid_t pid, int channel, const std::vector<GatewayLoad>& load) {
  auto& process = processes_[pid];
  process.load = load;
  process.channel = Channel::open(loop_, channel,
                                  {.received =
                                       [this, pid](std::string_view text, int descriptor) {
                                         receive(pid, parse_json(text).value_or(Value()), descriptor);
                                       },
                                   .ended = [this, pid] { ended(pid); }});
  gateway_.set_elsewhere(pid, load);
}

void DrainingProcesses::receive(pid_t pid, const Value& message, int descriptor) {
  if (descriptor >= 0)
    gateway_.adopt({.key = message["client"].as_string(),
                    .descriptor = descriptor,
                    .read = percent_decode(message["read"].as_string()).value_or("")});
  if (!message["load"].is_array()) return;
  auto& load = processes_[pid].load;
  load = loads_from(message["load"]);
  gateway_.set_elsewhere(pid, load);
  for (auto& one : load) one.stats.clear();
}

void DrainingProcesses::ended(pid_t pid) {
  processes_.erase(pid);
  gateway_.set_elsewhere(pid, {});
  ended_.push_back(pid);
  log_.info("all requests from before a restart have ended");
  reap();
}

void DrainingProcesses::reap() {
  std::erase_if(ended_, [](pid_t pid) {
    const pid_t found = ::waitpid(pid, nullptr, WNOHANG);
    return found == pid || (found < 0 && errno != EINTR);
  });
}

void DrainingProcesses::routed(const std::string& key, const Route* route) {
  const auto known = routes_.find(key);
  if (route == nullptr) {
    if (known != routes_.end()) routes_.erase(known);
  } else {
    if (known != routes_.end() && known->second == *route) return;
    routes_[key] = *route;
  }
  const auto message =
      dump(Value::object({{"key", key}, {"route", route == nullptr ? Value() : to_value(*route)}}));
  for (const auto& [pid, process] : processes_) process.channel->send(message);
}

Value DrainingProcesses::hand_over(Handover& handover) const {
  auto list = Value::array();
  for (const auto& [pid, process] : processes_)
    list.push(Value::object({{"pid", std::int64_t{pid}},
                             {"channel", handover.keep(process.channel->descriptor())},
                             {"load", to_value(process.load)}}));
  for (const auto pid : ended_) list.push(Value::object({{"pid", std::int64_t{pid}}, {"channel", -1}}));
  return list;
}

void DrainingProcesses::take_over(const Value& value) {
  for (const auto& one : value.as_array()) {
    const auto pid = static_cast<pid_t>(one["pid"].as_integer());
    const auto channel = static_cast<int>(one["channel"].as_integer(-1));
    if (channel >= 0) {
      add(pid, channel, loads_from(one["load"]));
    } else if (pid > 0) {
      ended_.push_back(pid);
    }
  }
}

}  // namespace mdl::local::supervisor
