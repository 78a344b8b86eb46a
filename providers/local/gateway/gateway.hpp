#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/plan/change.hpp"
#include "core/util/clock.hpp"
#include "core/util/error.hpp"

namespace boost::asio {
class io_context;
}

// The data plane: one listener a service on 127.0.0.1, routing each request to a replica of a live release.
// Runs on the supervisor's single thread; all functions and callbacks are called there.
namespace mdl::local {

struct Upstream {
  int release = 0;
  int replica = 0;
  std::uint16_t port = 0;  // on 127.0.0.1
  bool operator==(const Upstream&) const = default;
};

// Everything the gateway knows of one service. Replaced as a whole by `update`.
struct Route {
  plan::Split split;                // weighted choice of release for each request; empty: 503 to all
  std::vector<Upstream> upstreams;  // healthy replicas, of any release; those without a share get no request
  int concurrency = 8;              // requests a replica gets at once; further ones wait
  // Requests that may wait; more get 503 with Retry-After. Clients take turns in the queue, and one that has
  // many waiting gives way to one that has few. A client is the last address in X-Forwarded-For, as the proxy
  // in front says it, else the address of the connection.
  int max_held = 256;
  // From the request's last byte (its arrival when it has no body) to the response's header, waiting for a
  // replica included; 504 past it. What streams after the header has no limit but GatewayOptions::stall.
  Milliseconds timeout{30'000};
  bool operator==(const Route&) const = default;
};

// Counted since the last take_stats, per release.
struct GatewayStats {
  int release = 0;
  // Requests that were given to the release and have ended. Errors: 5xx, also the gateway's own, and
  // responses that the replica cut short.
  std::uint64_t requests = 0, errors = 0;
  // Log-linear histogram of response times, from the request's first byte to the response's last: bucket i
  // counts times up to histogram_bound(i). Tunnels (WebSockets) and requests whose client left are not in it.
  std::vector<std::uint64_t> histogram;
  bool operator==(const GatewayStats&) const = default;
};
// Bounds grow from 10 µs to over an hour, by at most a tenth; the last bucket takes what is beyond.
std::chrono::microseconds histogram_bound(std::size_t bucket);
// The time below which the share `q` (0…1) of the counted requests stayed, within 5 %; 0 when there are none.
double histogram_quantile_ms(const std::vector<std::uint64_t>& histogram, double q);

// Called from the event loop, never from inside a function of Gateway, but for the last.
struct GatewayEvents {
  // A request waits because no replica of `release` can take it (none is up, or all are at their
  // concurrency).
  std::function<void(const std::string& key, int release)> on_demand;
  // No request is under way any more, here or elsewhere, at an upstream that `update` or `remove` took out of
  // the route; once for each, also when nothing was under way, and not when it came back before.
  std::function<void(const std::string& key, const Upstream& upstream)> on_drained;
  // Connecting to the upstream failed; once a second for as long as that goes on.
  std::function<void(const std::string& key, const Upstream& upstream)> on_unreachable;
  // The one that is called from within: after each `update`, and with null after `remove`.
  std::function<void(const std::string& key, const Route* route)> on_route;
};

struct GatewayOptions {
  std::size_t header_limit = 64 * 1024;  // bytes of a request's or response's header; 431, 502 past it
  Milliseconds header_time{10'000};      // from a request's first byte to its header's end; 408 past it
  Milliseconds idle{60'000};             // a client's connection without a request is closed after it
  Milliseconds stall{60'000};            // without a byte of a body moving in either direction; cut past it
  Milliseconds linger{2'000};            // reading on after an early answer, so that the client can read it
  // A connection to a replica is not used again after it. Servers close idle ones by themselves (uvicorn
  // after 5 s, gunicorn after 2 s), and a request sent at that moment would be lost.
  Milliseconds upstream_idle{1'500};
  // When all replicas of a release refuse a connection, its requests wait and try again after each pause;
  // past the time (of the request, and of the refusing) 503 with Retry-After.
  Milliseconds refused_pause{20}, refused_time{5'000};
  Milliseconds accept_pause{100};  // out of descriptors: tries again when a connection ends, or after it
  int max_connections = 0;         // of clients, all services together; 0: three quarters of RLIMIT_NOFILE
  std::uint16_t first_port = 8400;
};

// What the gateway of one process has under way for a service, for another one that uses the same replicas.
struct GatewayLoad {
  std::string key;
  std::vector<std::pair<Upstream, int>> in_flight;  // those that are not 0
  std::vector<std::pair<int, int>> held;            // release and how many requests wait for it
  std::vector<GatewayStats> stats;                  // since they were taken last
  bool operator==(const GatewayLoad&) const = default;
};

struct GatewayListener {
  std::string key;
  std::uint16_t port = 0;
  int descriptor = -1;
};

// A client's connection on its way from one process to another, between two requests.
struct ClientConnection {
  std::string key;
  int descriptor = -1;  // whoever has the value owns it
  std::string read;     // what the client has sent and nobody has used
};

class Gateway {
 public:
  // `io` and `clock` outlive the gateway and the last handler that `io` runs.
  Gateway(boost::asio::io_context& io, Clock& clock, GatewayEvents events, GatewayOptions options = {});
  // Cuts everything that is under way; no event comes after it.
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  // Listens on 127.0.0.1:port for the service `key`; 0 takes the first free port from 8400 on, or keeps the
  // one that `key` has. Another port than before replaces it. Returns the port. Errors: failed, code
  // "port-taken" or "port-denied".
  Result<std::uint16_t> listen(const std::string& key, std::uint16_t port);
  // Takes effect for the next request; requests under way end where they are. Requests that wait are given to
  // new upstreams at once, and those that wait for a release without a share any more are split anew. Unknown
  // key: nothing happens.
  void update(const std::string& key, const Route& route);
  // Stops accepting; answers those that wait with 503; lets those under way end.
  void remove(const std::string& key);

  int held(const std::string& key) const;  // requests waiting now, here and elsewhere
  int held(const std::string& key, int release) const;
  // Requests at replicas now, streams and WebSockets included.
  int in_flight(const std::string& key, int release) const;
  int in_flight(const std::string& key, const Upstream& upstream) const;
  // Clock::elapsed of its last end or, if one is open (waiting counts), now; 0 when there never was one.
  std::chrono::nanoseconds last_request(const std::string& key, int release) const;
  std::vector<GatewayStats> take_stats(const std::string& key);

  // A restart without a gap. The process forks and goes on as a new program, which keeps the listeners; its
  // fork, the predecessor, ends what is under way, gives everything else to its successor and tells it how
  // much is left.

  // They stay open here too.
  std::vector<GatewayListener> listeners() const;
  // Successor, before its first listen(): that takes these over, by key and port, instead of binding.
  void inherit(std::vector<GatewayListener> listeners);
  // Closes what was inherited and nobody has listened on.
  void close_inherited();
  // Predecessor: accepts nothing more, and gives each client's connection away once no request is under way
  // on it. No event comes after it.
  void leave(std::function<void(ClientConnection)> give);
  // Of clients, here.
  int connections() const;
  // Successor: serves the connection on; closes it when the service is gone.
  void adopt(ClientConnection connection);
  // What is under way here, without statistics.
  std::vector<GatewayLoad> load() const;
  // Predecessor: the same; the statistics are taken.
  std::vector<GatewayLoad> take_load();
  // Successor: counts what `process` has under way as its own, in all that is asked above and for the
  // concurrency of replicas. Replaces what was said before; the statistics are added to its own.
  void set_elsewhere(int process, const std::vector<GatewayLoad>& loads);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace mdl::local
