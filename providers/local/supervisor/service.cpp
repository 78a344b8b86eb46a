#include "providers/local/supervisor/service.hpp"

#include <algorithm>

#include "core/util/text.hpp"
#include "providers/local/supervisor/process.hpp"

namespace mdl::local::supervisor {

namespace {

using Phase = ReleaseRow::Phase;

// Whose logs are kept, also when nothing else of them is.
constexpr int remembered_releases = 20;
// Of requests under way when the supervisor itself stops.
constexpr Milliseconds longest_drain{10'000};

}  // namespace

std::string gateway_key(const ServiceRef& ref) {
  return percent_encode(ref.service) + "/" + percent_encode(ref.target);
}

Service::Service(Surroundings& surroundings, ServiceRef ref)
    : around_(surroundings), ref_(std::move(ref)), key_(gateway_key(ref_)) {}

Service::~Service() {
  if (port_ != 0) around_.gateway.remove(key_);
}

void Service::stored(const Result<void>& result, const char* what) {
  if (!result)
    around_.log.error(key_ + ": " + what + " was not stored: " + result.error().message + " " +
                      result.error().quoted);
}

void Service::adopt(ServiceRow row) {
  row_ = std::move(row);
  limits_ = scale_limits(row_.scaling["effective"]);
  apply_gateway();
}

void Service::apply(ServiceRow row) {
  adopt(std::move(row));
  std::vector<int> gone;
  for (const auto& [number, release] : releases_) {
    const auto* kept = row_.find(number);
    if (!kept || kept->revision != release->revision()) gone.push_back(number);
  }
  for (const auto number : gone) {
    retire(number);
    if (!row_.find(number)) metrics_.forget(number);
  }
  for (const auto& kept : row_.releases) apply_release(kept);
  scale();
  update_route();
}

void Service::apply_gateway() {
  if (row_.gateway.is_null()) {
    if (port_ != 0) around_.gateway.remove(key_);
    port_ = 0;
    gateway_problem_.clear();
    return;
  }
  if (port_ == row_.port && port_ != 0) return;
  auto listening = listen(row_.port);
  // A port that was chosen, not asked for, is not worth being away for.
  if (!listening && row_.port != 0 && row_.gateway["port"].as_integer() == 0) {
    listening = listen(0);
    if (listening) move_port(*listening);
  }
  if (!listening && gateway_problem_.empty())
    around_.log.error(key_ + ": " + listening.error().message + " " + listening.error().quoted);
  gateway_problem_ = listening ? "" : listening.error().message;
}

void Service::move_port(std::uint16_t port) {
  around_.log.warning(key_ + ": port " + std::to_string(row_.port) + " is taken, moved to " +
                      std::to_string(port));
  stored(around_.state.set_port(ref_, port), "the port");
  row_.port = port;
}

Result<std::uint16_t> Service::listen(int port) {
  if (port < 0 || port > 65535)
    return fail(ErrorKind::invalid, "port " + std::to_string(port) + " is out of range");
  if (port_ != 0 && (port == 0 || port == port_)) return port_;
  MDL_TRY(const auto taken, around_.gateway.listen(key_, static_cast<std::uint16_t>(port)));
  port_ = taken;
  gateway_problem_.clear();
  return taken;
}

// Its log continues under the same number when the release comes again.
void Service::retire(int release) {
  const auto found = releases_.find(release);
  found->second->scale_to(0);
  leaving_.push_back(std::move(found->second));
  releases_.erase(found);
  courses_.erase(release);
}

void Service::apply_release(const ReleaseRow& row) {
  if (!releases_.contains(row.release)) add_release(row);
  auto& release = *releases_[row.release];
  auto& course = courses_[row.release];
  const bool live = row_.share(row.release) > 0;
  const auto now = around_.host.clock.elapsed();
  if (live && !course.live) course.window.touch(release.wanted(), now);
  if (!live && course.live) {
    course.warm_since = now;
    course.woken = false;
  }
  if (row.phase == Phase::resting) course.resting = true;
  if (course.resting &&
      row.phase == Phase::up) {  // woken: its time of staying warm begins now, not when it was replaced
    course.resting = false;
    course.warm_since = now;
    course.woken = true;
    release.attempt();
  }
  course.live = live;
  release.set_live(live);
}

void Service::add_release(const ReleaseRow& row) {
  std::set<int> kept;
  for (const auto& one : row_.releases) kept.insert(one.release);
  remove_old_logs(around_.home.logs(ref_.service, ref_.target), remembered_releases, kept);
  auto release = make_release(row);
  if (row.phase == Phase::failed) release->set_failed(row.failure);
  // A supervisor that was started again goes on with what its predecessor had begun.
  if (row.phase == Phase::up && !(row.proven && row_.share(row.release) > 0)) release->attempt();
  auto& course = courses_[row.release];
  course.warm_since = around_.host.clock.elapsed();
  course.woken = true;
  course.resting = row.phase == Phase::resting;
  releases_.emplace(row.release, std::move(release));
}

std::unique_ptr<Release> Service::make_release(const ReleaseRow& row) {
  auto secrets = secrets_of(row.spec);
  ReleaseSettings settings{.ref = ref_,
                           .number = row.release,
                           .spec = row.spec,
                           .revision = row.revision,
                           .logs = around_.home.logs(ref_.service, ref_.target),
                           .secrets = secrets ? std::move(*secrets) : std::map<std::string, std::string>{}};
  const auto number = row.release;
  return std::make_unique<Release>(
      around_.host, std::move(settings),
      ReleaseEvents{
          .launch = [this, number](
                        const Replica& replica,
                        std::uint16_t port) { return launch(*releases_.at(number), replica, port); },
          .in_flight = [this](const Upstream& upstream) { return around_.gateway.in_flight(key_, upstream); },
          .changed = [this] { on_change(); },
          .started =
              [this](int started, Milliseconds took) {
                stored(around_.state.set_start(ref_, started, took), "how long a start took");
                for (auto& one : row_.releases)
                  if (one.release == started) one.start = took;
              },
          .failed =
              [this](int failed, const Value& failure) {
                around_.log.warning(key_ + ": " + failure["detail"].as_string());
                stored(around_.state.set_phase(ref_, failed, Phase::failed, failure), "a failure");
                for (auto& one : row_.releases)
                  if (one.release == failed) one.phase = Phase::failed, one.failure = failure;
              },
          .proven =
              [this](int proven) {
                courses_[proven].warm_since = around_.host.clock.elapsed();
                stored(around_.state.set_proven(ref_, proven), "a release's health");
                for (auto& one : row_.releases)
                  if (one.release == proven) one.proven = true;
              }});
}

void Service::attempt(int release) {
  const auto found = releases_.find(release);
  if (found == releases_.end()) return;
  // It was wanted a moment ago, and could not even be started.
  if (const auto* row = row_.find(release); row && row->phase == Phase::failed) return;
  courses_[release].warm_since = around_.host.clock.elapsed();
  courses_[release].woken = true;
  if (found->second->wanted() == 0) found->second->attempt();
  scale();
  update_route();
}

Result<std::map<std::string, std::string>> Service::secrets_of(const Value& spec) {
  std::map<std::string, std::string> values;
  for (const auto& [name, version] : spec["secrets"].as_object()) {
    MDL_TRY(auto value, around_.state.secret(ref_, {name, version.as_string()}));
    values.emplace(name, std::move(value));
  }
  return values;
}

Result<Launch> Service::launch(const Release& release, const Replica& replica, std::uint16_t port) {
  MDL_TRY(const auto secrets, secrets_of(release.spec()));
  std::map<std::string, std::string> urls;
  for (const auto& name : release.spec()["needs"].as_strings()) {
    if (const auto needed = around_.port_of({name, ref_.target})) {
      urls.emplace(name, "http://127.0.0.1:" + std::to_string(*needed));
    } else {
      around_.log.warning(key_ + ": needs " + name + ", which is not deployed at " + ref_.target);
    }
  }
  const auto identity = Value::object({{"service", ref_.service},
                                       {"target", ref_.target},
                                       {"release", release.number()},
                                       {"replica", replica.settings().number},
                                       {"concurrency", limits_.concurrency},
                                       {"gpus", replica.gpus().text()}});
  MDL_TRY(auto launched, local::launch(around_.home, release.spec(), secrets, urls, port, identity));
  launched.descriptors = around_.descriptors;
  return launched;
}

Milliseconds Service::request_timeout() const {
  const auto timeout = row_.gateway["timeout_ms"].as_integer();
  return timeout > 0 ? Milliseconds(timeout) : Route().timeout;
}

void Service::update_route() {
  if (port_ == 0 || stopping_) return;
  Route route{.concurrency = limits_.concurrency};
  route.timeout = request_timeout();
  for (const auto& part : row_.split.as_array())
    route.split.push_back({static_cast<int>(part["release"].as_integer()), part["weight"].as_number()});
  for (const auto& [number, release] : releases_)
    for (const auto& upstream : release->upstreams()) route.upstreams.push_back(upstream);
  around_.gateway.update(key_, route);
}

void Service::on_demand() { scale(); }

void Service::on_drained(const Upstream& upstream) {
  const auto hand_on = [&](Release& release) {
    if (release.number() != upstream.release) return;
    auto* replica = release.find(upstream.replica);
    if (replica && replica->port() == upstream.port) replica->drained();
  };
  for (const auto& [number, release] : releases_) hand_on(*release);
  for (const auto& release : leaving_) hand_on(*release);
}

void Service::on_unreachable(const Upstream& upstream) {
  const auto found = releases_.find(upstream.release);
  auto* replica = found == releases_.end() ? nullptr : found->second->find(upstream.replica);
  if (replica && replica->port() == upstream.port) replica->check_now();
}

void Service::stop() {
  stopping_ = true;
  for (const auto& [number, release] : releases_) release->scale_to(0, longest_drain);
  hurry(longest_drain);
  if (port_ != 0) around_.gateway.remove(key_);
  port_ = 0;
}

bool Service::idle() const {
  return std::ranges::all_of(releases_, [](const auto& entry) { return entry.second->empty(); }) &&
         std::ranges::all_of(leaving_, [](const auto& release) { return release->empty(); });
}

int Service::held() const { return port_ == 0 ? 0 : around_.gateway.held(key_); }

std::set<pid_t> Service::groups() const {
  std::set<pid_t> groups;
  for (const auto& [number, release] : releases_)
    for (const auto& [id, replica] : release->replicas())
      if (replica->pid() > 0) groups.insert(replica->pid());
  return groups;
}

}  // namespace mdl::local::supervisor
