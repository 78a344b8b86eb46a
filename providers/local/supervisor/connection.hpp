#pragma once

#include <memory>
#include <string>

#include "core/util/error.hpp"
#include "core/util/log.hpp"
#include "providers/local/supervisor/api.hpp"

namespace boost::asio {
class io_context;
}

namespace mdl::local::supervisor {

// HTTP/1.1 on a Unix socket that only its user can open.
class SocketServer {
 public:
  // Replaces a socket that nobody listens on any more. Errors: failed, naming the path.
  static Result<std::unique_ptr<SocketServer>> listen(boost::asio::io_context& io, const std::string& path,
                                                      Api& api, Log log);
  virtual ~SocketServer() = default;
  // Takes no more connections and removes the socket; calls under way are answered.
  virtual void close() = 0;
};

}  // namespace mdl::local::supervisor
