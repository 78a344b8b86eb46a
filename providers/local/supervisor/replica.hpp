#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/util/clock.hpp"
#include "core/util/error.hpp"
#include "core/util/value.hpp"
#include "providers/local/launch.hpp"
#include "providers/local/logfile.hpp"
#include "providers/local/supervisor/backoff.hpp"
#include "providers/local/supervisor/gpu_pool.hpp"
#include "providers/local/supervisor/http_get.hpp"
#include "providers/local/supervisor/keeper.hpp"
#include "providers/local/supervisor/loop.hpp"
#include "providers/local/supervisor/ports.hpp"
#include "providers/local/supervisor/process.hpp"
#include "providers/local/supervisor/usage.hpp"

namespace mdl::local::supervisor {

// What every replica needs of the supervisor.
struct Host {
  Loop& loop;
  Clock& clock;
  Keeper& keeper;
  Ports& ports;
  GpuPool& gpus;
};

struct ReplicaSettings {
  int release = 0, number = 0;
  std::string health = "/healthz";
  Milliseconds timeout{30'000}, start_timeout{60'000};
  std::int64_t memory_bytes = 0;  // 0: not limited
  int gpus = 0;
  std::string holder;  // of GPUs, as others are told: "llm 9/1"
  std::string name() const { return "replica " + std::to_string(release) + "/" + std::to_string(number); }
};

class Replica;
struct ReplicaEvents {
  std::function<Result<Launch>(const Replica&, std::uint16_t port)> launch;
  std::function<bool(const Replica&)>
      may_restart;                           // false: a replica that ends before it is healthy has failed
  std::function<bool(const Replica&)> busy;  // whether it has requests
  std::function<void(Replica&)> changed;     // its state
  std::function<void(Milliseconds took)> started;  // from the process's start to its first healthy answer
  std::function<void(Replica&, Value failure)> failed;  // as an answer of readiness
  std::function<void(Replica&)> stopped;                // after stop(): it may be destroyed
};

// One replica over its restarts: starting → healthy ⇄ failing, until it is stopped. Health is asked for every
// 20 ms until the first 2xx, then every 2 s; three misses in a row and it is restarted.
class Replica {
 public:
  enum class State { starting, healthy, failing, stopped };

  Replica(const Host& host, ReplicaSettings settings, std::unique_ptr<LogWriter> log, ReplicaEvents events);
  ~Replica();
  Replica(const Replica&) = delete;
  Replica& operator=(const Replica&) = delete;

  void start();
  // Goes on with what `hand_over` of the program before this one said, instead of start().
  void take_over(const Value& value);
  Value hand_over(Handover& handover) const;
  // Lets go of its process, in a fork of the supervisor.
  void abandon();
  // Ends it: at once when it is not `busy`, else when `drained` is called or after `drain`. SIGTERM, 10 s
  // later SIGKILL.
  void stop(bool busy, Milliseconds drain);
  void hurry(Milliseconds drain);  // one that is being stopped gets no more time than this
  void drained();
  void check_now();  // a request could not be handed to it
  // Restarts it when it uses more memory than it may.
  void sampled(const Usage& usage);

  const ReplicaSettings& settings() const { return settings_; }
  State state() const { return state_; }
  std::uint16_t port() const { return port_; }
  pid_t pid() const { return process_ ? process_->pid() : 0; }
  int restarts() const { return restarts_; }
  const Usage& usage() const { return usage_; }
  const GpuLease& gpus() const { return gpus_; }  // from its first start until it is destroyed
  // What the last health request found: "connection refused".
  const std::string& seen() const { return seen_; }
  // How long it has been starting; 0 when it is not.
  std::chrono::nanoseconds starting_for() const;
  // Of one that starts: "waiting for /healthz: connection refused".
  std::string waiting_for() const;
  LogWriter& log() { return *log_; }

 private:
  static constexpr Milliseconds healthy_pause{2'000};  // between two looks at its health
  // The same while it starts. A refused connection costs next to nothing, so that one which listens is seen
  // within a few milliseconds; an answer costs the service, which has to start.
  Milliseconds starting_pause() const;

  ProcessEvents process_events();
  void resume();
  void probe();
  void answered(const Answer& answer);
  void missed(const Answer& answer);
  void probe_after(Milliseconds wait);
  void ended(int status);
  void launch_failed(const Error& error);
  void start_timed_out();
  void restart(const std::string& reason, int signal);
  void again();
  void terminate();
  void kill_after(std::chrono::nanoseconds grace);
  void enter(State state);
  std::chrono::nanoseconds started() const { return start_by_ - settings_.start_timeout; }  // Clock::elapsed
  void finish_stop();
  Value start_failure(const Usage& usage) const;

  Host host_;
  ReplicaSettings settings_;
  std::unique_ptr<LogWriter> log_;
  ReplicaEvents events_;
  State state_ = State::starting;
  std::uint16_t port_ = 0;
  std::unique_ptr<Process> process_;
  GpuLease gpus_;
  std::shared_ptr<void> get_;
  Timer probe_timer_, start_timer_, stop_timer_, restart_timer_;
  Backoff backoff_;
  Usage usage_;
  std::string seen_, reason_;  // reason_: why the supervisor itself ended the process
  Answer last_answer_;
  int misses_ = 0, restarts_ = 0;
  bool healthy_once_ = false;                                          // since the process was started
  bool terminating_ = false;                                           // stop() has sent SIGTERM
  std::chrono::nanoseconds start_by_{0}, stop_by_{0}, restart_at_{0};  // when the timers end
  std::chrono::nanoseconds healthy_since_{0}, last_healthy_{0};
};

std::string_view to_string(Replica::State state);

}  // namespace mdl::local::supervisor
