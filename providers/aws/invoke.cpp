#include <algorithm>

#include "core/http/url.hpp"
#include "core/util/base64.hpp"
#include "core/util/digest.hpp"
#include "core/util/text.hpp"
#include "providers/aws/client/errors.hpp"
#include "providers/aws/event.hpp"
#include "providers/aws/invocation.hpp"
#include "providers/aws/resources/kinds.hpp"

namespace mdl::aws {

namespace {

using provider::HttpRequest;
using provider::HttpResponse;
using release::ServiceRef;

class AwsInvoke final : public provider::Invoke {
 public:
  explicit AwsInvoke(SharedParts shared) : shared_(std::move(shared)) {}

  Result<HttpResponse> send(const ServiceRef& ref, std::optional<int> release, const HttpRequest& request,
                            Milliseconds timeout,
                            const std::function<void(std::string_view)>& on_body) override {
    const auto names = shared_->names(ref);
    MDL_TRY(const auto versions, shared_->functions.versions(names.function));
    if (versions.empty()) return provider::not_deployed(ref, "function " + ref.service);
    std::string qualifier = live_alias;
    if (release) {
      const auto* version = FunctionApi::version_of(versions, *release);
      if (version == nullptr)
        return fail(Error{.kind = ErrorKind::not_found,
                          .message = "release " + std::to_string(*release) + " has no version",
                          .resource = "version " + names.function + "/" + std::to_string(*release)});
      qualifier = version->version;
    }
    auto& clock = shared_->client->clock();
    const auto event =
        event_of(request, {.function = names.function,
                           .domain = names.function + ".lambda-url." + shared_->client->region() + ".on.aws",
                           .request_id = random_hex(16),
                           .now = clock.now()});
    const auto begun = clock.elapsed();
    MDL_TRY(const auto answer, aws::invoke(*shared_, names, qualifier, dump(event), timeout, false));
    auto response = answer.error.empty() ? response_of(answer.payload) : error_response();
    response.took = clock.elapsed() - begun;
    for (const auto& version : versions)
      if (version.version == answer.version && version.described)
        response.release = version.described->release;
    if (response.release == 0 && release) response.release = *release;
    if (on_body) {
      on_body(response.body);
      response.body.clear();
    }
    return response;
  }

  Result<std::string> url(const ServiceRef& ref) override {
    return resources::url_address(*shared_, shared_->names(ref));
  }

 private:
  SharedParts shared_;
};

}  // namespace

Result<Invocation> invoke(Shared& shared, const Names& names, const std::string& qualifier,
                          const std::string& payload, Milliseconds timeout, bool with_log) {
  const Rest call{.operation = "Invoke",
                  .resource = names.function + ":" + qualifier,
                  .method = "POST",
                  .path = function_path(names.function, "/invocations"),
                  .query = {{"Qualifier", qualifier}},
                  .headers = with_log ? Pairs{{"X-Amz-Log-Type", "Tail"}} : Pairs{},
                  .timeout = timeout};
  MDL_TRY(const auto response, shared.client->exchange(call, payload));
  if (response.status < 200 || response.status >= 300)
    return fail(error_of(response, "Invoke " + call.resource));
  Invocation invocation{.payload = response.body,
                        .version = std::string(response.header("X-Amz-Executed-Version")),
                        .error = std::string(response.header("X-Amz-Function-Error"))};
  if (!invocation.error.empty())
    if (const auto value = parse_json(response.body)) {
      invocation.error_type = (*value)["errorType"].as_string();
      if (const auto& message = (*value)["errorMessage"].as_string(); !message.empty())
        invocation.lines.push_back(printable(message));
      invocation.trace = (*value)["stackTrace"].as_strings();
      if (invocation.trace.empty()) invocation.trace = (*value)["trace"].as_strings();
    }
  if (const auto log = from_base64(response.header("X-Amz-Log-Result"))) {
    std::vector<std::string> lines;
    for (const auto line : split(*log, '\n'))
      if (!line.empty()) lines.push_back(printable(line));
    if (!lines.empty()) invocation.lines = std::move(lines);
  }
  return invocation;
}

bool did_not_start(const Invocation& invocation) {
  if (invocation.error.empty()) return false;
  const auto& type = invocation.error_type;
  if (type == "Runtime.MarshalError" || type == "Runtime.UnmarshalError") return false;
  // Lambda's own types. One that is not known counts too: nothing may go live that does not start.
  if (type.starts_with("Runtime.") || type.starts_with("Sandbox.") || type.starts_with("Extension."))
    return true;
  // A handler that throws has a trace, and none of its frames is of the import of its module.
  return invocation.trace.empty() || std::ranges::any_of(invocation.trace, [](const std::string& frame) {
           return frame.find("importlib") != std::string::npos;
         });
}

std::unique_ptr<provider::Invoke> make_invoke(const SharedParts& shared) {
  return std::make_unique<AwsInvoke>(shared);
}

}  // namespace mdl::aws
