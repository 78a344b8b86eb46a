#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/release/record.hpp"
#include "core/util/error.hpp"
#include "core/util/value.hpp"

// What is at a provider, what is wanted, and the single steps between them, as values.
namespace mdl::plan {

struct ResourceId {
  std::string kind;  // the platform's own word: "function", "Deployment", "replicas"
  std::string name;
  auto operator<=>(const ResourceId&) const = default;
};
std::string to_string(const ResourceId& id);  // "function credit-risk"

// A resource as it should be. `release` is 0 for one that all releases of the service share.
struct Desired {
  ResourceId id;
  int release = 0;
  Value spec;                     // only what we set
  std::vector<ResourceId> needs;  // must exist before this one
  bool serves = false;            // an update is felt by what serves now: made only after the promote
  bool follows = false;           // hangs on the live pointer: even its creation comes after the promote
  std::map<std::string, Source> sources;  // spec field → manifest line
};

// A resource as it is. Absence is nullopt where this is optional, never a failure.
struct Observed {
  ResourceId id;
  int release = 0;
  Value spec;
  Value status;          // what the platform says: never compared
  std::string revision;  // precondition token: Lambda RevisionId, resourceVersion, etag
};

// One difference, for people and machines: `from` is null when the field is new.
struct FieldDiff {
  std::string field;
  Value from, to;
  std::optional<Source> where;
  bool operator==(const FieldDiff&) const = default;
};

struct Share {
  int release = 0;
  double weight = 1;  // 0…1
  bool operator==(const Share&) const = default;
};
using Split = std::vector<Share>;  // weights add up to 1; empty: nothing is live

// The live pointer. `revision` moves with every swap and rest: it is the precondition of all mutating calls
// of a run.
struct Live {
  Split split;
  std::string revision;
  int rests_for = 0;    // what is live was stopped to make room for this release; 0: it was not
  int release() const;  // the one with the largest weight; 0 when nothing is live
};

struct Create {
  Desired desired;
};
struct Update {
  Desired desired;
  std::string revision;
  std::vector<FieldDiff> fields;
};
struct Replace {
  Desired desired;
  std::string revision;
  std::vector<FieldDiff> fields;
};
struct Delete {
  ResourceId id;
  int release = 0;
  std::string revision;
};
struct Promote {
  Split from, to;
};
// Stops what is live before `room_for` is started, since the two cannot stand side by side.
struct Rest {
  int release = 0;
  int room_for = 0;
};
using Change = std::variant<Create, Update, Replace, Delete, Promote, Rest>;

// A stable name of the call a change makes, for plans, the journal and comparisons: "create replicas
// credit-risk/8".
std::string identity(const Change& change);

Value to_value(const Desired& desired);
Result<Desired> desired_from(const Value& value);
Value to_value(const Split& split);
Result<Split> split_from(const Value& value);
Value to_value(const Change& change);
Result<Change> change_from(const Value& value);

}  // namespace mdl::plan
