#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "providers/aws/runtime/message.hpp"
#include "providers/aws/runtime/settings.hpp"

// What Lambda hands over, as an HTTP request to the service.
namespace mdl::aws::runtime {

// What an invocation came from: decides the request and the form of the answer.
enum class EventKind {
  rest,          // API Gateway REST API, payload 1.0
  http,          // function URL or API Gateway HTTP API, payload 2.0
  balancer,      // Application Load Balancer
  websocket,     // API Gateway WebSocket API
  pass_through,  // anything else: a queue's messages, a schedule, …
};

// The headers of an answer of /invocation/next, and its body.
struct Invocation {
  std::string id;             // Lambda-Runtime-Aws-Request-Id
  std::string invocation_id;  // Lambda-Runtime-Invocation-Id; echoed when there is one
  std::string deadline;       // Lambda-Runtime-Deadline-Ms as it came
  std::string arn, trace, client_context, identity, tenant;
  std::string event;
};

struct Mapped {
  EventKind kind = EventKind::pass_through;
  Request request;
  // The event cannot become a request: what the client is told instead, with status 400.
  std::optional<std::string> refused;
  std::string warning;  // for the log
};

// Maps an event by the rules in docs/runtime-client.md. `context` is the value of x-amzn-lambda-context.
Mapped map_event(const Invocation& invocation, const Settings& settings, const std::string& context);

// The invocation's own data as JSON in one line; what the function's environment says is `environment`, an
// object.
std::string lambda_context(const Invocation& invocation, const std::string& environment);

}  // namespace mdl::aws::runtime
