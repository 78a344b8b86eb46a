#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/plan/change.hpp"

namespace mdl::plan {

// Weights that carrying a plan out fetches first.
struct Fetch {
  std::string path, from;
  std::uint64_t bytes = 0;  // 0: not known
};

// The ordered list of changes from what is there to what is wanted, and what it means. Saved by `plan --out`
// and carried out by `deploy --plan`: the calls made are those listed here, in an order that respects
// `needs`.
struct Plan {
  // 2: may stop what is live first. A plan is written with the lowest schema that can carry it out.
  static constexpr int schema = 2;
  release::ServiceRef service;
  std::string provider;
  std::string place;     // "this machine", "123456789012, eu-central-1": for the header line
  int release = 0;       // the number that the new release gets; 0 when no release is made
  std::string identity;  // of the release, see release::Record::identity
  Live live;             // as read when the plan was made; its revision is the precondition of every call
  std::vector<Change> changes;
  std::vector<ResourceId> unchanged;
  std::uint64_t upload_bytes = 0;
  // These two follow from what is there when the plan is carried out, so they are not saved.
  std::vector<Fetch> fetches;
  bool weights_only = false;  // the artifact differs from what serves in its weights only
  std::string drains;        // why what is live is stopped first; empty: the service is not away
  Milliseconds downtime{0};  // how long it is away then, as `measured` took to start
  int measured = 0;          // a release; 0: no start was measured yet
  std::string artifact;      // digest
  std::string previous_artifact;
  bool restorable = true;          // whether the present release can be restored afterwards
  std::string restorable_reason;   // why not
  std::vector<std::string> calls;  // every mutating call, by plan::identity, in their order; those that need
                                   // not wait for another run side by side
  Value config;                    // the resolved service configuration that the release would have

  // Nothing to change and no call to make, such as a hook that an earlier run did not come to.
  bool empty() const { return changes.empty() && calls.empty(); }
};

Value to_value(const Plan& plan);
// Errors: invalid, naming the member; refuses a schema newer than this one, since it must be carried out
// exactly.
Result<Plan> plan_from(const Value& value);

// Compares specs member by member: a member of `desired` that differs from `observed` is a difference;
// members that only `observed` has are the platform's and are ignored, except in maps that are ours whole,
// whose paths end in ".*" in `whole`
// ("env.*": a variable that is gone from desired is a difference).
std::vector<FieldDiff> compare(const Value& desired, const Value& observed,
                               const std::vector<std::string>& whole = {});

}  // namespace mdl::plan
