#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/util/clock.hpp"
#include "core/util/error.hpp"
#include "core/util/value.hpp"

namespace mdl::release {

// Names one service at one target: the key of everything that a provider keeps.
struct ServiceRef {
  std::string service;
  std::string target;
  bool operator==(const ServiceRef&) const = default;
};

enum class State {
  pending,    // written before the first mutating call of its deploy
  live,       // gets traffic, or the larger part of it
  superseded, // was live; restorable unless `pruned`
  failed,     // never got traffic: its checks failed, or another run won
  pruned,     // its resources are gone; the record stays as history
};
std::string_view to_string(State state);
std::optional<State> parse_state(std::string_view text);

struct Author {
  std::string name;          // "ci 412" or the user's name
  std::string commit;        // full hash; empty outside a git repository
  bool dirty = false;
};

struct Rehearsal {
  Time at;
  Milliseconds took{0};
  bool passed = false;
};

// One entry of the history at the provider. A rollback is an entry too: its `runs` names the release that serves.
// Readable by the version of mdl before and after this one: members that may be missing have defaults, unknown ones are
// kept in `extra` and written back.
struct Record {
  static constexpr int schema = 1;
  int number = 0;
  int runs = 0;                   // the release whose resources serve: `number` itself, or the target of a rollback
  State state = State::pending;
  std::string artifact;           // digest
  std::string config;             // digest of release_config, secret versions included
  Value resources;                // the rendered resources, as plan::to_value(Desired) made them: secrets by reference only
  std::map<std::string, std::string> secret_versions;  // name → version at its store, or keyed hash
  std::vector<std::string> weights;                    // digests
  Author author;
  Time created{};
  Time live_since{};              // zero: never live
  std::string how;                // "deploy", "rollback to 5", "promote"
  std::string reason;             // why it failed, in a few words
  std::optional<Rehearsal> rehearsal;
  std::string revision;           // the provider's precondition token for an update of this record: read, never written
  Value extra;

  // What makes two deploys the same one: artifact and config.
  std::string identity() const { return artifact + "+" + config; }
  // The schema that it was written in: a later one's parts may have another form.
  int written_schema() const { return static_cast<int>(extra["schema"].as_integer(schema)); }
  bool restorable() const { return state == State::superseded || state == State::live; }
};

// Times to the millisecond.
Value to_value(const Record& record);
// Errors: invalid, naming the member. A schema newer than this one is read as far as it is known.
Result<Record> record_from(const Value& value);

}  // namespace mdl::release
