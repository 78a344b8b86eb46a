#include "providers/aws/runtime/reply.hpp"

#include <algorithm>
#include <string_view>

#include "core/util/base64.hpp"
#include "providers/aws/runtime/json.hpp"
#include "providers/aws/runtime/text_body.hpp"

namespace mdl::aws::runtime {

namespace {

struct Group {
  std::string name;
  std::vector<std::string> values;
};

// By name, in the order in which the names came.
std::vector<Group> grouped(const Headers& headers) {
  std::vector<Group> groups;
  for (const auto& header : headers) {
    const auto name = lower(header.name);
    auto group = std::ranges::find(groups, name, &Group::name);
    if (group == groups.end()) group = groups.insert(groups.end(), {name, {}});
    group->values.push_back(header_text(header.value));
  }
  return groups;
}

bool is_cookie(const Group& group) { return group.name == "set-cookie"; }

std::string joined(const Group& group) {
  if (is_cookie(group)) return group.values.back();
  std::string out;
  for (const auto& value : group.values) (out += out.empty() ? "" : ",") += value;
  return out;
}

void append_list(std::string& out, const std::vector<std::string>& values) {
  out += '[';
  for (const auto& value : values) {
    if (out.back() != '[') out += ',';
    append_quoted(out, value);
  }
  out += ']';
}

void append_single(std::string& out, const std::vector<Group>& groups, bool cookies) {
  out += "\"headers\":{";
  for (const auto& group : groups) {
    if (is_cookie(group) && !cookies) continue;
    if (out.back() != '{') out += ',';
    append_quoted(out, group.name);
    out += ':';
    append_quoted(out, joined(group));
  }
  out += '}';
}

void append_several(std::string& out, const std::vector<Group>& groups) {
  out += "\"multiValueHeaders\":{";
  for (const auto& group : groups) {
    if (out.back() != '{') out += ',';
    append_quoted(out, group.name);
    out += ':';
    append_list(out, group.values);
  }
  out += '}';
}

void append_cookies(std::string& out, const std::vector<Group>& groups) {
  const auto group = std::ranges::find_if(groups, is_cookie);
  out += "\"cookies\":";
  append_list(out, group == groups.end() ? std::vector<std::string>() : group->values);
}

std::string_view reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Status";
  }
}

void append_headers(std::string& out, EventKind kind, const std::vector<Group>& groups) {
  if (kind == EventKind::http) {
    append_single(out, groups, false);
    out += ',';
    append_cookies(out, groups);
    return;
  }
  // A REST API takes both maps and joins them: one is left empty, so that nothing comes twice.
  append_single(out, kind == EventKind::balancer ? groups : std::vector<Group>(), true);
  out += ',';
  append_several(out, groups);
}

Reply passed_through(const Response& response) {
  if (Json::parse(response.body)) return {.payload = response.body, .warning = {}};
  Reply reply{.payload = "null", .warning = {}};
  if (!response.body.empty())
    reply.warning = "the answer to an event that is no HTTP request is not JSON: null was returned";
  return reply;
}

}  // namespace

Reply make_reply(EventKind kind, const Response& response, bool head) {
  if (kind == EventKind::pass_through) return passed_through(response);
  auto answer = response;
  remove_hop_by_hop(answer.headers);
  if (head || answer.status == 204 || answer.status == 304) answer.body.clear();
  const auto text = text_of(answer);
  std::string out = "{\"statusCode\":" + std::to_string(answer.status) + ',';
  if (kind == EventKind::balancer) {
    out += "\"statusDescription\":";
    append_quoted(out, std::to_string(answer.status) + ' ' + std::string(reason(answer.status)));
    out += ',';
  }
  append_headers(out, kind, grouped(answer.headers));
  out += ",\"body\":";
  append_quoted(out, text ? *text : base64(answer.body));
  out += text ? ",\"isBase64Encoded\":false}" : ",\"isBase64Encoded\":true}";
  return {.payload = std::move(out), .warning = {}};
}

std::string make_prelude(EventKind kind, const Response& response) {
  auto headers = response.headers;
  remove_hop_by_hop(headers);
  remove(headers, "x-lambda-http-content-encoding");
  if (value_of(headers, "content-type").empty())
    headers.push_back({"content-type", "application/octet-stream"});
  const auto groups = grouped(headers);
  std::string out = "{\"statusCode\":" + std::to_string(response.status) + ',';
  if (kind == EventKind::http)
    append_headers(out, kind, groups);
  else
    append_several(out, groups);
  return out + '}' + std::string(8, '\0');
}

std::string make_error(std::string_view type, std::string_view message) {
  std::string out = "{\"errorMessage\":";
  append_quoted(out, message);
  out += ",\"errorType\":";
  append_quoted(out, type);
  return out + ",\"stackTrace\":[]}";
}

Response own_answer(int status, std::string_view code, std::string_view message) {
  Response response{
      .status = status, .headers = {{"content-type", "application/json"}}, .body = "{\"error\":"};
  append_quoted(response.body, message);
  response.body += ",\"code\":";
  append_quoted(response.body, code);
  response.body += "}\n";
  return response;
}

}  // namespace mdl::aws::runtime
