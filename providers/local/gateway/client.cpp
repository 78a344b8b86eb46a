#include "providers/local/gateway/client.hpp"

#include <algorithm>
#include <boost/asio/write.hpp>
#include <cstring>

namespace mdl::local::gateway {

bool write_now(Socket& socket, Buffers& buffers, error_code& ec) {
  std::size_t written = socket.write_some(buffers, ec);
  if (ec) {
    if (ec == asio::error::would_block || ec == asio::error::try_again) ec = {};
    return false;
  }
  bool all = true;
  for (auto& buffer : buffers) {
    const auto part = std::min(written, buffer.size());
    buffer += part;
    written -= part;
    all = all && buffer.size() == 0;
  }
  return all;
}

Awaitable<bool> write_all(Socket& socket, Buffers buffers) {
  error_code ec;
  if (write_now(socket, buffers, ec)) co_return true;
  if (!ec) co_await asio::async_write(socket, buffers, into(ec));
  co_return !ec;
}

void Client::watch(std::shared_ptr<void> owner) {
  watching_ = true;
  read(std::move(owner));
}

void Client::read(std::shared_ptr<void> owner) {
  if (reading_ || gone_) return;
  const auto room = in.room(limit_);
  if (room.size() == 0) return;  // pipelined requests fill it: nothing is noticed until one is taken
  reading_ = true;
  socket.async_read_some(room, [this, owner = std::move(owner)](const error_code& ec, std::size_t bytes) {
    on_read(ec, bytes, owner);
  });
}

void Client::on_read(const error_code& ec, std::size_t bytes, std::shared_ptr<void> owner) {
  reading_ = false;
  in.commit(bytes);
  const bool leaves = ec && ec != asio::error::operation_aborted && !gone_;
  gone_ = gone_ || leaves;
  if (waiting_) {
    arrived_.notify();
  } else if (leaves) {
    if (left) left();
  } else if (watching_ && !ec) {
    read(std::move(owner));
  }
}

Awaitable<bool> Client::more(std::shared_ptr<void> owner) {
  const auto before = in.size();
  watching_ = false;
  read(std::move(owner));
  if (!reading_) co_return false;
  waiting_ = true;
  co_await arrived_.wait();
  waiting_ = false;
  co_return in.size() > before;
}

void Client::interrupt() {
  error_code ignored;
  socket.cancel(ignored);
}

Awaitable<void> Client::settle() {
  watching_ = false;
  while (reading_) {
    waiting_ = true;
    co_await arrived_.wait();
    waiting_ = false;
  }
}

int Client::release() {
  gone_ = true;
  error_code ec;
  const int descriptor = socket.release(ec);
  return ec ? -1 : descriptor;
}

void Client::preload(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto room = in.room(limit_);
    const auto size = std::min(room.size(), bytes.size());
    if (size == 0) return;  // never: nobody reads more than the limit
    std::memcpy(room.data(), bytes.data(), size);
    in.commit(size);
    bytes.remove_prefix(size);
  }
}

void Client::close() {
  gone_ = true;
  error_code ignored;
  socket.close(ignored);
}

}  // namespace mdl::local::gateway
