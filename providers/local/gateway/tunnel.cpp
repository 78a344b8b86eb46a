#include <boost/asio/co_spawn.hpp>

#include "providers/local/gateway/exchange.hpp"

namespace mdl::local::gateway {

// After 101 the connection is a pair of byte streams until one side closes. It stays in flight all the while.
Awaitable<Exchange::After> Exchange::tunnel() {
  session_.out.clear();
  append_response_head(session_.out, response_->get(), {.release = release(), .upgrade = true});
  Buffer& in = connection_->in;
  bool open = co_await to_client(gather(asio::buffer(session_.out), asio::buffer(in.view())));
  in.consume(in.size());
  pumping_ = true;
  asio::co_spawn(session_.context().executor, tunnel_up(), [this, keep = owner()](const std::exception_ptr&) {
    pumping_ = false;
    pump_ended_.notify();
  });
  while (open && co_await connection_->more()) {
    open = co_await to_client(gather(asio::buffer(in.view())));
    in.consume(in.size());
  }
  co_await join_pump();
  finish(false, false);
  co_return After::close;
}

Awaitable<void> Exchange::tunnel_up() {
  Buffer& in = client_.in;
  while (!pump_stops_) {
    if (!in.empty() && !co_await write_all(connection_->socket, gather(asio::buffer(in.view())))) break;
    in.consume(in.size());
    if (!co_await client_.more(owner())) break;
  }
  connection_->close();
}

}  // namespace mdl::local::gateway
