#pragma once

#include <string>
#include <string_view>

#include "providers/aws/runtime/event.hpp"
#include "providers/aws/runtime/http.hpp"

// The Lambda Runtime API (2018-06-01): the client of one loop.
namespace mdl::aws::runtime {

// What became of an answer that was sent.
enum class Sent {
  accepted,  // or refused in a way that concerns this invocation alone, which `Api` has logged: too large,
             // too late
  fatal,     // the runtime must end
};

class Api {
 public:
  // `interrupt` is a descriptor that ends waiting for an invocation when it becomes readable.
  Api(const Address& address, int interrupt) : waiting_(address, interrupt), sending_(address, -1) {}

  // The next invocation; waits as long as it takes. Errors: "interrupted"; others are fatal. An invocation
  // without an id has an empty one.
  Result<Invocation> next();
  Sent respond(const Invocation& invocation, std::string_view payload);
  Sent report(const Invocation& invocation, std::string_view type, std::string_view message);
  // Before the first invocation. Failures are logged.
  void report_init(std::string_view type, std::string_view message);

  // Of a runtime that is restored from a snapshot: returns once it was. Errors are fatal.
  Result<void> wait_for_restore();
  void report_restore(std::string_view type, std::string_view message);

  // A streamed answer. `begin` may be followed by any number of `piece`s and is followed by one `end`. A
  // false from `piece` says that nobody listens any more; `end` then still tells what the API said.
  void begin(const Invocation& invocation, std::string_view prelude);
  bool piece(std::string_view bytes);
  Sent end();
  Sent end_with_error(std::string_view type, std::string_view message);

  // After a restore no socket of before may be used.
  void forget_connections();

 private:
  Result<Response> call(const Request& request);
  Result<Response> call_once(const Request& request, bool& was_sent);
  Sent send(const Request& request, std::string_view what);
  Request post(std::string path, const Invocation& invocation, std::string_view body) const;
  Sent judge(int status, std::string_view body, std::string_view what, bool repeated) const;
  Sent finish_stream(std::string_view trailers);

  Connection waiting_, sending_;
  bool repeated_ = false, listens_ = false;
};

void log(std::string_view text);  // one line on stderr

}  // namespace mdl::aws::runtime
