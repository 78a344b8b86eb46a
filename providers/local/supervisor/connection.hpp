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

// HTTP/1.1 on a Unix socket that only its user can open. One descriptor is kept in reserve: when there is no
// other, one connection at a time is served with it, whose reads are answered and whose changes are refused.
class SocketServer {
 public:
  // Replaces a socket that nobody listens on any more. Errors: failed, naming the path.
  static Result<std::unique_ptr<SocketServer>> listen(boost::asio::io_context& io, const std::string& path,
                                                      Api& api, Log log);
  // Goes on with what `hand_over` of the program before this one said; answers `answer` to those that asked
  // for the restart.
  static std::unique_ptr<SocketServer> take_over(boost::asio::io_context& io, const std::string& path,
                                                 Api& api, Log log, const Value& value,
                                                 const std::string& answer);
  virtual ~SocketServer() = default;
  // Takes no more connections and removes the socket; calls under way are answered.
  virtual void close() = 0;
  // Whether no request is on its way in and no answer on its way out, but for those that wait to be told.
  virtual bool quiet() = 0;
  virtual Value hand_over(Handover& handover) = 0;
  // In a fork: closes everything, and leaves the socket where it is.
  virtual void abandon() = 0;
};

}  // namespace mdl::local::supervisor
