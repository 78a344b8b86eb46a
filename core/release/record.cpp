#include "core/release/record.hpp"

#include <algorithm>
#include <array>

#include "core/util/members.hpp"

namespace mdl::release {

namespace {

constexpr std::array<std::pair<State, std::string_view>, 5> words{{{State::pending, "pending"},
                                                                   {State::live, "live"},
                                                                   {State::superseded, "superseded"},
                                                                   {State::failed, "failed"},
                                                                   {State::pruned, "pruned"}}};

Value time_value(Time time) { return time == Time{} ? Value() : Value(to_rfc3339(time)); }

Value known_members(const Record& record) {
  auto versions = Value::object();
  for (const auto& [name, version] : record.secret_versions) versions.set(name, version);
  const auto& author = record.author;
  auto value = Value::object({
      {"schema", Record::schema},
      {"number", record.number},
      {"runs", record.runs},
      {"state", to_string(record.state)},
      {"how", record.how},
      {"reason", record.reason},
      {"artifact", record.artifact},
      {"config", record.config},
      {"weights", record.weights},
      {"secret_versions", versions},
      {"author", Value::object({{"name", author.name}, {"commit", author.commit}, {"dirty", author.dirty}})},
      {"created", time_value(record.created)},
      {"live_since", time_value(record.live_since)},
      {"rehearsal", nullptr},
      {"resources", record.resources},
  });
  if (const auto& rehearsal = record.rehearsal)
    value.set("rehearsal", Value::object({{"at", to_rfc3339(rehearsal->at)},
                                          {"took_ms", rehearsal->took.count()},
                                          {"passed", rehearsal->passed}}));
  return value;
}

// The members of `value` that `known` does not have, at any depth of objects that both have.
Value unknown_members(const Value& value, const Value& known) {
  Value unknown;
  for (const auto& [name, member] : value.as_object()) {
    if (!known.contains(name)) {
      unknown.set(name, member);
    } else if (member.is_object() && known[name].is_object()) {
      if (auto below = unknown_members(member, known[name]); !below.is_null())
        unknown.set(name, std::move(below));
    }
  }
  return unknown;
}

void add_unknown(Value& value, const Value& unknown) {
  for (const auto& [name, member] : unknown.as_object()) {
    if (!value.contains(name)) {
      value.set(name, member);
    } else if (member.is_object() && value[name].is_object()) {
      auto below = value[name];
      add_unknown(below, member);
      value.set(name, std::move(below));
    }
  }
}

State read_state(Members& members, bool newer) {
  const auto text = members.text("state");
  if (const auto state = parse_state(text)) return *state;
  // Of a state that a later version invented, only this is safe to say: do not go back to it.
  if (!newer) members.reject("state", "is no state: " + text);
  return State::pruned;
}

Author read_author(Members& members) {
  Members author(members.object("author"), "release record author");
  Author read{.name = author.text("name"), .commit = author.text("commit")};
  if (author.has("dirty")) read.dirty = author.boolean("dirty");
  members.check(author.result());
  return read;
}

std::optional<Rehearsal> read_rehearsal(Members& members) {
  if (!members.has("rehearsal")) return std::nullopt;
  Members rehearsal(members.object("rehearsal"), "release record rehearsal");
  Rehearsal read{.at = rehearsal.time("at"),
                 .took = rehearsal.milliseconds("took_ms"),
                 .passed = rehearsal.boolean("passed")};
  members.check(rehearsal.result());
  return read;
}

std::map<std::string, std::string> read_versions(Members& members) {
  std::map<std::string, std::string> versions;
  if (!members.has("secret_versions")) return versions;
  for (const auto& [name, version] : members.object("secret_versions").as_object()) {
    if (!version.is_string()) members.reject("secret_versions." + name, "must be text");
    versions[name] = version.as_string();
  }
  return versions;
}

std::vector<std::string> read_weights(Members& members) {
  std::vector<std::string> weights;
  if (!members.has("weights")) return weights;
  for (const auto& digest : members.array("weights")) {
    if (!digest.is_string()) members.reject("weights", "must be a list of texts");
    weights.push_back(digest.as_string());
  }
  return weights;
}

}  // namespace

std::string_view to_string(State state) {
  return std::ranges::find(words, state, &std::pair<State, std::string_view>::first)->second;
}

std::optional<State> parse_state(std::string_view text) {
  const auto* found = std::ranges::find(words, text, &std::pair<State, std::string_view>::second);
  return found == words.end() ? std::nullopt : std::optional(found->first);
}

Value to_value(const Record& record) {
  auto value = known_members(record);
  add_unknown(value, record.extra);
  // What a later version wrote stays marked as its own; so does a state that only it knows, until this one
  // sets another.
  const auto& extra = record.extra;
  if (extra["schema"].as_integer() > Record::schema) value.set("schema", extra["schema"]);
  if (extra["state"].is_string() && record.state == State::pruned) value.set("state", extra["state"]);
  return value;
}

Result<Record> record_from(const Value& value) {
  Members members(value, "release record");
  const auto schema = members.integer("schema");
  if (schema < 1) members.reject("schema", "must be 1 or more");
  const bool newer = schema > Record::schema;
  Record record;
  record.number = members.number("number");
  record.runs = members.number("runs");
  record.state = read_state(members, newer);
  record.how = members.text("how");
  if (members.has("reason")) record.reason = members.text("reason");
  record.artifact = members.text("artifact");
  record.config = members.text("config");
  record.weights = read_weights(members);
  record.secret_versions = read_versions(members);
  record.author = read_author(members);
  if (members.has("created")) record.created = members.time("created");
  if (members.has("live_since")) record.live_since = members.time("live_since");
  record.rehearsal = read_rehearsal(members);
  record.resources = members.value("resources");
  MDL_CHECK(members.result());

  // Where a provider adds its token to the record, it is not one of the record's own members.
  record.revision = value["revision"].as_string();
  record.extra = unknown_members(value, known_members(record));
  record.extra.erase("revision");
  if (newer) record.extra.set("schema", schema);
  if (newer && !parse_state(value["state"].as_string())) record.extra.set("state", value["state"]);
  return record;
}

}  // namespace mdl::release
