#pragma once

#include <memory>
#include <optional>
#include <string>

#include "providers/local/gateway/answer.hpp"
#include "providers/local/gateway/body.hpp"
#include "providers/local/gateway/heads.hpp"
#include "providers/local/gateway/pool.hpp"
#include "providers/local/gateway/scheduler.hpp"
#include "providers/local/gateway/session.hpp"

namespace mdl::local::gateway {

// One request: finds a replica, sends the request there and the response back.
class Exchange final : public Ticket {
 public:
  // What becomes of the client's connection.
  enum class After { keep, linger, close };

  explicit Exchange(Session& session);
  ~Exchange() override;

  Awaitable<After> run();
  // The client left, a time limit passed or the gateway stops: closes the replica's connection and wakes
  // run().
  void interrupt();

 private:
  using Failure = std::optional<Answer>;
  static constexpr int client_left = 499;  // an Answer that nobody reads
  static constexpr int try_again = 0;      // not an answer: the pooled connection was stale
  static constexpr int try_other = 1;      // nor this: a new connection was closed, as by a replica that dies

  void on_turn() override { turn_.notify(); }
  std::string client() const override;

  // exchange.cpp: the way to a replica
  Failure inspect();
  Awaitable<Failure> reach(bool fresh);
  Awaitable<Failure> wait_turn(bool retries = false);
  Awaitable<Failure> connect();
  Awaitable<Failure> to_other();
  Awaitable<After> answer(Answer answer);
  Answer interrupted();
  Answer full() const;
  Answer closed() const;
  std::optional<Answer> refused_long() const;
  void finish(bool error, bool timed);
  std::shared_ptr<Session> owner() { return session_.shared_from_this(); }

  // request.cpp: the request to the replica
  Awaitable<Failure> send();
  Buffers framed(std::string& head, const BodyPiece& piece, bool last) const;
  Awaitable<void> pump();
  Awaitable<void> join_pump();
  bool repeatable() const;

  // response.cpp: the response back
  Awaitable<Failure> receive();
  Awaitable<After> relay();
  Awaitable<bool> relay_body();
  Awaitable<bool> to_client(Buffers buffers);
  Framing response_framing() const;
  void release_connection();

  // tunnel.cpp
  Awaitable<After> tunnel();
  Awaitable<void> tunnel_up();

  Session& session_;
  Service& service_;
  Client& client_;
  RequestParser& request_;
  Signal turn_;
  Signal pump_ended_;
  Deadline deadline_;  // of the response's header
  Deadline stall_;     // of a body
  std::unique_ptr<Connection> connection_;
  std::optional<ResponseParser> response_;
  std::chrono::nanoseconds placed_{0};
  Framing request_framing_ = Framing::none, framing_ = Framing::none;
  bool upgrade_ = false, head_ = false, http10_ = false;
  bool stopped_ = false, stalled_ = false, awaiting_body_ = false;
  bool pumping_ = false, pump_stops_ = false, body_sent_ = false, bad_body_ = false, keep_client_ = false;
  bool counted_ = false;
};

}  // namespace mdl::local::gateway
