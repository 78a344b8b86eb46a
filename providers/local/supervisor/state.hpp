#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/release/record.hpp"
#include "core/util/clock.hpp"
#include "core/util/error.hpp"
#include "core/util/sqlite.hpp"
#include "core/util/value.hpp"
#include "providers/local/protocol.hpp"

namespace mdl::local::supervisor {

using release::ServiceRef;

// What is kept of a release's replicas.
struct ReleaseRow {
  // up: wanted, with or without traffic; resting: to be woken; failed: did not become healthy when it was
  // started.
  enum class Phase { up, resting, failed };
  int release = 0;
  Value spec;
  std::string revision;
  Phase phase = Phase::up;
  Value failure;          // of a failed one: an answer of readiness
  bool proven = false;    // all its replicas were healthy once
  Milliseconds start{0};  // what the last start of one of its replicas took; 0: none was measured
};

// What is kept of a service at a target.
struct ServiceRow {
  ServiceRef ref;
  Value gateway;  // the spec, or null
  std::string gateway_revision;
  int port = 0;   // that the gateway listens on; stays when the spec says 0
  Value scaling;  // {"declared","effective"}, or null
  std::string scaling_revision;
  Value split;  // [{"release","weight"}]
  std::string live_revision;
  int rests_for = 0;                 // what is live is stopped to make room for this release; 0: it is not
  std::vector<ReleaseRow> releases;  // ascending

  const ReleaseRow* find(int release) const;
  double share(int release) const;  // of the traffic, 0…1
  int live_release() const;         // with the largest share; 0: nothing is live
  // What a start of the release took last; of the newest other one when none of its own was measured; or 0.
  Milliseconds last_start(int release) const;
};

// The supervisor's memory: root/state.db. Every mutating function is one transaction that checks its
// precondition; it has changed nothing when it fails. Revisions come from one counter, so none is ever used
// again, also not by a service that was destroyed and made anew.
class State {
 public:
  // Errors: failed, with the file and the remedy, when the database is damaged or from a later version of
  // mdl.
  static Result<State> open(const Home& home);

  Result<std::vector<ServiceRef>> services();
  Result<std::optional<ServiceRow>> read(const ServiceRef& ref);

  // `fence` is the live revision that the caller knows; "0" before a service's first swap. Errors: conflict
  // when it moved.
  Result<void> check_fence(const ServiceRef& ref, const std::string& fence);
  Result<void> put_gateway(const ServiceRef& ref, const std::string& fence, const Value& spec, int port);
  Result<void> put_scaling(const ServiceRef& ref, const std::string& fence, const Value& spec);
  // The release becomes `up`. Errors: refused when the release gets traffic and its spec is another.
  Result<void> put_replicas(const ServiceRef& ref, const std::string& fence, int release, const Value& spec);
  Result<void> remove_gateway(const ServiceRef& ref, const std::string& fence);
  Result<void> remove_scaling(const ServiceRef& ref, const std::string& fence);
  Result<void> remove_replicas(const ServiceRef& ref, const std::string& fence, int release);
  // The release becomes `up`. Errors: not_found.
  Result<void> wake(const ServiceRef& ref, const std::string& fence, int release);

  // Compare-and-swap of the live pointer; releases with a share become `up`. Errors: conflict; not_found or
  // refused when a release has no replicas or failed; invalid when the weights do not add up to 1.
  // Ends a rest: then releases without a share rest instead.
  Result<void> swap(const ServiceRef& ref, const std::string& expected, const Value& split);
  // Compare-and-swap: all releases but `room_for` rest, also those with traffic. Errors: conflict; refused
  // when nothing is live.
  Result<void> rest(const ServiceRef& ref, const std::string& expected, int room_for);

  // What the supervisor itself finds out; not fenced.
  Result<void> set_phase(const ServiceRef& ref, int release, ReleaseRow::Phase phase,
                         const Value& failure = {});
  Result<void> set_proven(const ServiceRef& ref, int release);
  Result<void> set_start(const ServiceRef& ref, int release, Milliseconds took);
  Result<void> set_port(const ServiceRef& ref, int port);

  // Newest first; each with its revision as the member "revision".
  Result<Value::Array> records(const ServiceRef& ref);
  // These return the record with its revision. Errors: conflict when the number is taken or the revision
  // moved; not_found.
  Result<Value> add_record(const ServiceRef& ref, const Value& record);
  Result<Value> update_record(const ServiceRef& ref, int number, const std::string& revision,
                              const Value& record);
  // Removes all that is kept of the service. Errors: conflict while it still has a gateway or replicas.
  Result<void> erase(const ServiceRef& ref);

  struct SecretId {
    std::string name, version;
  };
  Result<void> keep_secret(const ServiceRef& ref, const SecretId& id, const std::string& value);
  Result<std::vector<SecretId>> secrets(const ServiceRef& ref);
  // Errors: not_found; failed when the key or the stored bytes are others than they were.
  Result<std::string> secret(const ServiceRef& ref, const SecretId& id);

  // All calls until `commit` are one transaction.
  Result<sqlite::Transaction> begin() { return database_.begin(); }

 private:
  State(Home home, sqlite::Database database) : home_(std::move(home)), database_(std::move(database)) {}
  Result<std::string> next_revision();
  Result<void> ensure_row(const ServiceRef& ref);
  Result<std::string> live_revision(const ServiceRef& ref);
  Result<sqlite::Transaction> begin_fenced(const ServiceRef& ref, const std::string& fence);
  Result<void> rest_all(const ServiceRef& ref, int but);
  Result<void> check_split(const ServiceRow& row, const Value& split);
  Result<const std::string*> sealing_key();

  Home home_;
  sqlite::Database database_;
  std::string sealing_key_;
};

std::string_view to_string(ReleaseRow::Phase phase);
// The live pointer as protocol.hpp shows it.
Value live_value(const ServiceRow& row);

}  // namespace mdl::local::supervisor
