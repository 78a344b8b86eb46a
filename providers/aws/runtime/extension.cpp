#include "providers/aws/runtime/extension.hpp"

#include <memory>
#include <thread>

#include "providers/aws/runtime/api.hpp"
#include "providers/aws/runtime/http.hpp"

namespace mdl::aws::runtime {

namespace {

constexpr Millis longest_registration = 1000;

Result<Incoming> call(Connection& connection, const Request& request, Millis deadline) {
  MDL_CHECK(connection.open(deadline));
  MDL_CHECK(connection.send(format_head(request) + request.body, deadline));
  return Incoming::begin(connection, false, deadline);
}

}  // namespace

void register_extension(const Address& api) {
  auto connection = std::make_shared<Connection>(api, -1);
  const Request request{.method = "POST",
                        .target = "/2020-01-01/extension/register",
                        .headers = {{"Host", "runtime"},
                                    {"Lambda-Extension-Name", "mdl-drain"},
                                    {"Content-Type", "application/json"}},
                        .body = "{\"events\":[]}"};
  const auto deadline = now() + longest_registration;
  auto answer = call(*connection, request, deadline);
  const auto body = answer ? answer->rest(1u << 20, deadline) : std::unexpected(answer.error());
  if (!body || answer->status() != 200)
    return log("no extension could be registered, so the service will not get SIGTERM: " +
               (body ? "status " + std::to_string(answer->status()) : body.error().message));
  const std::string id(value_of(answer->headers(), "lambda-extension-identifier"));
  // Its first wait for an event ends the extension's part of the initialisation.
  std::thread([connection, id] {
    const Request next{.method = "GET",
                       .target = "/2020-01-01/extension/event/next",
                       .headers = {{"Host", "runtime"}, {"Lambda-Extension-Identifier", id}},
                       .body = {}};
    (void)call(*connection, next, never);
  }).detach();
}

}  // namespace mdl::aws::runtime
