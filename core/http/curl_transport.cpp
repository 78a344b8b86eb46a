#include <mutex>
#include <signal.h>

#include "core/http/curl_exchange.hpp"
#include "core/http/transport.hpp"
#include "core/http/url.hpp"

namespace mdl::http {

namespace {

// A TLS connection that the other side closed raises SIGPIPE when written to. The program's own disposition
// stays: a pipe of its output that is closed still ends it.
class SigpipeHeld {
 public:
  SigpipeHeld() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~SigpipeHeld() {
    const timespec now{};
    if (!was_pending_) sigtimedwait(&pipe_, nullptr, &now);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  SigpipeHeld(const SigpipeHeld&) = delete;
  SigpipeHeld& operator=(const SigpipeHeld&) = delete;

 private:
  sigset_t pipe_{}, before_{};
  bool was_pending_ = false;
};

// A handle keeps its connections, so the handle that last spoke to an origin is the one to use for it.
class CurlTransport final : public Transport {
 public:
  CurlTransport() = default;
  CurlTransport(const CurlTransport&) = delete;
  CurlTransport& operator=(const CurlTransport&) = delete;
  ~CurlTransport() override {
    for (const auto& idle : idle_) (*curl_)->easy_cleanup(idle.handle);
  }

  Result<Response> send(const Request& request, const OnBody& on_body) override {
    std::call_once(loaded_, [this] { curl_ = load_curl(); });
    if (!*curl_) return std::unexpected(curl_->error());
    const SigpipeHeld held;
    const Lease lease(*this, request.unix_socket.empty() ? origin(request.url) : request.unix_socket);
    return CurlExchange(**curl_, lease.handle(), request, on_body).perform();
  }

 private:
  static constexpr std::size_t most_idle = 8;

  struct Idle {
    CURL* handle;
    std::string place;
  };

  class Lease {
   public:
    Lease(CurlTransport& owner, std::string place) : owner_(owner), idle_(owner.take(std::move(place))) {}
    ~Lease() { owner_.give_back(std::move(idle_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    CURL* handle() const { return idle_.handle; }

   private:
    CurlTransport& owner_;
    Idle idle_;
  };

  Idle take(std::string place) {
    {
      const std::lock_guard lock(mutex_);
      for (auto idle = idle_.begin(); idle != idle_.end(); ++idle) {
        if (idle->place != place) continue;
        const auto found = std::move(*idle);
        idle_.erase(idle);
        return found;
      }
    }
    CURL* handle = (*curl_)->easy_init();
    if (!handle) throw std::bad_alloc();
    return {handle, std::move(place)};
  }

  void give_back(Idle idle) {
    (*curl_)->easy_reset(idle.handle);  // options only; connections stay
    CURL* oldest = nullptr;
    {
      const std::lock_guard lock(mutex_);
      idle_.insert(idle_.begin(), std::move(idle));
      if (idle_.size() > most_idle) {
        oldest = idle_.back().handle;
        idle_.pop_back();
      }
    }
    if (oldest) (*curl_)->easy_cleanup(oldest);
  }

  std::once_flag loaded_;
  std::optional<Result<CurlLibrary>> curl_;
  std::mutex mutex_;
  std::vector<Idle> idle_;  // last used first
};

}  // namespace

std::unique_ptr<Transport> curl_transport() { return std::make_unique<CurlTransport>(); }

}  // namespace mdl::http
