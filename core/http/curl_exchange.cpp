#include "core/http/curl_exchange.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>

#include "core/http/url.hpp"
#include "core/util/files.hpp"
#include "core/util/text.hpp"

namespace mdl::http {

namespace {

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

// A line end in a header's value would begin another header, or the body.
bool is_header_value(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

bool sends_body(const Request& request) {
  return !request.body.empty() || request.method == "POST" || request.method == "PUT" ||
         request.method == "PATCH";
}

struct Meaning {
  ErrorKind kind;
  const char* code;
  const char* words;
};

Meaning meaning(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_CONNECT:
      return {ErrorKind::unavailable, "refused", "cannot connect to "};
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return {ErrorKind::unavailable, "resolve", "no address is known for "};
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
      return {ErrorKind::unavailable, "tls", "no secure connection to "};
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return {ErrorKind::unavailable, "cut", "the connection was cut by "};
    case CURLE_OPERATION_TIMEDOUT:
      return {ErrorKind::timeout, "", "no answer in time from "};
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return {ErrorKind::invalid, "", "not a URL that can be asked: "};
    default:
      return {ErrorKind::unavailable, "other", "no answer from "};
  }
}

}  // namespace

CurlExchange::CurlExchange(const CurlLibrary& curl, CURL* handle, const Request& request,
                           const OnBody& on_body)
    : curl_(curl), handle_(handle), request_(request), on_body_(on_body) {}

CurlExchange::~CurlExchange() { curl_.slist_free_all(headers_); }

template <class T>
void CurlExchange::set(CURLoption option, T value) {
  if (const auto code = curl_.easy_setopt(handle_, option, value); code != CURLE_OK) failed_option_ = code;
}

void CurlExchange::set_options() {
  set(CURLOPT_ERRORBUFFER, words_.data());
  set(CURLOPT_URL, request_.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_PATH_AS_IS, 1L);  // a signature covers the path as given
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request_.connect_timeout.count()));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(request_.timeout.count()));
  if (request_.stall_timeout.count() > 0) {
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(CURLOPT_LOW_SPEED_TIME,
        static_cast<long>(std::max<std::int64_t>(1, request_.stall_timeout.count() / 1000)));
  }
  if (!request_.unix_socket.empty()) {
    set(CURLOPT_UNIX_SOCKET_PATH, request_.unix_socket.c_str());
    set(CURLOPT_PROXY, "");
  } else if (is_loopback(request_.url)) {
    set(CURLOPT_PROXY, "");  // a proxy's own 127.0.0.1 is another machine
  }
  // libcurl sends a request again by itself when a kept connection turns out to be closed. That is not known
  // to be safe here.
  if (!request_.idempotent && request_.method != "GET" && request_.method != "HEAD")
    set(CURLOPT_FRESH_CONNECT, 1L);
  set(CURLOPT_WRITEFUNCTION, &CurlExchange::on_write);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_HEADERFUNCTION, &CurlExchange::on_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_OPENSOCKETFUNCTION, &CurlExchange::on_socket);
  set(CURLOPT_OPENSOCKETDATA, this);
  set_trust();
}

void CurlExchange::set_method() {
  if (sends_body(request_)) {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDS, request_.body.data());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
  }
  if (request_.method == "HEAD")
    set(CURLOPT_NOBODY, 1L);
  else
    set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
}

void CurlExchange::add_header(const std::string& line) {
  auto* longer = curl_.slist_append(headers_, line.c_str());
  if (!longer) throw std::bad_alloc();
  headers_ = longer;
}

void CurlExchange::set_headers() {
  const auto has = [this](std::string_view name) {
    return std::ranges::any_of(request_.headers,
                               [&](const auto& header) { return same_name(header.first, name); });
  };
  // "Name:" keeps libcurl from adding its own, "Name;" is how it is told to send an empty value.
  for (const auto& [name, value] : request_.headers)
    add_header(value.empty() ? name + ";" : name + ": " + value);
  if (!has("Expect")) add_header("Expect:");
  if (!has("Content-Type")) add_header("Content-Type:");
  if (!has("User-Agent")) add_header("User-Agent: mdl/" MDL_VERSION);
  set(CURLOPT_HTTPHEADER, headers_);
}

// The curl program reads these variables, the library does not.
void CurlExchange::set_trust() {
  if (const auto file = environment("SSL_CERT_FILE"); !file.empty()) set(CURLOPT_CAINFO, file.c_str());
  if (const auto folder = environment("SSL_CERT_DIR"); !folder.empty()) set(CURLOPT_CAPATH, folder.c_str());
}

Result<Response> CurlExchange::perform() {
  if (!is_token(request_.method)) return fail(ErrorKind::invalid, "not an HTTP method: " + request_.method);
  for (const auto& [name, value] : request_.headers)
    if (!is_token(name) || !is_header_value(value))
      return fail(ErrorKind::invalid,
                  "not an HTTP header: " + (is_token(name) ? name : "a name with other characters"));
  set_options();
  set_method();
  set_headers();
  if (failed_option_ != CURLE_OK) return error(failed_option_);
  return outcome(curl_.easy_perform(handle_));
}

Result<Response> CurlExchange::outcome(CURLcode code) {
  if (thrown_) std::rethrow_exception(thrown_);
  if (stopped_)
    return fail(ErrorKind::interrupted,
                "the answer of " + shown_url(request_.url) + " was not read to its end");
  if (code != CURLE_OK && !enough_) return error(code);
  response_.status = status();
  return std::move(response_);
}

int CurlExchange::status() const {
  long status = 0;
  curl_.easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
  return static_cast<int>(status);
}

std::unexpected<Error> CurlExchange::error(CURLcode code) const {
  const auto what = meaning(code);
  const auto url = shown_url(request_.url);
  if (no_socket_ != 0 && code == CURLE_COULDNT_CONNECT)
    return fail(Error{.kind = ErrorKind::unavailable,
                      .message = "no connection can be opened to " + url,
                      .code = "other",
                      .quoted = std::strerror(no_socket_),
                      .resource = url});
  const auto connects = std::string_view(what.code) == "refused" && !request_.unix_socket.empty();
  return fail(Error{.kind = what.kind,
                    .message = what.words + (connects ? request_.unix_socket : url),
                    .code = what.code,
                    .quoted = words_[0] ? words_.data() : curl_.easy_strerror(code),
                    .resource = url});
}

bool CurlExchange::take_body(std::string_view bytes) {
  if (!asked_) {
    asked_ = true;
    response_.status = status();
    to_caller_ = on_body_ && (!request_.takes_body || request_.takes_body(response_));
  }
  if (!on_body_) {
    response_.body += bytes;
    return true;
  }
  if (!to_caller_) {
    constexpr std::size_t most = 64u << 10;
    response_.body += bytes.substr(0, most - response_.body.size());
    enough_ = response_.body.size() == most;
    return !enough_;
  }
  stopped_ = !on_body_(bytes);
  return !stopped_;
}

void CurlExchange::take_header(std::string_view line) {
  if (line.starts_with("HTTP/")) {  // of an interim answer (1xx) or the final one
    response_.headers.clear();
    return;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return;
  response_.headers.emplace_back(line.substr(0, colon), trimmed(line.substr(colon + 1)));
}

std::size_t CurlExchange::on_write(char* data, std::size_t size, std::size_t count, void* self) {
  auto& exchange = *static_cast<CurlExchange*>(self);
  try {
    return exchange.take_body({data, size * count}) ? size * count : CURL_WRITEFUNC_ERROR;
  } catch (...) {
    exchange.thrown_ = std::current_exception();
    return CURL_WRITEFUNC_ERROR;
  }
}

// libcurl calls a socket that it cannot have a refused connection, which would say that nobody listens.
curl_socket_t CurlExchange::on_socket(void* self, curlsocktype, curl_sockaddr* address) {
  const int made = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  static_cast<CurlExchange*>(self)->no_socket_ = made < 0 ? errno : 0;
  return made;
}

std::size_t CurlExchange::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& exchange = *static_cast<CurlExchange*>(self);
  try {
    exchange.take_header({data, size * count});
    return size * count;
  } catch (...) {
    exchange.thrown_ = std::current_exception();
    return CURL_WRITEFUNC_ERROR;
  }
}

}  // namespace mdl::http
