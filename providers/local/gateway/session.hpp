#pragma once

#include <memory>
#include <optional>
#include <string>

#include "providers/local/gateway/answer.hpp"
#include "providers/local/gateway/body.hpp"
#include "providers/local/gateway/client.hpp"
#include "providers/local/gateway/header_scan.hpp"
#include "providers/local/gateway/service.hpp"

namespace mdl::local::gateway {

class Exchange;

// A client's connection: reads one request after the other and has each carried out by an Exchange.
class Session : public std::enable_shared_from_this<Session>, public SessionHook {
 public:
  Session(std::shared_ptr<Service> owner, Socket socket);
  ~Session();

  void start();
  void finish();  // closes after the request under way, at once when there is none
  void stop();    // cuts it now
  void leave();   // gives the connection away, see Gateway::leave

  // For the exchange under way.
  Service& service() { return *service_; }
  Context& context() { return service_->context; }
  RequestParser& request() { return *request_; }
  bool closing() const { return closing_; }
  std::chrono::nanoseconds started() const { return started_; }  // the request's first byte, Clock::elapsed

  Client client;
  std::string out;  // heads are written here, so that its memory is used again

 private:
  Awaitable<void> run();
  Awaitable<bool> read_request();
  Awaitable<bool> refuse(Answer answer);
  bool parse(std::size_t header_size, Answer& problem);
  Awaitable<void> linger();
  Awaitable<void> hand_over();
  void skip_empty_line();

  std::shared_ptr<Service> service_;
  Exchange* exchange_ = nullptr;
  std::optional<RequestParser> request_;
  Deadline deadline_;  // of reading a header, of being idle, of lingering
  std::chrono::nanoseconds started_{0};
  bool timed_out_ = false, closing_ = false, reading_header_ = false, awaiting_ = false;
};

}  // namespace mdl::local::gateway
