#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/plan/change.hpp"
#include "core/release/record.hpp"
#include "core/util/value.hpp"
#include "providers/local/local.hpp"

namespace mdl::local {

// The command line's side of protocol.hpp.
class SupervisorClient {
 public:
  explicit SupervisorClient(const Options& options);

  // Asks without changing anything. nullopt: the supervisor says that the thing is not there, or there is no
  // state database and so nothing at all. Starts a supervisor where there is a database. Every other failure
  // is an error.
  Result<std::optional<Value>> read(const std::string& path) const;
  // As read, but never starts a supervisor: an error of kind unavailable when none runs.
  Result<std::optional<Value>> peek(const std::string& path) const;
  // Changes something; starts a supervisor when none runs, and restarts one of an older version in its place.
  // `headers` are added.
  Result<Value> write(const char* method, const std::string& path, const Value& body,
                      const http::Headers& headers = {}) const;
  // The whole state of one service.
  Result<std::optional<Value>> state(const release::ServiceRef& ref) const;
  // Restarts the supervisor as this program: the answer of ping. Errors: unavailable when none runs.
  Result<Value> restart() const;
  const Options& options() const { return options_; }

 private:
  struct Seen;
  Result<http::Response> send(const http::Request& request) const;
  Result<http::Response> exchange(const http::Request& request) const;
  Result<void> renew() const;

  Options options_;
  std::shared_ptr<Seen> seen_;  // what answers have told
};

// "/v1/services/S/T" + rest.
std::string service_path(const release::ServiceRef& ref, std::string_view rest = {});

// Whether version `a` is older than `b`: "0.9.1" than "0.10".
bool is_older(std::string_view a, std::string_view b);

// The error that an answer of the supervisor stands for: `code` and the words come from the body where it has
// them, else from the status. A lost race says who won.
Error error_of(const http::Response& response);

// The live pointer in a state or an answer; {no split, revision "0"} for null.
Result<plan::Live> live_from(const Value& value);

}  // namespace mdl::local
