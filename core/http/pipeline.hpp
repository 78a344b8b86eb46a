#pragma once

#include <functional>
#include <memory>
#include <random>

#include "core/http/transport.hpp"

namespace mdl::http {

struct RetryPolicy {
  int attempts = 4;                    // in all
  Milliseconds first_backoff{200};     // doubled each time, with full jitter
  Milliseconds longest_backoff{20'000};
};

// Retries 429, 502, 503, 504 and connection errors, and 500 and cut answers when the request is idempotent; a refused
// connection never reached the server and is always safe to repeat, but over a Unix socket it is told at once: there is no
// server, and the caller may start one. Waits Retry-After (seconds or an HTTP date) when given,
// never more than longest_backoff. `uniform` returns a number in [0, 1).
std::unique_ptr<Transport> with_retry(std::unique_ptr<Transport> next, RetryPolicy policy, Clock& clock, Sleeper& sleeper,
                                      std::function<double()> uniform);

// Calls `sign` on each attempt, after the retry and before the transport, so that dates and tokens are fresh.
std::unique_ptr<Transport> with_signer(std::unique_ptr<Transport> next, std::function<Result<void>(Request&)> sign);

// Tells `log` one line an attempt: method, URL without query, status, milliseconds. Never headers or bodies.
std::unique_ptr<Transport> with_log(std::unique_ptr<Transport> next, Clock& clock,
                                    std::function<void(const std::string&)> log);

}  // namespace mdl::http
