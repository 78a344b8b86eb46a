#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/plan/change.hpp"
#include "core/util/clock.hpp"
#include "core/util/error.hpp"

namespace boost::asio {
class io_context;
}

// The data plane: one listener a service on 127.0.0.1, routing each request to a replica of a live release. Runs on the
// supervisor's single thread; all functions and callbacks are called there.
namespace mdl::local {

struct Upstream {
  int release = 0;
  int replica = 0;
  std::uint16_t port = 0;      // on 127.0.0.1
  bool operator==(const Upstream&) const = default;
};

// Everything the gateway knows of one service. Replaced as a whole by `update`.
struct Route {
  plan::Split split;               // weighted choice of release for each request
  std::vector<Upstream> upstreams; // healthy replicas, of any release; those without a share get no request
  int concurrency = 8;             // requests a replica gets at once; further ones wait
  int max_held = 256;              // requests that may wait; more get 503 with Retry-After
  Milliseconds timeout{30'000};    // until the response's header; 504 past it
};

// Counted since the last take_stats, per release.
struct GatewayStats {
  int release = 0;
  std::uint64_t requests = 0, errors = 0;   // errors: 5xx, also the gateway's own
  // Log-linear histogram of response times, from the request's first byte to the response's last: bucket i counts times up to
  // histogram_bound(i).
  std::vector<std::uint64_t> histogram;
};
std::chrono::microseconds histogram_bound(std::size_t bucket);
// The time below which the share `q` (0…1) of the counted requests stayed; 0 when there are none.
double histogram_quantile_ms(const std::vector<std::uint64_t>& histogram, double q);

struct GatewayEvents {
  // A request waits because no replica of `release` can take it (none is up, or all are at their concurrency).
  std::function<void(const std::string& key, int release)> on_demand;
  // The last request of an upstream that is no longer in the route has ended.
  std::function<void(const std::string& key, const Upstream& upstream)> on_drained;
  // Connecting to the upstream failed.
  std::function<void(const std::string& key, const Upstream& upstream)> on_unreachable;
};

class Gateway {
 public:
  Gateway(boost::asio::io_context& io, Clock& clock, GatewayEvents events);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  // Listens on 127.0.0.1:port for the service `key`; 0 takes the first free port from 8400 on. Returns the port.
  // Errors: failed, code "port-taken".
  Result<std::uint16_t> listen(const std::string& key, std::uint16_t port);
  // Takes effect for the next request; requests under way end where they are. Requests that wait are given to new upstreams at once.
  void update(const std::string& key, const Route& route);
  // Stops accepting; answers those that wait with 503.
  void remove(const std::string& key);

  int held(const std::string& key) const;                       // requests waiting now
  int in_flight(const std::string& key, int release) const;     // requests at replicas now, streams and WebSockets included
  int in_flight(const std::string& key, const Upstream& upstream) const;
  std::chrono::nanoseconds last_request(const std::string& key, int release) const;  // Clock::elapsed of its last end or, if one is open, now
  std::vector<GatewayStats> take_stats(const std::string& key);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace mdl::local
