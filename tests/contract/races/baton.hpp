#pragma once

#include <condition_variable>
#include <mutex>
#include <random>
#include <vector>

namespace mdl::contract::races {

// Lets one of two runs go on at a time, up to its next mutating call.
class Baton {
 public:
  explicit Baton(unsigned seed) : random_(seed) {}

  void wait_for_turn(int runner) {
    std::unique_lock lock(mutex_);
    state_[runner] = State::waiting;
    changed_.notify_all();
    changed_.wait(lock, [&] { return turn_ == runner; });
    turn_ = -1;
    state_[runner] = State::running;
  }
  void leave(int runner) {
    std::unique_lock lock(mutex_);
    state_[runner] = State::done;
    changed_.notify_all();
  }
  void conduct() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(
          lock, [&] { return turn_ == -1 && state_[0] != State::running && state_[1] != State::running; });
      std::vector<int> waiting;
      for (int runner : {0, 1})
        if (state_[runner] == State::waiting) waiting.push_back(runner);
      if (waiting.empty()) return;
      turn_ = waiting[random_() % waiting.size()];
      changed_.notify_all();
    }
  }

 private:
  enum class State { running, waiting, done };
  std::mt19937 random_;
  std::mutex mutex_;
  std::condition_variable changed_;
  State state_[2] = {State::running, State::running};
  int turn_ = -1;
};

}  // namespace mdl::contract::races
