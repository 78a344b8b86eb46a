#include "providers/local/supervisor/api.hpp"

#include <unistd.h>

#include "core/util/text.hpp"
#include "providers/local/supervisor/api_call.hpp"
#include "providers/local/supervisor/scrape.hpp"

namespace mdl::local::supervisor {

namespace {

std::optional<std::vector<std::string>> decode_path(std::string_view path) {
  std::vector<std::string> parts;
  if (path.starts_with('/')) path.remove_prefix(1);
  for (const auto part : split(path, '/')) {
    auto decoded = percent_decode(part);
    if (!decoded) return std::nullopt;
    parts.push_back(std::move(*decoded));
  }
  return parts;
}

std::map<std::string, std::string> decode_query(std::string_view query) {
  std::map<std::string, std::string> values;
  for (const auto part : split(query, '&')) {
    const auto equals = part.find('=');
    if (equals == part.npos) continue;
    values[std::string(part.substr(0, equals))] = percent_decode(part.substr(equals + 1)).value_or("");
  }
  return values;
}

Milliseconds duration_in(const std::map<std::string, std::string>& query, const char* name,
                         Milliseconds fallback) {
  const auto found = query.find(name);
  const auto value = found == query.end() ? std::nullopt : parse_integer(found->second);
  return value && *value > 0 ? Milliseconds(*value) : fallback;
}

bool needs_fence(std::string_view method, std::string_view what) {
  if (method != "PUT" && method != "DELETE" && method != "POST") return false;
  return what == "gateway" || what == "scaling" || what == "replicas";
}

ApiResponse not_found(const std::string& what) {
  return error_response(404, "not-found", what + " is not there");
}

}  // namespace

Api::Api(Supervisor& supervisor, Restart* restart)
    : supervisor_(supervisor), restart_(restart), started_(supervisor.clock().now()) {}

void Api::handle(const ApiRequest& request, Done done) {
  const auto question = request.target.find('?');
  auto path = decode_path(std::string_view(request.target).substr(0, question));
  if (!path) return done(error_response(400, "invalid", "the path is not percent-encoded"));
  Call call{.request = request, .path = std::move(*path)};
  if (question != std::string::npos)
    call.query = decode_query(std::string_view(request.target).substr(question + 1));
  if (!request.body.empty()) {
    auto body = parse_json(request.body);
    if (!body) return done(error_response(400, "invalid", body.error().message));
    call.body = std::move(*body);
  }
  if (call.is("GET") && call.at(0) == "metrics" && call.path.size() == 1)
    return prometheus(supervisor_, [done = std::move(done)](std::string text) {
      done({.status = 200, .body = std::move(text), .type = "text/plain; version=0.0.4; charset=utf-8"});
    });
  if (call.path.size() == 2 && call.at(0) == "v1" && call.at(1) == "restart" && call.is("POST"))
    return restart(call, std::move(done));
  if (call.at(0) == "v1" && call.at(1) == "services" && call.path.size() >= 4) {
    call.ref = {std::string(call.at(2)), std::string(call.at(3))};
    if (call.ref.service.empty() || call.ref.target.empty())
      return done(error_response(400, "invalid", "a name is empty"));
    if (call.is("GET") && call.at(4) == "metrics") {
      const auto* service = supervisor_.find(call.ref);
      if (!service) return done(not_found(call.ref.service));
      const auto window = duration_in(call.query, "window_ms", Milliseconds(600'000));
      return metrics_report(
          supervisor_, *service, window, duration_in(call.query, "step_ms", window / 20),
          [done = std::move(done)](const Value& report) { done(json_response(200, report)); });
    }
  }
  done(route(call));
}

ApiResponse Api::route(const Call& call) {
  if (call.at(0) != "v1") return not_found(call.request.target);
  if (call.path.size() == 2 && call.at(1) == "ping" && call.is("GET")) return json_response(200, identity());
  if (call.path.size() == 2 && call.at(1) == "services" && call.is("GET")) return list_services();
  if (call.path.size() == 2 && call.at(1) == "stop" && call.is("POST")) {
    supervisor_.loop().post([this] { supervisor_.stop(); });
    return json_response(200, Value::object({{"stopping", true}}));
  }
  if (call.at(1) == "services" && call.path.size() >= 4) return route_service(call);
  return not_found(call.request.target);
}

ApiResponse Api::route_service(const Call& call) {
  const auto what = call.at(4);
  auto fenced = call;
  if (needs_fence(call.request.method, what)) {
    if (!call.request.fence) return error_response(400, "invalid", "the header Mdl-Live is missing");
    fenced.fence = *call.request.fence;
  }
  auto& state = supervisor_.state();
  if (what.empty() && call.is("GET")) {
    const auto* service = supervisor_.find(call.ref);
    return service ? json_response(200, service->describe())
                   : not_found(call.ref.service + " at " + call.ref.target);
  }
  if (what == "gateway" && call.is("PUT")) return put_gateway(fenced);
  if (what == "gateway" && call.is("DELETE"))
    return changed(call, state.remove_gateway(call.ref, fenced.fence));
  if (what == "scaling" && call.is("PUT"))
    return changed(call, state.put_scaling(call.ref, fenced.fence, call.body["spec"]));
  if (what == "scaling" && call.is("DELETE"))
    return changed(call, state.remove_scaling(call.ref, fenced.fence));
  if (what == "replicas") return route_replicas(fenced);
  if (what == "live" && (call.is("PUT") || (call.is("POST") && call.at(5) == "rest"))) return put_live(call);
  if (what == "records") return route_records(call);
  if (what == "secrets" && call.is("PUT")) return put_secrets(call);
  if (what == "secrets" && call.is("GET")) return get_secrets(call);
  return not_found(call.request.method + " " + call.request.target);
}

ApiResponse Api::route_replicas(const Call& call) {
  const auto number = parse_integer(call.at(5));
  if (!number || *number < 1 || *number > 1'000'000'000)
    return error_response(400, "invalid", "a release is a number from 1 on");
  const auto release = static_cast<int>(*number);
  const auto rest = call.at(6);
  auto& state = supervisor_.state();
  if (rest == "readiness" && call.is("GET")) {
    const auto* service = supervisor_.find(call.ref);
    const auto readiness = service ? service->readiness(release) : std::nullopt;
    return readiness ? json_response(200, *readiness) : not_found("replicas " + std::to_string(release));
  }
  const bool put = rest.empty() && call.is("PUT"), wake = rest == "wake" && call.is("POST");
  if (put || wake) {
    auto stored = put ? state.put_replicas(call.ref, call.fence, release, call.body["spec"])
                      : state.wake(call.ref, call.fence, release);
    const bool done = stored.has_value();
    auto response = changed(call, std::move(stored));
    if (auto* service = done ? supervisor_.find(call.ref) : nullptr) service->attempt(release);
    return response;
  }
  if (rest.empty() && call.is("DELETE"))
    return changed(call, state.remove_replicas(call.ref, call.fence, release));
  return not_found(call.request.method + " " + call.request.target);
}

ApiResponse Api::route_records(const Call& call) {
  auto& state = supervisor_.state();
  if (call.path.size() == 5 && call.is("GET")) {
    auto records = state.records(call.ref);
    if (!records) return failed(call, records.error());
    return json_response(200, Value::object({{"records", Value(std::move(*records))}}));
  }
  if (call.path.size() == 5 && call.is("POST")) {
    const auto record = state.add_record(call.ref, call.body);
    if (!record) return failed(call, record.error());
    auto applied = supervisor_.reconcile(call.ref);
    return applied ? json_response(201, *record) : failed(call, applied.error());
  }
  if (call.path.size() == 5 && call.is("DELETE")) {
    if (auto erased = state.erase(call.ref); !erased) return failed(call, erased.error());
    supervisor_.erased(call.ref);
    return json_response(200, Value::object());
  }
  const auto number = parse_integer(call.at(5));
  if (call.path.size() == 6 && number && call.is("PUT")) {
    if (!call.request.match) return error_response(400, "invalid", "the header If-Match is missing");
    const auto record =
        state.update_record(call.ref, static_cast<int>(*number), *call.request.match, call.body);
    if (record) return json_response(200, *record);
    auto response = failed(call, record.error());
    if (response.status == 409) response.status = 412;
    return response;
  }
  return not_found(call.request.method + " " + call.request.target);
}

Value Api::identity() const {
  return Value::object({{"version", MDL_VERSION},
                        {"pid", std::int64_t{::getpid()}},
                        {"home", supervisor_.home().root},
                        {"started", to_rfc3339(started_)}});
}

// Who asks is answered by the program that goes on here, see connection.hpp; by this one only when that
// failed.
void Api::restart(const Call& call, Done done) {
  const auto& program = call.body["program"].as_string();
  if (!restart_ || (!program.empty() && !program.starts_with('/')))
    return done(
        error_response(400, "invalid", "the supervisor is restarted as the absolute path of a program"));
  restart_->request(program, [this, done = std::move(done)](const Result<void>& result) {
    if (!result) done(json_response(status_of(result.error()), error_body(result.error())));
  });
}

ApiResponse Api::list_services() const {
  auto list = Value::array();
  for (const auto& [key, service] : supervisor_.services())
    list.push(Value::object({{"service", service->ref().service}, {"target", service->ref().target}}));
  return json_response(200, Value::object({{"services", std::move(list)}}));
}

}  // namespace mdl::local::supervisor
