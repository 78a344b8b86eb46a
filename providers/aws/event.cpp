#include "providers/aws/event.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <fmt/format.h>
#include <map>

#include "core/util/base64.hpp"
#include "core/util/text.hpp"

namespace mdl::aws {

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

std::string decoded(std::string_view text) {
  std::string plain(text);
  std::ranges::replace(plain, '+', ' ');
  return percent_decode(plain).value_or(plain);
}

// Repeated names have their values joined by commas.
Value query_map(std::string_view query) {
  auto values = Value::object();
  for (const auto part : split(query, '&')) {
    if (part.empty()) continue;
    const auto equals = std::min(part.find('='), part.size());
    const auto name = decoded(part.substr(0, equals));
    const auto value = equals < part.size() ? decoded(part.substr(equals + 1)) : std::string();
    values.set(name, values.contains(name) ? values[name].as_string() + "," + value : value);
  }
  return values;
}

bool is_text(const std::string& type) {
  const auto kind = lower(type.substr(0, type.find(';')));
  constexpr std::array kinds{"application/json", "application/javascript", "application/xml",
                             "application/yaml"};
  return kind.empty() || kind.starts_with("text/") || std::ranges::find(kinds, kind) != kinds.end() ||
         kind.ends_with("+json") || kind.ends_with("+xml") || kind.ends_with("+yaml");
}

// 24/Nov/2026:12:00:00 +0000
std::string common_time(Time now) {
  constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day date(day);
  const auto text = to_rfc3339(now);
  return fmt::format("{:02}/{}/{}:{} +0000", static_cast<unsigned>(date.day()),
                     months[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                     text.substr(11, 8));
}

Value request_context(const provider::HttpRequest& request, const EventContext& context,
                      const std::string& path, const std::string& agent) {
  const auto epoch = std::chrono::duration_cast<Milliseconds>(context.now.time_since_epoch()).count();
  return Value::object({{"accountId", "anonymous"},
                        {"apiId", context.function},
                        {"domainName", context.domain},
                        {"domainPrefix", context.domain.substr(0, context.domain.find('.'))},
                        {"http", Value::object({{"method", request.method},
                                                {"path", path},
                                                {"protocol", "HTTP/1.1"},
                                                {"sourceIp", "127.0.0.1"},
                                                {"userAgent", agent}})},
                        {"requestId", context.request_id},
                        {"routeKey", "$default"},
                        {"stage", "$default"},
                        {"time", common_time(context.now)},
                        {"timeEpoch", std::int64_t{epoch}}});
}

provider::HttpResponse bad_gateway() {
  return {.status = 502,
          .headers = {{"content-type", "application/json"}},
          .body = R"({"message":"Internal Server Error"})"};
}

// An answer that was streamed has its head, eight NULs and its body.
std::optional<provider::HttpResponse> streamed_response(const std::string& payload) {
  static constexpr std::string_view border("\0\0\0\0\0\0\0\0", 8);
  const auto end = payload.find(border);
  if (end == std::string::npos || !payload.starts_with("{\"statusCode\":")) return std::nullopt;
  auto response = response_of(payload.substr(0, end));
  response.body = payload.substr(end + border.size());
  return response;
}

}  // namespace

Value event_of(const provider::HttpRequest& request, const EventContext& context) {
  const auto question = std::min(request.path.find('?'), request.path.size());
  const auto path = request.path.substr(0, question);
  const auto query = question < request.path.size() ? request.path.substr(question + 1) : std::string();
  std::map<std::string, std::string> headers{{"host", context.domain}};
  auto cookies = Value::array();
  for (const auto& [name, value] : request.headers) {
    const auto key = lower(name);
    if (key == "cookie")
      for (const auto part : split(value, ';'))
        if (const auto first = part.find_first_not_of(' '); first != std::string_view::npos)
          cookies.push(std::string(part.substr(first)));
    auto [slot, fresh] = headers.emplace(key, value);
    if (!fresh) slot->second = key == "host" ? value : slot->second + "," + value;
  }
  if (!request.body.empty()) headers["content-length"] = std::to_string(request.body.size());
  auto event = Value::object(
      {{"version", "2.0"}, {"routeKey", "$default"}, {"rawPath", path}, {"rawQueryString", query}});
  if (!cookies.as_array().empty()) event.set("cookies", std::move(cookies));
  auto& given = event.set("headers", Value::object());
  for (const auto& [name, value] : headers) given.set(name, value);
  if (!query.empty()) event.set("queryStringParameters", query_map(query));
  event.set("requestContext", request_context(request, context, path, headers["user-agent"]));
  const bool plain =
      is_text(headers["content-type"]) && headers["content-encoding"].empty() && is_utf8(request.body);
  if (!request.body.empty()) event.set("body", plain ? request.body : base64(request.body));
  event.set("isBase64Encoded", !plain && !request.body.empty());
  return event;
}

provider::HttpResponse error_response() { return bad_gateway(); }

provider::HttpResponse response_of(const std::string& payload) {
  if (auto streamed = streamed_response(payload)) return std::move(*streamed);
  const auto value = parse_json(payload);
  if (value && value->is_string())
    if (auto streamed = streamed_response(value->as_string())) return std::move(*streamed);
  if (!value || !value->is_object() || !value->contains("statusCode"))
    return {.status = 200,
            .headers = {{"content-type", "application/json"}},
            .body = value && value->is_string() ? value->as_string() : payload};
  const auto& given = (*value)["statusCode"];
  const auto status = given.is_string() ? parse_integer(given.as_string()) : given.as_integer();
  if (!status || *status < 200 || *status > 599) return bad_gateway();
  provider::HttpResponse response{.status = static_cast<int>(*status)};
  bool typed = false;
  for (const auto& [name, text] : (*value)["headers"].as_object()) {
    const auto key = lower(name);
    typed = typed || key == "content-type";
    response.headers.emplace_back(key, text.is_string() ? text.as_string() : dump(text));
  }
  if (!typed) response.headers.emplace_back("content-type", "application/json");
  for (const auto& cookie : (*value)["cookies"].as_strings())
    response.headers.emplace_back("set-cookie", cookie);
  const auto& body = (*value)["body"];
  if (body.is_null()) return response;
  if (!body.is_string()) return bad_gateway();
  if (!(*value)["isBase64Encoded"].as_bool()) {
    response.body = body.as_string();
    return response;
  }
  const auto bytes = from_base64(body.as_string());
  if (!bytes) return bad_gateway();
  response.body = *bytes;
  return response;
}

}  // namespace mdl::aws
