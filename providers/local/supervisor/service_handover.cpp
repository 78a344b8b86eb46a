#include "providers/local/supervisor/service.hpp"

// A service over a restart of the supervisor.
namespace mdl::local::supervisor {

Value Service::hand_over(Handover& handover) const {
  auto releases = Value::array(), leaving = Value::array(), courses = Value::array();
  for (const auto& [number, release] : releases_) releases.push(release->hand_over(handover));
  for (const auto& release : leaving_) leaving.push(release->hand_over(handover));
  for (const auto& [number, course] : courses_) {
    auto window = Value::array();
    for (const auto time : course.window.needed()) window.push(std::int64_t{time.count()});
    courses.push(Value::object({{"release", number},
                                {"window", std::move(window)},
                                {"warm_since", std::int64_t{course.warm_since.count()}},
                                {"live", course.live},
                                {"woken", course.woken},
                                {"resting", course.resting},
                                {"cpu_before", course.cpu_before}}));
  }
  return Value::object({{"service", ref_.service},
                        {"target", ref_.target},
                        {"stopping", stopping_},
                        {"releases", std::move(releases)},
                        {"leaving", std::move(leaving)},
                        {"courses", std::move(courses)},
                        {"metrics", metrics_.hand_over()}});
}

void Service::take_over(const Value& value) {
  stopping_ = value["stopping"].as_bool();
  for (const auto& one : value["courses"].as_array()) {
    auto& course = courses_[static_cast<int>(one["release"].as_integer())];
    std::vector<std::chrono::nanoseconds> window;
    for (const auto& time : one["window"].as_array()) window.emplace_back(time.as_integer());
    course.window.restore(std::move(window));
    course.warm_since = std::chrono::nanoseconds(one["warm_since"].as_integer());
    course.live = one["live"].as_bool();
    course.woken = one["woken"].as_bool();
    course.resting = one["resting"].as_bool();
    course.cpu_before = one["cpu_before"].as_number();
  }
  for (const auto& one : value["releases"].as_array()) take_over_release(one);
  for (const auto& one : value["leaving"].as_array()) take_over_release(one);
  metrics_.take_over(value["metrics"]);
}

// One that the state does not know, or knows with other settings by now, ends as it was about to.
void Service::take_over_release(const Value& value) {
  const auto number = static_cast<int>(value["release"].as_integer());
  const auto* row = row_.find(number);
  const bool kept =
      row != nullptr && row->revision == value["revision"].as_string() && !releases_.contains(number);
  auto release = make_release(
      {.release = number, .spec = value["spec"], .revision = value["revision"].as_string(), .failure = {}});
  auto& taken = *release;
  if (kept) {
    releases_.emplace(number, std::move(release));
  } else {
    leaving_.push_back(std::move(release));
  }
  taken.take_over(value);
  if (!kept) taken.scale_to(0);
}

void Service::abandon() {
  for (const auto& [number, release] : releases_) release->abandon();
  for (const auto& release : leaving_) release->abandon();
}

}  // namespace mdl::local::supervisor
