#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/util/value.hpp"
#include "providers/local/supervisor/restart.hpp"
#include "providers/local/supervisor/supervisor.hpp"

namespace mdl::local::supervisor {

struct ApiRequest {
  std::string method;
  std::string target;                // path and query as they came
  std::optional<std::string> fence;  // Mdl-Live
  std::optional<std::string> match;  // If-Match
  std::string body;
};
struct ApiResponse {
  int status = 200;
  std::string body;
  std::string type = "application/json";
};

// The calls of protocol.hpp.
class Api {
 public:
  using Done = std::function<void(ApiResponse)>;
  // Without `restart` it cannot be restarted.
  explicit Api(Supervisor& supervisor, Restart* restart = nullptr);
  // The answer of ping.
  Value identity() const;
  // Calls `done` once, now or later. What it changed is committed by then.
  void handle(const ApiRequest& request, Done done);

 private:
  struct Call;
  ApiResponse route(const Call& call);
  ApiResponse route_service(const Call& call);
  ApiResponse route_replicas(const Call& call);
  ApiResponse route_records(const Call& call);
  void restart(const Call& call, Done done);
  ApiResponse list_services() const;
  ApiResponse put_gateway(const Call& call);
  ApiResponse put_live(const Call& call);
  ApiResponse put_secrets(const Call& call);
  ApiResponse get_secrets(const Call& call);
  ApiResponse changed(const Call& call, Result<void> result);
  ApiResponse failed(const Call& call, const Error& error);

  Supervisor& supervisor_;
  Restart* restart_;
  Time started_;
};

}  // namespace mdl::local::supervisor
