#pragma once

#include <boost/intrusive/list.hpp>
#include <memory>
#include <string>
#include <vector>

#include "providers/local/gateway/context.hpp"
#include "providers/local/gateway/listener.hpp"
#include "providers/local/gateway/pool.hpp"
#include "providers/local/gateway/scheduler.hpp"

namespace mdl::local::gateway {

using SessionHook =
    boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
class Session;

// One service: its listener, its clients' connections, its replicas. Its sessions keep it after `remove`.
class Service : public std::enable_shared_from_this<Service> {
 public:
  Service(std::string key, std::shared_ptr<Context> context);

  Result<std::uint16_t> listen(std::uint16_t port);
  std::uint16_t port() const { return listener_ ? listener_->port() : 0; }
  void remove();  // Gateway::remove
  void stop();    // cuts everything now

  int descriptor() const { return listener_ ? listener_->descriptor() : -1; }
  // Gateway::leave.
  void leave(std::function<void(ClientConnection)> give);
  bool leaving() const { return give_ != nullptr; }
  void give(int descriptor, std::string_view read) { give_({key_, descriptor, std::string(read)}); }
  void adopt(const ClientConnection& connection);

  // Keeps the connection for the next request when its replica is still in the route.
  void keep(const Replica& replica, std::unique_ptr<Connection> connection);
  void session_ended();
  bool removed() const { return removed_; }
  const std::string& key() const { return key_; }

  Context& context;
  Scheduler scheduler;
  Pool pool;

 private:
  using Sessions = boost::intrusive::list<Session, boost::intrusive::base_hook<SessionHook>,
                                          boost::intrusive::constant_time_size<false>>;
  Scheduler::Hooks hooks();
  Result<std::shared_ptr<Listener>> open(std::uint16_t port);
  void accepted(Socket socket, std::string_view read = {});
  void demand(int release);
  void unreachable(const Upstream& upstream);
  void drained(const Upstream& upstream);
  void report_drained();
  void expire_idle();

  std::string key_;
  std::shared_ptr<Context> shared_context_;
  std::shared_ptr<Listener> listener_;
  std::unique_ptr<Sessions> sessions_;
  std::vector<Upstream> drained_;  // to be reported from the event loop
  Deadline idle_check_;
  std::function<void(ClientConnection)> give_;
  bool removed_ = false, stopped_ = false;

 public:
  ~Service();
};

}  // namespace mdl::local::gateway
