#include "providers/local/gateway/service.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <unistd.h>

#include "providers/local/gateway/session.hpp"

namespace mdl::local::gateway {

Service::Service(std::string key, std::shared_ptr<Context> shared)
    : context(*shared),
      scheduler(hooks(), shared->clock),
      pool(shared->options.upstream_idle),
      key_(std::move(key)),
      shared_context_(std::move(shared)),
      sessions_(std::make_unique<Sessions>()),
      idle_check_(*context.deadlines, [this] { expire_idle(); }) {}

Service::~Service() = default;

Scheduler::Hooks Service::hooks() {
  return {.demand = [this](int release) { demand(release); },
          .closed = [this](const Upstream& upstream) { pool.drop(upstream.port); },
          .drained = [this](const Upstream& upstream) { drained(upstream); },
          .unreachable = [this](const Upstream& upstream) { unreachable(upstream); }};
}

Result<std::uint16_t> Service::listen(std::uint16_t port) {
  if (listener_ && (port == 0 || port == listener_->port())) return listener_->port();
  MDL_TRY(auto listener, open(port));
  if (listener_) listener_->close();
  listener_ = std::move(listener);
  return listener_->port();
}

Result<std::shared_ptr<Listener>> Service::open(std::uint16_t port) {
  const auto accept = [weak = weak_from_this()](Socket socket) {
    if (const auto self = weak.lock()) self->accepted(std::move(socket));
  };
  auto& inherited = context.inherited;
  const auto found = std::ranges::find_if(inherited, [&](const GatewayListener& one) {
    return one.key == key_ && (port == 0 || port == one.port);
  });
  if (found == inherited.end()) return Listener::open(shared_context_, port, accept);
  const auto taken = *found;
  inherited.erase(found);
  return Listener::adopt(shared_context_, taken, accept);
}

void Service::accepted(Socket socket, std::string_view read) {
  if (stopped_) return;
  const auto session = std::make_shared<Session>(shared_from_this(), std::move(socket));
  session->client.preload(read);
  sessions_->push_back(*session);
  session->start();
}

void Service::adopt(const ClientConnection& connection) {
  Socket socket(context.executor);
  error_code ec;
  socket.assign(tcp::v4(), connection.descriptor, ec);
  if (!ec) {
    accepted(std::move(socket), connection.read);
  } else {
    ::close(connection.descriptor);
  }
}

void Service::leave(std::function<void(ClientConnection)> give) {
  give_ = std::move(give);
  if (listener_) listener_->close();
  pool.clear();
  for (auto at = sessions_->begin(); at != sessions_->end();) (at++)->leave();
}

void Service::remove() {
  removed_ = true;
  if (listener_) listener_->close();
  scheduler.close();
  for (auto at = sessions_->begin(); at != sessions_->end();) (at++)->finish();
}

void Service::stop() {
  stopped_ = true;
  if (listener_) listener_->close();
  pool.clear();
  idle_check_.clear();
  for (auto at = sessions_->begin(); at != sessions_->end();) (at++)->stop();
}

void Service::session_ended() {
  if (listener_) listener_->resume();
}

void Service::demand(int release) {
  if (!context.events.on_demand) return;
  asio::post(context.executor, [self = shared_from_this(), release] {
    if (self->context.events.on_demand) self->context.events.on_demand(self->key_, release);
  });
}

void Service::unreachable(const Upstream& upstream) {
  if (!context.events.on_unreachable) return;
  asio::post(context.executor, [self = shared_from_this(), upstream] {
    if (self->context.events.on_unreachable) self->context.events.on_unreachable(self->key_, upstream);
  });
}

void Service::drained(const Upstream& upstream) {
  if (!context.events.on_drained || std::ranges::find(drained_, upstream) != drained_.end()) return;
  if (drained_.empty()) asio::post(context.executor, [self = shared_from_this()] { self->report_drained(); });
  drained_.push_back(upstream);
}

void Service::report_drained() {
  for (const auto& upstream : std::exchange(drained_, {})) {
    if (scheduler.known(upstream)) continue;  // came back meanwhile
    if (context.events.on_drained) context.events.on_drained(key_, upstream);
  }
}

void Service::keep(const Replica& replica, std::unique_ptr<Connection> connection) {
  if (!replica.routed || leaving()) return;
  pool.put(replica.upstream.port, std::move(connection));
  if (!idle_check_.is_linked()) idle_check_.set(context.options.upstream_idle);
}

void Service::expire_idle() {
  if (pool.expire()) idle_check_.set(context.options.upstream_idle);
}

}  // namespace mdl::local::gateway
