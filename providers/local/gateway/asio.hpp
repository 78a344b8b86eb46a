#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

// The gateway's parts have a namespace of their own: the supervisor beside it has connections and services
// too.
namespace mdl::local::gateway {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// The concrete executor instead of any_io_executor: nothing is type-erased for each operation.
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<tcp, Executor>;
template <class T>
using Awaitable = asio::awaitable<T, Executor>;

// co_await socket.async_…(…, into(ec)): the error goes to `ec`, nothing is thrown.
inline auto into(error_code& ec) { return asio::redirect_error(asio::use_awaitable_t<Executor>{}, ec); }

}  // namespace mdl::local::gateway
