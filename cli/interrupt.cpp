#include "cli/interrupt.hpp"

#include <atomic>
#include <signal.h>
#include <unistd.h>

namespace mdl::cli {

namespace {

// A signal handler reaches nothing but static storage.
std::atomic<bool> requested_once{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void on_signal(int) {
  if (requested_once.exchange(true)) ::_exit(130);
  constexpr char note[] = "\n  finishing the call under way; once more stops at once\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, note, sizeof note - 1);
}

class Signals final : public Interrupt {
 public:
  bool requested() const override { return requested_once; }
};

}  // namespace

Interrupt& interrupt() {
  static Signals signals;
  return signals;
}

Interrupt& catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  return interrupt();
}

}  // namespace mdl::cli
