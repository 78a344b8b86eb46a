#pragma once

#include <array>
#include <exception>

#include "core/http/curl_library.hpp"
#include "core/http/transport.hpp"

namespace mdl::http {

// One request on one libcurl handle, which the caller resets before and keeps.
class CurlExchange {
 public:
  CurlExchange(const CurlLibrary& curl, CURL* handle, const Request& request, const OnBody& on_body);
  ~CurlExchange();
  CurlExchange(const CurlExchange&) = delete;
  CurlExchange& operator=(const CurlExchange&) = delete;

  // Once. What on_body throws comes out of here, not through libcurl.
  Result<Response> perform();

 private:
  template <class T>
  void set(CURLoption option, T value);
  void set_options();
  void set_method();
  void set_headers();
  void add_header(const std::string& line);
  void set_trust();
  Result<Response> outcome(CURLcode code);
  int status() const;
  std::unexpected<Error> error(CURLcode code) const;
  bool take_body(std::string_view bytes);
  void take_header(std::string_view line);
  static std::size_t on_write(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static curl_socket_t on_socket(void* self, curlsocktype purpose, curl_sockaddr* address);

  const CurlLibrary& curl_;
  CURL* handle_;
  const Request& request_;
  const OnBody& on_body_;
  Response response_;
  curl_slist* headers_ = nullptr;
  std::array<char, CURL_ERROR_SIZE> words_{};
  CURLcode failed_option_ = CURLE_OK;
  int no_socket_ = 0;  // errno, when the system had none for the last address tried
  bool stopped_ = false;
  bool asked_ = false, to_caller_ = false;  // see Request::takes_body
  bool enough_ = false;                     // of a body that the caller does not take
  std::exception_ptr thrown_;
};

}  // namespace mdl::http
