#pragma once

#include <mutex>
#include <random>

#include "tests/fakes/bench.hpp"

namespace mdl::contract {

// A function that threads may set and read at once.
class Hook {
 public:
  using Function = std::function<Result<void>(const std::string& call)>;
  Function operator=(Function function) {
    const std::lock_guard lock(mutex_);
    return function_ = std::move(function);
  }
  Function get() const {
    const std::lock_guard lock(mutex_);
    return function_;
  }

 private:
  mutable std::mutex mutex_;
  Function function_;
};

// Time that a sleeper moves on, and that passes by itself; the wall clock is real, since signatures carry it.
class HurriedClock final : public Clock {
 public:
  Time now() const override { return system_clock().now(); }
  std::chrono::nanoseconds elapsed() const override {
    return system_clock().elapsed() + std::chrono::nanoseconds{passed_.load()};
  }
  void advance(std::chrono::nanoseconds by) { passed_ += by.count(); }

 private:
  std::atomic<std::int64_t> passed_{0};
};

// What is waited for here is real, but soon there.
class HurriedSleeper final : public Sleeper {
 public:
  explicit HurriedSleeper(HurriedClock& clock) : clock_(clock) {}
  void sleep(Milliseconds duration) override {
    const auto real = std::min(duration, Milliseconds{10});
    clock_.advance(duration - real);
    system_sleeper().sleep(real);
  }

 private:
  HurriedClock& clock_;
};

// A service on AWS as an emulator has it, with what fakes::Bench has: hooks around each request that changes
// something. An error of `before` is the answer: 409, 429 and 500 by its kind and words, else the request is
// not sent. Each command is a process of its own: it has a provider of its own. The service is taken away at
// the end.
class AwsBench {
 public:
  struct Platform {
    Hook before, after;
    std::mutex mutex;
    std::vector<std::string> calls;  // requests that changed something, in order
  };

  AwsBench();
  ~AwsBench();
  engine::Environment& env() {
    used_ = true;
    return *env_;
  }
  void become(release::Author author, bool lose_journal = false);
  manifest::Service service(const std::string& version = "1") const;
  engine::Outcome deploy(const manifest::Service& service);
  engine::Outcome rollback(std::optional<int> to = {});
  release::ServiceRef ref() const { return {.service = "echo", .target = "aws"}; }
  provider::Provider new_provider() { return new_provider(platform); }
  provider::Provider new_provider(Platform& watched);
  // A record's next revision whose name is free again, because later ones took its place: whoever made it
  // finds them and takes it away again (decision 0017). What remains is checked by the state in the end.
  static bool is_taken_back(const std::string& call) {
    return call.starts_with("DeleteParameters") ||
           (call.starts_with("PutParameter ") && !call.ends_with("/shared"));
  }
  // A run of its own, for two at once.
  engine::Environment environment(engine::Journal& own, const std::string& author);

  HurriedClock clock;
  HurriedSleeper sleeper{clock};
  fakes::FakeInterrupt interrupt;
  std::unique_ptr<engine::Journal> journal = engine::memory_journal();
  fakes::CollectedEvents events;
  Platform platform;
  fakes::TemporaryFolder folder;
  provider::Provider provider;

 private:
  bool used_ = false;  // there may be something to take away
  int runs_ = 0;
  std::optional<engine::Environment> env_;
};

unsigned test_seed();
bool test_full();

// Cases to run: all with MDL_TEST_FULL=1, else so many, drawn by MDL_TEST_SEED.
template <class T>
std::vector<T> sample(std::vector<T> all, std::size_t most) {
  if (test_full() || all.size() <= most) return all;
  std::mt19937 random(test_seed());
  for (std::size_t i = 0; i < most; ++i) std::swap(all[i], all[i + random() % (all.size() - i)]);
  all.resize(most);
  return all;
}

}  // namespace mdl::contract
