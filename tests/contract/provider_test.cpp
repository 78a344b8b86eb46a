#include <algorithm>
#include <doctest/doctest.h>
#include <mutex>
#include <set>

#include "tests/contract/subject.hpp"

// What every provider must hold, whatever its platform.

using namespace mdl;
using contract::deploy;
using engine::Exit;

// With MDL_CONTRACT_AWS for an emulator, see tests/integration/aws_test.py; without it for what needs none.
#ifdef MDL_CONTRACT_AWS
#include "tests/contract/aws_subject.hpp"
#define SUBJECTS contract::AwsSubject
TYPE_TO_STRING_AS("aws", contract::AwsSubject);
#else
#define SUBJECTS contract::MemorySubject, contract::LocalSubject
#endif
// Those on which what serves can be stopped to make room.
#define RESTING contract::MemorySubject, contract::LocalSubject
TYPE_TO_STRING_AS("memory", contract::MemorySubject);
TYPE_TO_STRING_AS("local", contract::LocalSubject);

namespace {

template <class Subject>
std::vector<plan::ResourceId> ids(Subject& subject) {
  std::vector<plan::ResourceId> found;
  auto listed = subject.provider().resources->list(subject.ref());
  REQUIRE(listed);
  for (const auto& resource : *listed) found.push_back(resource.id);
  std::ranges::sort(found);
  return found;
}

// Keeps the name of each call that a run makes.
class NamedCalls final : public engine::Journal {
 public:
  Result<void> begin(const engine::JournalRun&) override { return {}; }
  Result<void> write(const std::string&, const engine::JournalEntry& entry) override {
    std::lock_guard lock(mutex_);
    names.insert(entry.call);
    return {};
  }
  Result<void> finish(const std::string&) override { return {}; }
  Result<std::optional<engine::JournalRun>> unfinished(const release::ServiceRef&) override {
    return std::nullopt;
  }
  std::set<std::string> names;

 private:
  std::mutex mutex_;
};

bool matches(std::string_view pattern, std::string_view call) {
  if (!pattern.ends_with('*')) return pattern == call;
  pattern.remove_suffix(1);
  return call.starts_with(pattern) && call.size() > pattern.size();
}

template <class Subject>
plan::Live live(Subject& subject) {
  auto read = subject.provider().traffic->read(subject.ref());
  REQUIRE(read);
  return *read;
}

}  // namespace

TEST_CASE_TEMPLATE("contract: before the first deploy everything is absent, which is no error", Subject,
                   SUBJECTS) {
  Subject subject;
  CHECK(live(subject).split.empty());
  CHECK(ids(subject).empty());
  auto records = subject.provider().releases->list(subject.ref());
  REQUIRE(records);
  CHECK(records->empty());
  auto url = subject.provider().invoke->url(subject.ref());
  REQUIRE_FALSE(url);
  CHECK(url.error().kind == ErrorKind::not_found);
  CHECK(engine::destroy(subject.ref(), subject.provider(), subject.env()).nothing_to_do);
}

TEST_CASE_TEMPLATE("contract: deploy, deploy again, change, roll back, destroy", Subject, SUBJECTS) {
  Subject subject;
  auto first = deploy(subject, subject.service("1"));
  REQUIRE(first.exit == Exit::ok);
  CHECK(first.serving == 1);
  CHECK(deploy(subject, subject.service("1")).nothing_to_do);
  auto plan = engine::make_plan(subject.service("1"), subject.provider(), subject.env());
  REQUIRE(plan);
  CHECK(plan->plan.empty());

  auto second = deploy(subject, subject.service("2"));
  REQUIRE(second.exit == Exit::ok);
  CHECK(second.serving == 2);
  CHECK(second.previous == 1);
  CHECK(second.previous_restorable);

  auto back = engine::rollback({.ref = subject.ref()}, subject.provider(), subject.env());
  REQUIRE(back.exit == Exit::ok);
  CHECK(back.serving == 1);
  auto answer = subject.provider().invoke->send(subject.ref(), {}, {}, Milliseconds{5'000});
  REQUIRE(answer);
  CHECK(answer->status == 200);
  auto history = engine::history(subject.ref(), subject.provider());
  REQUIRE(history);
  REQUIRE(history->size() == 3);
  CHECK(history->front().how == "rollback to 1");
  CHECK(history->front().state == release::State::live);

  CHECK(engine::destroy(subject.ref(), subject.provider(), subject.env()).exit == Exit::ok);
  CHECK(ids(subject).empty());
  CHECK(live(subject).split.empty());
}

TEST_CASE_TEMPLATE("contract: a release that fails leaves the old one serving and nothing of its own",
                   Subject, SUBJECTS) {
  Subject subject;
  REQUIRE(deploy(subject, subject.service("1")).exit == Exit::ok);
  const auto before = ids(subject);
  const auto outcome = deploy(subject, subject.crashing_service());
  CHECK(outcome.exit == Exit::previous_serves);
  CHECK(outcome.serving == 1);
  REQUIRE(outcome.error);
  CHECK(outcome.error->code == "exited");
  CHECK_FALSE(outcome.error->lines.empty());
  CHECK(ids(subject) == before);
  CHECK(live(subject).release() == 1);
}

TEST_CASE_TEMPLATE("contract: the live pointer moves only from the revision that was read", Subject,
                   SUBJECTS) {
  Subject subject;
  REQUIRE(deploy(subject, subject.service("1")).exit == Exit::ok);
  const auto before = live(subject);
  REQUIRE(deploy(subject, subject.service("2")).exit == Exit::ok);
  const auto now = live(subject);
  CHECK(now.revision != before.revision);
  auto swapped = subject.provider().traffic->swap(subject.ref(), before, {{1, 1.0}});
  REQUIRE_FALSE(swapped);
  CHECK(swapped.error().kind == ErrorKind::conflict);
  CHECK(live(subject).revision == now.revision);
  CHECK(live(subject).release() == 2);
}

TEST_CASE_TEMPLATE("contract: a call whose fence moved changes nothing", Subject, SUBJECTS) {
  Subject subject;
  REQUIRE(deploy(subject, subject.service("1")).exit == Exit::ok);
  const provider::Fence stale{live(subject).revision};
  REQUIRE(deploy(subject, subject.service("2")).exit == Exit::ok);
  const auto before = ids(subject);
  auto listed = subject.provider().resources->list(subject.ref());
  REQUIRE(listed);
  for (const auto& resource : *listed) {
    const plan::Change removal = plan::Delete{resource.id, resource.release, resource.revision};
    auto applied = subject.provider().resources->apply(subject.ref(), removal, stale);
    REQUIRE_FALSE(applied);
    CHECK(applied.error().kind == ErrorKind::conflict);
  }
  for (auto& desired :
       subject.provider().resources->desired(subject.service("3"), {.number = 3, .artifact = "a"})) {
    if (desired.release == 0) continue;
    auto applied = subject.provider().resources->apply(subject.ref(), plan::Create{desired}, stale);
    REQUIRE_FALSE(applied);
    CHECK(applied.error().kind == ErrorKind::conflict);
  }
  auto woken = subject.provider().health->wake(subject.ref(), 1, stale);
  REQUIRE_FALSE(woken);
  CHECK(woken.error().kind == ErrorKind::conflict);
  auto scaled = subject.provider().scaling->set(subject.ref(), {.max = 2}, stale);
  REQUIRE_FALSE(scaled);
  CHECK(scaled.error().kind == ErrorKind::conflict);
  CHECK(ids(subject) == before);
}

TEST_CASE_TEMPLATE("contract: repeating a create or a delete has the effect of one", Subject, SUBJECTS) {
  Subject subject;
  REQUIRE(deploy(subject, subject.service("1")).exit == Exit::ok);
  REQUIRE(deploy(subject, subject.service("2")).exit == Exit::ok);
  const provider::Fence fence{live(subject).revision};
  auto records = subject.provider().releases->list(subject.ref());
  REQUIRE(records);
  const auto& first = records->back();
  REQUIRE(first.resources.as_array().size() == 1);
  auto desired = plan::desired_from(first.resources.as_array().front());
  REQUIRE(desired);
  const auto before = ids(subject);
  CHECK(subject.provider().resources->apply(subject.ref(), plan::Create{*desired}, fence));
  CHECK(ids(subject) == before);
  const plan::Change removal = plan::Delete{desired->id, desired->release, {}};
  CHECK(subject.provider().resources->apply(subject.ref(), removal, fence));
  CHECK(subject.provider().resources->apply(subject.ref(), removal, fence));
  CHECK(ids(subject).size() == before.size() - 1);
}

TEST_CASE_TEMPLATE("contract: a record's number is given once, and an update needs its revision", Subject,
                   SUBJECTS) {
  Subject subject;
  REQUIRE(deploy(subject, subject.service("1")).exit == Exit::ok);
  auto records = subject.provider().releases->list(subject.ref());
  REQUIRE(records);
  REQUIRE(records->size() == 1);
  auto record = records->front();
  auto again = subject.provider().releases->append(subject.ref(), record);
  REQUIRE_FALSE(again);
  CHECK(again.error().kind == ErrorKind::conflict);
  record.reason = "first";
  record.extra.set("from_a_later_version", 1);
  auto updated = subject.provider().releases->update(subject.ref(), record);
  REQUIRE(updated);
  CHECK(updated->extra["from_a_later_version"].as_integer() == 1);
  record.reason = "second";
  auto stale = subject.provider().releases->update(subject.ref(), record);
  REQUIRE_FALSE(stale);
  CHECK(stale.error().kind == ErrorKind::conflict);
}

TEST_CASE_TEMPLATE("contract: scale holds over a deploy until the manifest's own figures change", Subject,
                   contract::LocalSubject) {
  Subject subject;
  REQUIRE(deploy(subject, subject.service("1")).exit == Exit::ok);
  REQUIRE(engine::scale({.ref = subject.ref(), .max = 3}, subject.provider(), subject.env()).exit ==
          Exit::ok);
  CHECK(deploy(subject, subject.service("1")).nothing_to_do);
  REQUIRE(deploy(subject, subject.service("2")).exit == Exit::ok);
  auto scale = subject.provider().scaling->read(subject.ref());
  REQUIRE(scale);
  CHECK(scale->max == 3);
  auto service = subject.service("2");
  service.scale.max = 2;
  REQUIRE(deploy(subject, service).exit == Exit::ok);
  CHECK(subject.provider().scaling->read(subject.ref())->max == 2);
}

TEST_CASE_TEMPLATE("contract: the gateway's answer names the release, and a split serves both", Subject,
                   contract::LocalSubject) {
  Subject subject;
  REQUIRE(deploy(subject, subject.service("1")).exit == Exit::ok);
  REQUIRE(deploy(subject, subject.service("2")).exit == Exit::ok);
  REQUIRE(engine::promote(subject.ref(), 1, 0.5, subject.provider(), subject.env()).exit == Exit::ok);
  int answered[3] = {};
  for (int i = 0; i < 20; ++i) {
    auto answer = subject.provider().invoke->send(subject.ref(), {}, {}, Milliseconds{5'000});
    REQUIRE(answer);
    REQUIRE((answer->release == 1 || answer->release == 2));
    CHECK(answer->body == std::to_string(answer->release));
    ++answered[answer->release];
  }
  CHECK(answered[1] == 10);
  CHECK(answered[2] == 10);
}

TEST_CASE_TEMPLATE("contract: a release at rest is not ready, and a rollback wakes and checks it first",
                   Subject, contract::LocalSubject) {
  Subject subject;
  const auto service = [&](const std::string& version) {
    auto made = subject.service(version);
    made.rollout.warm = Milliseconds{0};
    return made;
  };
  REQUIRE(deploy(subject, service("1")).exit == Exit::ok);
  REQUIRE(deploy(subject, service("2")).exit == Exit::ok);
  bool rests = false;
  for (int look = 0; look < 400 && !rests; ++look) {
    auto readiness = subject.provider().health->readiness(subject.ref(), 1);
    REQUIRE(readiness);
    rests = readiness->state == provider::Readiness::State::waiting;
    if (!rests) subject.env().sleeper.sleep(Milliseconds{25});
  }
  REQUIRE(rests);
  const auto back = engine::rollback({.ref = subject.ref()}, subject.provider(), subject.env());
  CHECK(back.exit == Exit::ok);
  CHECK(back.serving == 1);
}

TEST_CASE_TEMPLATE(
    "contract: a drain stops what is live, starts the next one, and takes it back when that fails", Subject,
    RESTING) {
  Subject subject;
  const auto draining = [](manifest::Service service) {
    service.rollout.strategy = manifest::Strategy::drain;
    return service;
  };
  REQUIRE(deploy(subject, draining(subject.service("1"))).exit == Exit::ok);
  const auto second = deploy(subject, draining(subject.service("2")));
  REQUIRE(second.exit == Exit::ok);
  CHECK(second.serving == 2);
  CHECK(live(subject).rests_for == 0);

  const auto failed = deploy(subject, draining(subject.crashing_service()));
  CHECK(failed.exit == Exit::previous_serves);
  CHECK(failed.serving == 2);
  CHECK(failed.woken);
  CHECK(live(subject).rests_for == 0);
  auto answer = subject.provider().invoke->send(subject.ref(), {}, {}, Milliseconds{5'000});
  REQUIRE(answer);
  CHECK(answer->status == 200);

  const auto back = engine::rollback({.ref = subject.ref()}, subject.provider(), subject.env());
  CHECK(back.exit == Exit::ok);
  CHECK(back.serving == 1);
}

TEST_CASE_TEMPLATE("contract: a rest moves the pointer's revision, keeps its split, and any swap ends it",
                   Subject, RESTING) {
  Subject subject;
  auto& traffic = *subject.provider().traffic;
  auto nothing = traffic.rest(subject.ref(), live(subject), 1);
  REQUIRE_FALSE(nothing);
  CHECK(nothing.error().kind == ErrorKind::refused);
  REQUIRE(deploy(subject, subject.service("1")).exit == Exit::ok);
  const auto before = live(subject);
  const auto rested = traffic.rest(subject.ref(), before, 7);
  REQUIRE(rested);
  CHECK(rested->rests_for == 7);
  CHECK(rested->split == before.split);
  CHECK(rested->revision != before.revision);
  CHECK(live(subject).revision == rested->revision);
  CHECK(live(subject).rests_for == 7);
  auto stale = traffic.rest(subject.ref(), before, 8);
  REQUIRE_FALSE(stale);
  CHECK(stale.error().kind == ErrorKind::conflict);
  const auto again = traffic.rest(subject.ref(), *rested, 7);
  REQUIRE(again);
  CHECK(again->revision != rested->revision);
  auto ready = subject.provider().health->readiness(subject.ref(), 1);
  REQUIRE(ready);
  CHECK(ready->state != provider::Readiness::State::ready);
  const auto woken = traffic.swap(subject.ref(), *again, before.split);
  REQUIRE(woken);
  CHECK(woken->rests_for == 0);
  auto answer = subject.provider().invoke->send(subject.ref(), {}, {}, Milliseconds{15'000});
  REQUIRE(answer);
  CHECK(answer->status == 200);
}

TEST_CASE_TEMPLATE("contract: the provider states the precondition of every call that the engine makes",
                   Subject, RESTING) {
  Subject subject;
  NamedCalls journal;
  auto& outer = subject.env();
  engine::Environment env{outer.clock,  outer.sleeper, outer.interrupt, journal,
                          outer.events, "run",         outer.author,    outer.stat_cache};
  auto& provider = subject.provider();
  const auto run = [&](manifest::Service service) {
    engine::DeployRequest request;
    request.services = {std::move(service)};
    return engine::deploy(request, provider, env).front().exit;
  };
  REQUIRE(run(subject.service("1")) == Exit::ok);
  auto second = subject.service("2");
  second.http.timeout = Milliseconds{7'000};
  second.rollout.strategy = manifest::Strategy::canary;
  second.rollout.steps = {0.5};
  second.rollout.hold = Milliseconds{0};
  second.hooks.pre_deploy = {"true"};
  REQUIRE(run(second) == Exit::ok);
  auto third = subject.service("3");
  third.rollout.strategy = manifest::Strategy::drain;
  third.rollout.keep = 1;
  REQUIRE(run(third) == Exit::ok);
  CHECK(run(subject.crashing_service()) == Exit::previous_serves);
  CHECK(engine::rollback({.ref = subject.ref()}, provider, env).exit == Exit::ok);
  CHECK(engine::scale({.ref = subject.ref(), .max = 3}, provider, env).exit == Exit::ok);
  CHECK(engine::gc(subject.ref(), 0, false, provider, env, nullptr).exit == Exit::ok);
  CHECK(engine::destroy(subject.ref(), provider, env).exit == Exit::ok);

  CHECK(journal.names.size() > 15);
  for (const auto& name : journal.names) {
    CAPTURE(name);
    const auto found = std::ranges::find_if(
        provider.calls, [&](const provider::MutatingCall& call) { return matches(call.call, name); });
    REQUIRE(found != provider.calls.end());
    CHECK_FALSE(found->precondition.empty());
  }
}
