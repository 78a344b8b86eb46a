#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <thread>

#include "core/util/error.hpp"
#include "providers/aws/runtime/settings.hpp"

namespace mdl::aws::runtime {

// The last lines that went by.
class Tail {
 public:
  void add(std::string_view bytes);
  std::string lines() const;  // at most 20, at most 8 KiB

 private:
  std::string text_;
};

// The service's process. What it writes goes on to this program's stdout and stderr.
class Service {
 public:
  // Error: failed, when it cannot be started.
  static Result<std::unique_ptr<Service>> start(const Settings& settings);
  ~Service();  // kills it

  // Readable once the process has ended.
  int exited_descriptor() const { return exited_; }
  bool has_exited() const { return has_exited_; }
  // "exited with status 3", "was killed by signal 9", with its last lines. Once it has exited.
  std::string obituary();
  // Writes out what it has said so far: after an answer the environment may be frozen.
  void flush_output();
  // SIGTERM, and SIGKILL when it has not ended in time.
  void stop(int grace_ms);

 private:
  Service() = default;
  bool pump_one(int from, int to);
  void pump();
  void wait_for_end();

  int pid_ = -1, exited_ = -1, closing_ = -1;
  int out_ = -1, err_ = -1;
  std::atomic<int> status_{0};
  std::atomic<bool> has_exited_{false};
  std::mutex mutex_;
  Tail tail_;
  std::jthread pumping_, waiting_;
};

}  // namespace mdl::aws::runtime
