#include "providers/aws/runtime/event.hpp"

#include <algorithm>

#include "core/util/base64.hpp"
#include "providers/aws/runtime/json.hpp"

namespace mdl::aws::runtime {

namespace {

// Looked up once each: an event may be six megabytes.
struct Event {
  std::vector<Json::Member> members;
  Json operator[](std::string_view name) const {
    Json found;
    for (const auto& [key, value] : members)
      if (key == name) found = value;
    return found;
  }
};

void append_escaped(std::string& out, char c) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  ((out += '%') += hex[static_cast<unsigned char>(c) >> 4]) += hex[c & 15];
}

// Verbatim, but for bytes that would end the request line or begin another part of the target.
std::string as_sent(std::string_view text, std::string_view also) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7F || also.find(c) != std::string_view::npos)
      append_escaped(out, c);
    else
      out += c;
  }
  return out;
}

std::string encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain)
      out += c;
    else
      append_escaped(out, c);
  }
  return out;
}

// Behind `prefix`, when the path begins with it and it ends at a '/'.
std::string without_prefix(std::string path, std::string_view prefix) {
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  if (prefix.empty() || !path.starts_with(prefix)) return path;
  if (path.size() > prefix.size() && path[prefix.size()] != '/') return path;
  path.erase(0, prefix.size());
  return path.empty() ? "/" : path;
}

EventKind kind_of(const Event& event, Json context) {
  if (event["httpMethod"].is_string() && context["stage"].is_string()) return EventKind::rest;
  if (event["version"].text() == "2.0" && context["http"].is_object()) return EventKind::http;
  if (context["elb"].is_object()) return EventKind::balancer;
  if (context["connectionId"].is_string()) return EventKind::websocket;
  return EventKind::pass_through;
}

// Payload 2.0 names the stage in the path, but not under a domain of one's own.
std::string http_path(const Event& event, Json context) {
  const auto stage = context["stage"].text(), domain = context["domainName"].text();
  auto path = event["rawPath"].text();
  if (stage.empty() || stage == "$default") return path;
  if (!domain.empty() && domain.find(".execute-api.") == std::string::npos) return path;
  return without_prefix(std::move(path), "/" + stage);
}

// Of the map with several values a name, else of the plain one.
std::string query_of(const Event& event, bool is_encoded) {
  std::string query;
  const auto add = [&](const std::string& name, const std::string& value) {
    if (!query.empty()) query += '&';
    query += is_encoded ? as_sent(name, "#") : encoded(name);
    query += '=';
    query += is_encoded ? as_sent(value, "#") : encoded(value);
  };
  const auto several = event["multiValueQueryStringParameters"].members();
  for (const auto& [name, values] : several)
    for (const auto& value : values.items()) add(name, value.text());
  if (several.empty())
    for (const auto& [name, value] : event["queryStringParameters"].members()) add(name, value.text());
  return query;
}

Headers headers_of(const Event& event) {
  Headers headers;
  for (const auto& [name, values] : event["multiValueHeaders"].members())
    for (const auto& value : values.items()) headers.push_back({name, value.text()});
  const auto several = headers.size();
  for (const auto& [name, value] : event["headers"].members()) {
    const auto begin = headers.begin();
    const bool there = std::any_of(begin, begin + static_cast<std::ptrdiff_t>(several),
                                   [&](const Header& header) { return same_name(header.name, name); });
    if (!there) headers.push_back({name, value.text()});
  }
  return headers;
}

void set(Headers& headers, std::string name, std::string value) {
  remove(headers, name);
  headers.push_back({std::move(name), std::move(value)});
}

void set_cookies(Headers& headers, Json cookies) {
  std::string line;
  for (const auto& cookie : cookies.items()) (line += line.empty() ? "" : "; ") += cookie.text();
  if (!line.empty()) set(headers, "cookie", line);
}

void set_host(Headers& headers, Json context) {
  const std::string host(value_of(headers, "host"));
  const auto domain = context["domainName"].text();
  set(headers, "host", !host.empty() ? host : !domain.empty() ? domain : "localhost");
}

void move_authorization(Mapped& mapped, const std::string& source) {
  if (source.empty()) return;
  auto& headers = mapped.request.headers;
  const std::string value(value_of(headers, source));
  if (value.empty()) {
    mapped.warning = "the request has no header " + source + " to take the authorization from";
    return;
  }
  remove(headers, source);
  set(headers, "authorization", value);
}

void set_body(Mapped& mapped, const Event& event) {
  const auto body = event["body"];
  if (!event["isBase64Encoded"].is_true()) {
    mapped.request.body = body.text();
    return;
  }
  auto text = body.text();
  auto decoded = from_base64(text);
  if (decoded)
    mapped.request.body = std::move(*decoded);
  else
    mapped.refused = "the event's body is not Base64, though isBase64Encoded says so";
}

void check(Mapped& mapped) {
  if (!is_token(mapped.request.method)) mapped.refused = "the event's method is not one";
  for (const auto& [name, value] : mapped.request.headers)
    if (!is_token(name) || !is_value(value))
      mapped.refused = "a header of the event holds characters that headers cannot have";
}

// Those that a client could forge are never taken from it.
void set_own_headers(Headers& headers, const Invocation& invocation, const std::string& context,
                     Json request_context) {
  for (const auto* name : {"x-amzn-request-context", "x-amzn-lambda-context", "x-amz-tenant-id"})
    remove(headers, name);
  if (!invocation.trace.empty()) set(headers, "x-amzn-trace-id", invocation.trace);
  if (!invocation.tenant.empty()) set(headers, "x-amz-tenant-id", invocation.tenant);
  if (request_context.is_object()) set(headers, "x-amzn-request-context", minified(request_context));
  if (!context.empty()) set(headers, "x-amzn-lambda-context", context);
}

Mapped passed_through(const Invocation& invocation, const Settings& settings, const std::string& context) {
  Mapped mapped{
      .request = {
          .method = "POST", .target = settings.pass_through, .headers = {}, .body = invocation.event}};
  mapped.request.headers = {{"host", "localhost"}, {"content-type", "application/json"}};
  set_own_headers(mapped.request.headers, invocation, context, Json());
  return mapped;
}

std::string path_of(const Event& event, EventKind kind, Json context, const Settings& settings) {
  auto path = kind == EventKind::http ? http_path(event, context) : event["path"].text();
  path = without_prefix(as_sent(path, "?#"), settings.base_path);
  return path.starts_with('/') ? path : "/" + path;
}

std::string method_of(const Event& event, EventKind kind, Json context) {
  if (kind == EventKind::http) return context["http"]["method"].text();
  auto method = event["httpMethod"].text();
  if (!method.empty() || kind != EventKind::websocket) return method;
  return event["body"].text().empty() ? "GET" : "POST";
}

}  // namespace

Mapped map_event(const Invocation& invocation, const Settings& settings, const std::string& context) {
  const auto json = Json::parse(invocation.event);
  const Event event{json ? json->members() : std::vector<Json::Member>()};
  const auto request_context = event["requestContext"];
  const auto kind = kind_of(event, request_context);
  if (kind == EventKind::pass_through) return passed_through(invocation, settings, context);

  Mapped mapped{.kind = kind, .request = {}, .refused = {}, .warning = {}};
  auto& request = mapped.request;
  request.method = method_of(event, kind, request_context);
  const auto query = kind == EventKind::http ? as_sent(event["rawQueryString"].text(), "#")
                                             : query_of(event, kind == EventKind::balancer);
  request.target = path_of(event, kind, request_context, settings);
  if (!query.empty()) request.target += '?' + query;
  request.headers = headers_of(event);
  remove_hop_by_hop(request.headers);
  for (const auto* name : {"content-length", "expect"}) remove(request.headers, name);
  if (kind == EventKind::http) set_cookies(request.headers, event["cookies"]);
  set_host(request.headers, request_context);
  move_authorization(mapped, settings.authorization);
  set_own_headers(request.headers, invocation, context, request_context);
  set_body(mapped, event);
  check(mapped);
  return mapped;
}

std::string lambda_context(const Invocation& invocation, const std::string& environment) {
  std::string out = "{\"request_id\":";
  append_quoted(out, invocation.id);
  const bool number = !invocation.deadline.empty() && invocation.deadline.size() < 19 &&
                      std::ranges::all_of(invocation.deadline, [](char c) { return c >= '0' && c <= '9'; });
  out += ",\"deadline\":" + (number ? std::to_string(std::stoull(invocation.deadline)) : "0");
  out += ",\"invoked_function_arn\":";
  append_quoted(out, invocation.arn);
  out += ",\"xray_trace_id\":";
  append_quoted(out, invocation.trace);
  const auto object = [&](const char* name, const std::string& text) {
    const auto json = Json::parse(text);
    (out += name) += json ? minified(*json) : "null";
  };
  object(",\"client_context\":", invocation.client_context);
  object(",\"identity\":", invocation.identity);
  object(",\"env_config\":", environment);
  return out + "}";
}

}  // namespace mdl::aws::runtime
