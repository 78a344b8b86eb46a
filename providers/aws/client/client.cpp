#include "providers/aws/client/client.hpp"

#include <algorithm>

#include "core/http/pipeline.hpp"
#include "core/util/text.hpp"
#include "providers/aws/auth/sigv4.hpp"
#include "providers/aws/auth/sources.hpp"
#include "providers/aws/client/errors.hpp"

namespace mdl::aws {

namespace {

// One plain transport serves all pipelines.
class Borrowed final : public http::Transport {
 public:
  explicit Borrowed(http::Transport& next) : next_(next) {}
  Result<http::Response> send(const http::Request& request, const http::OnBody& on_body) override {
    return next_.send(request, on_body);
  }

 private:
  http::Transport& next_;
};

// Some services say with status 400 what others say with 429: the retry understands the latter.
class Throttled final : public http::Transport {
 public:
  explicit Throttled(std::unique_ptr<http::Transport> next) : next_(std::move(next)) {}
  Result<http::Response> send(const http::Request& request, const http::OnBody& on_body) override {
    auto response = next_->send(request, on_body);
    if (response && is_throttled(*response)) response->status = 429;
    return response;
  }

 private:
  std::unique_ptr<http::Transport> next_;
};

const char* prefix_of(Service service) {
  switch (service) {
    case Service::lambda:
      return "lambda";
    case Service::iam:
      return "iam";
    case Service::sts:
      return "sts";
    case Service::logs:
      return "logs";
    case Service::metrics:
      return "cloudwatch";
    case Service::ssm:
      return "ssm";
    case Service::sso:
      return "sso";
    case Service::s3:
      return "s3";
    case Service::secrets:
      return "secretsmanager";
  }
  return "";
}

bool is_good(const http::Response& response) { return response.status >= 200 && response.status < 300; }

Result<Value> json_of(const http::Response& response, const std::string& what) {
  if (!is_good(response)) return fail(error_of(response, what));
  if (response.body.empty()) return Value::object();
  auto value = parse_json(response.body);
  if (value) return value;
  return fail(Error{.kind = ErrorKind::unavailable,
                    .message = what + ": the answer is not JSON",
                    .quoted = value.error().message});
}

std::string encoded(const Pairs& pairs) {
  std::string out;
  for (const auto& [name, value] : pairs)
    out += (out.empty() ? "" : "&") + percent_encode(name) + "=" + percent_encode(value);
  return out;
}

}  // namespace

Result<std::shared_ptr<Client>> Client::open(ClientOptions options) {
  std::shared_ptr<Client> client(new Client(std::move(options)));
  auto& opts = client->options_;
  MDL_TRY(client->shared_, load_shared_config(opts.around));
  client->profile_ = profile_name(opts.around, opts.profile);
  client->region_ = region_of(opts.around, client->shared_, client->profile_, opts.region);
  ChainOptions chain{.around = opts.around,
                     .shared = client->shared_,
                     .profile = client->profile_,
                     .profile_chosen = !opts.profile.empty(),
                     .region = client->region_};
  if (client->region_.empty()) chain.region = client->region_ = instance_region({chain, *opts.transport});
  if (client->region_.empty())
    return fail(Error{.kind = ErrorKind::invalid,
                      .message = "no AWS region is known: set the target's region, AWS_REGION, or the region "
                                 "of profile '" +
                                 client->profile_ + "'",
                      .next = {"export AWS_REGION=eu-central-1"}});
  client->chain_ = std::make_unique<CredentialChain>(std::move(chain), *opts.transport);
  for (const auto service : {Service::lambda, Service::iam, Service::sts, Service::logs, Service::metrics,
                             Service::ssm, Service::s3, Service::secrets})
    client->pipelines_.emplace(service, client->pipeline(client->endpoint(service)));
  return client;
}

Endpoint Client::endpoint(Service service) const {
  return endpoint_of(service, region_, options_.around, shared_, profile_);
}

// retry → skew → sign → throttle words → transport
std::unique_ptr<http::Transport> Client::pipeline(const Endpoint& endpoint) {
  auto transport =
      http::with_signer(std::make_unique<Throttled>(std::make_unique<Borrowed>(*options_.transport)),
                        [this, endpoint](http::Request& request) -> Result<void> {
                          MDL_TRY(const auto credentials, chain_->get());
                          const bool s3 = endpoint.service == "s3";
                          sign(request, credentials,
                               {.region = endpoint.region,
                                .service = endpoint.service,
                                .now = skew_.corrected(options_.clock.now()),
                                .normalize_path = !s3,
                                .encode_twice = !s3,
                                .payload_header = s3});
                          return {};
                        });
  return http::with_retry(with_skew_correction(std::move(transport), options_.clock, skew_), {.attempts = 6},
                          options_.clock, options_.sleeper, options_.uniform);
}

Result<http::Response> Client::send(Service service, http::Request request, const std::string& operation,
                                    const http::OnBody& on_body) {
  {
    const std::lock_guard lock(mutex_);
    auto name = std::string(prefix_of(service)) + ":" + operation;
    if (std::ranges::find(operations_, name) == operations_.end()) operations_.push_back(std::move(name));
  }
  request.url = endpoint(service).url + request.url;
  auto response = pipelines_.at(service)->send(request, on_body);
  if (!response) {
    auto error = std::move(response).error();
    if (error.kind == ErrorKind::unavailable || error.kind == ErrorKind::timeout)
      error.message = operation + ": AWS cannot be reached: " + error.message;
    return fail(std::move(error));
  }
  const auto code = is_good(*response) ? std::string() : error_code(*response);
  if (code.starts_with("ExpiredToken") || code == "UnrecognizedClientException") chain_->forget();
  return response;
}

Result<http::Response> Client::exchange(const Rest& call, const std::string& body,
                                        const http::OnBody& on_body) {
  http::Request request{.method = call.method,
                        .url = call.path,
                        .headers = call.headers,
                        .body = body,
                        .timeout = call.timeout,
                        .idempotent = call.idempotent || std::string_view(call.method) == "GET"};
  if (!call.query.empty()) request.url += "?" + encoded(call.query);
  if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  return send(Service::lambda, std::move(request), std::string(call.operation) + " " + call.resource,
              on_body);
}

Result<Value> Client::rest(const Rest& call) {
  MDL_TRY(const auto response, exchange(call, call.body.is_null() ? "" : dump(call.body)));
  return json_of(response, std::string(call.operation) + " " + call.resource);
}

Result<http::Response> Client::s3(const S3Call& call) {
  http::Request request{.method = call.method,
                        .url = call.path,
                        .headers = call.headers,
                        .body = call.body,
                        .timeout = call.timeout,
                        .idempotent = true};
  if (!call.query.empty()) request.url += "?" + encoded(call.query);
  const auto what = std::string(call.operation) + " " + call.path.substr(1);
  MDL_TRY(auto response, send(Service::s3, std::move(request), what));
  if (!is_good(response)) return fail(error_of(response, what));
  return response;
}

Result<Xml> Client::query(Service service, const std::string& action, Pairs form, bool idempotent) {
  form.insert(form.begin(),
              {{"Action", action}, {"Version", service == Service::iam ? "2010-05-08" : "2011-06-15"}});
  http::Request request{.method = "POST",
                        .url = "/",
                        .headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}},
                        .body = encoded(form),
                        .idempotent = idempotent};
  MDL_TRY(const auto response, send(service, std::move(request), action));
  if (!is_good(response)) return fail(error_of(response, action));
  auto xml = parse_xml(response.body);
  if (!xml) return fail(ErrorKind::unavailable, action + ": the answer is not XML");
  return std::move(*xml);
}

Result<Value> Client::json(Service service, const std::string& operation, const Value& body,
                           bool idempotent) {
  const char* target = service == Service::ssm       ? "AmazonSSM."
                       : service == Service::secrets ? "secretsmanager."
                       : service == Service::logs    ? "Logs_20140328."
                                                     : "GraniteServiceVersion20100801.";
  const char* type =
      service == Service::metrics ? "application/x-amz-json-1.0" : "application/x-amz-json-1.1";
  http::Request request{.method = "POST",
                        .url = "/",
                        .headers = {{"Content-Type", type}, {"X-Amz-Target", target + operation}},
                        .body = dump(body),
                        .idempotent = idempotent};
  MDL_TRY(const auto response, send(service, std::move(request), operation));
  return json_of(response, operation);
}

std::vector<std::string> Client::operations() const {
  const std::lock_guard lock(mutex_);
  return operations_;
}

}  // namespace mdl::aws
