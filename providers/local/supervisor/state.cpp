#include "providers/local/supervisor/state.hpp"

#include <cmath>

#include "providers/local/supervisor/schema.hpp"

namespace mdl::local::supervisor {

namespace {

using Phase = ReleaseRow::Phase;

Phase phase_of(const std::string& text) {
  return text == "resting" ? Phase::resting : text == "failed" ? Phase::failed : Phase::up;
}

// What was written by this program reads back; null otherwise.
Value json_of(const sqlite::Statement& row, int column) {
  if (row.is_null(column)) return {};
  auto value = parse_json(row.text(column));
  return value ? std::move(*value) : Value();
}

Error explained(Error error, const std::string& path) {
  if (sqlite::is_corrupt(error)) {
    error.message =
        "the state of the local target is damaged: " + path + " is not a database that can be read";
    const auto copy = path + ".recovered";
    error.next = {"sqlite3 " + path + " .recover | sqlite3 " + copy + " && mv " + copy + " " + path};
  } else if (error.code == "SQLITE_FULL") {
    error.message = "no space is left for the state of the local target: " + path;
  }
  if (error.resource.empty()) error.resource = path;
  return error;
}

}  // namespace

std::string_view to_string(Phase phase) {
  switch (phase) {
    case Phase::resting:
      return "resting";
    case Phase::failed:
      return "failed";
    case Phase::up:
      break;
  }
  return "up";
}

const ReleaseRow* ServiceRow::find(int release) const {
  for (const auto& row : releases)
    if (row.release == release) return &row;
  return nullptr;
}

double ServiceRow::share(int release) const {
  for (const auto& part : split.as_array())
    if (part["release"].as_integer() == release) return part["weight"].as_number();
  return 0;
}

int ServiceRow::live_release() const {
  double largest = 0;
  std::int64_t release = 0;
  for (const auto& part : split.as_array())
    if (part["weight"].as_number() > largest) {
      largest = part["weight"].as_number();
      release = part["release"].as_integer();
    }
  return static_cast<int>(release);
}

Milliseconds ServiceRow::last_start(int release) const {
  if (const auto* row = find(release); row && row->start.count() > 0) return row->start;
  for (auto row = releases.rbegin(); row != releases.rend(); ++row)
    if (row->start.count() > 0) return row->start;
  return Milliseconds(0);
}

Result<State> State::open(const Home& home) {
  auto database = sqlite::Database::open(home.database());
  if (!database) return fail(explained(std::move(database).error(), home.database()));
  if (auto migrated = database->migrate(schema_steps); !migrated)
    return fail(explained(std::move(migrated).error(), home.database()));
  return State(home, std::move(*database));
}

Result<std::vector<ServiceRef>> State::services() {
  MDL_TRY(auto rows, database_.prepare("SELECT service, target FROM services ORDER BY 1, 2"));
  std::vector<ServiceRef> refs;
  for (;;) {
    MDL_TRY(const bool more, rows.step());
    if (!more) return refs;
    refs.push_back({rows.text(0), rows.text(1)});
  }
}

Result<std::optional<ServiceRow>> State::read(const ServiceRef& ref) {
  MDL_TRY(auto row,
          database_.prepare("SELECT gateway, gateway_revision, port, scaling, scaling_revision, split, "
                            "live_revision, rests_for FROM services WHERE service = ? AND target = ?",
                            {ref.service, ref.target}));
  MDL_TRY(const bool found, row.step());
  if (!found) return std::nullopt;
  ServiceRow service{.ref = ref,
                     .gateway = json_of(row, 0),
                     .gateway_revision = row.text(1),
                     .port = static_cast<int>(row.integer(2)),
                     .scaling = json_of(row, 3),
                     .scaling_revision = row.text(4),
                     .split = json_of(row, 5),
                     .live_revision = row.text(6),
                     .rests_for = static_cast<int>(row.integer(7))};
  MDL_TRY(auto rows,
          database_.prepare("SELECT release, spec, revision, phase, failure, proven, start_ms FROM releases "
                            "WHERE service = ? AND target = ? ORDER BY release",
                            {ref.service, ref.target}));
  for (;;) {
    MDL_TRY(const bool more, rows.step());
    if (!more) return service;
    service.releases.push_back({.release = static_cast<int>(rows.integer(0)),
                                .spec = json_of(rows, 1),
                                .revision = rows.text(2),
                                .phase = phase_of(rows.text(3)),
                                .failure = json_of(rows, 4),
                                .proven = rows.integer(5) != 0,
                                .start = Milliseconds(rows.integer(6))});
  }
}

Result<std::string> State::next_revision() {
  MDL_TRY(auto row, database_.prepare("UPDATE counter SET value = value + 1 RETURNING value"));
  MDL_TRY(const bool found, row.step());
  if (!found) return fail(ErrorKind::internal, "the state database has no counter");
  auto revision = row.text(0);
  MDL_CHECK(row.run());
  return revision;
}

Result<void> State::ensure_row(const ServiceRef& ref) {
  return database_.run("INSERT OR IGNORE INTO services (service, target) VALUES (?, ?)",
                       {ref.service, ref.target});
}

Result<std::string> State::live_revision(const ServiceRef& ref) {
  MDL_TRY(auto row, database_.prepare("SELECT live_revision FROM services WHERE service = ? AND target = ?",
                                      {ref.service, ref.target}));
  MDL_TRY(const bool found, row.step());
  return found ? row.text(0) : "0";
}

Result<void> State::check_fence(const ServiceRef& ref, const std::string& fence) {
  MDL_TRY(const auto revision, live_revision(ref));
  if (revision == fence) return {};
  return fail(Error{.kind = ErrorKind::conflict,
                    .message = "the live pointer of " + ref.service + " at " + ref.target +
                               " moved from revision " + fence + " to " + revision,
                    .code = "conflict",
                    .resource = "live " + ref.service});
}

Result<sqlite::Transaction> State::begin_fenced(const ServiceRef& ref, const std::string& fence) {
  MDL_TRY(auto transaction, database_.begin());
  MDL_CHECK(check_fence(ref, fence));
  return transaction;
}

Result<void> State::put_gateway(const ServiceRef& ref, const std::string& fence, const Value& spec,
                                int port) {
  MDL_TRY(auto transaction, begin_fenced(ref, fence));
  MDL_CHECK(ensure_row(ref));
  MDL_TRY(const auto revision, next_revision());
  MDL_CHECK(database_.run(
      "UPDATE services SET gateway = ?, port = ?, gateway_revision = ? WHERE service = ? AND target = ?",
      {dump(spec), std::int64_t{port}, revision, ref.service, ref.target}));
  return transaction.commit();
}

Result<void> State::put_scaling(const ServiceRef& ref, const std::string& fence, const Value& spec) {
  MDL_TRY(auto transaction, begin_fenced(ref, fence));
  MDL_CHECK(ensure_row(ref));
  MDL_TRY(const auto row, read(ref));
  const auto& declared = spec["declared"];
  // What `mdl scale` set holds until the manifest's own figures change.
  const bool same = row && row->scaling["declared"] == declared;
  const auto& kept = spec.contains("effective") ? spec["effective"] : row ? row->scaling["effective"] : spec;
  const auto stored = Value::object({{"declared", declared}, {"effective", same ? kept : declared}});
  MDL_TRY(const auto revision, next_revision());
  MDL_CHECK(
      database_.run("UPDATE services SET scaling = ?, scaling_revision = ? WHERE service = ? AND target = ?",
                    {dump(stored), revision, ref.service, ref.target}));
  return transaction.commit();
}

Result<void> State::put_replicas(const ServiceRef& ref, const std::string& fence, int release,
                                 const Value& spec) {
  MDL_TRY(auto transaction, begin_fenced(ref, fence));
  MDL_CHECK(ensure_row(ref));
  MDL_TRY(const auto row, read(ref));
  const auto* present = row ? row->find(release) : nullptr;
  if (present && present->spec == spec) {
    MDL_CHECK(set_phase(ref, release, Phase::up));
    return transaction.commit();
  }
  if (present && row->share(release) > 0)
    return fail(Error{
        .kind = ErrorKind::refused,
        .message = "release " + std::to_string(release) + " gets traffic, so its replicas stay as they are",
        .code = "refused",
        .resource = "replicas " + std::to_string(release)});
  MDL_TRY(const auto revision, next_revision());
  MDL_CHECK(database_.run(
      "INSERT OR REPLACE INTO releases (service, target, release, spec, revision) VALUES (?, ?, ?, ?, ?)",
      {ref.service, ref.target, std::int64_t{release}, dump(spec), revision}));
  return transaction.commit();
}

Result<void> State::remove_gateway(const ServiceRef& ref, const std::string& fence) {
  MDL_TRY(auto transaction, begin_fenced(ref, fence));
  MDL_CHECK(database_.run("UPDATE services SET gateway = NULL, port = 0 WHERE service = ? AND target = ?",
                          {ref.service, ref.target}));
  return transaction.commit();
}

Result<void> State::remove_scaling(const ServiceRef& ref, const std::string& fence) {
  MDL_TRY(auto transaction, begin_fenced(ref, fence));
  MDL_CHECK(database_.run("UPDATE services SET scaling = NULL WHERE service = ? AND target = ?",
                          {ref.service, ref.target}));
  return transaction.commit();
}

Result<void> State::remove_replicas(const ServiceRef& ref, const std::string& fence, int release) {
  MDL_TRY(auto transaction, begin_fenced(ref, fence));
  MDL_CHECK(database_.run("DELETE FROM releases WHERE service = ? AND target = ? AND release = ?",
                          {ref.service, ref.target, std::int64_t{release}}));
  return transaction.commit();
}

Result<void> State::wake(const ServiceRef& ref, const std::string& fence, int release) {
  MDL_TRY(auto transaction, begin_fenced(ref, fence));
  MDL_TRY(const auto row, read(ref));
  if (!row || !row->find(release))
    return fail(Error{.kind = ErrorKind::not_found,
                      .message = "release " + std::to_string(release) + " has no replicas",
                      .resource = "replicas " + std::to_string(release)});
  MDL_CHECK(set_phase(ref, release, Phase::up));
  return transaction.commit();
}

Result<void> State::check_split(const ServiceRow& row, const Value& split) {
  double sum = 0;
  for (const auto& part : split.as_array()) {
    const auto release = static_cast<int>(part["release"].as_integer());
    const auto weight = part["weight"].as_number(-1);
    const auto* present = row.find(release);
    const auto name = "release " + std::to_string(release);
    if (weight < 0 || weight > 1)
      return fail(ErrorKind::invalid, "the weight of " + name + " is not between 0 and 1");
    if (!present)
      return fail(
          Error{.kind = ErrorKind::not_found, .message = name + " has no replicas", .resource = name});
    if (present->phase == Phase::failed && weight > 0)
      return fail(
          Error{.kind = ErrorKind::refused,
                .message = name + " failed and gets no traffic: " + present->failure["detail"].as_string(),
                .code = "refused",
                .resource = name});
    sum += weight;
  }
  if (!split.as_array().empty() && std::abs(sum - 1) > 1e-6)
    return fail(ErrorKind::invalid, "the weights of the split do not add up to 1");
  return {};
}

Result<void> State::swap(const ServiceRef& ref, const std::string& expected, const Value& split) {
  MDL_TRY(auto transaction, begin_fenced(ref, expected));
  MDL_CHECK(ensure_row(ref));
  MDL_TRY(const auto row, read(ref));
  MDL_CHECK(check_split(*row, split));
  MDL_TRY(const auto revision, next_revision());
  if (row->rests_for != 0) MDL_CHECK(rest_all(ref, 0));
  for (const auto& part : split.as_array())
    if (part["weight"].as_number() > 0)
      MDL_CHECK(set_phase(ref, static_cast<int>(part["release"].as_integer()), Phase::up));
  MDL_CHECK(database_.run(
      "UPDATE services SET split = ?, live_revision = ?, rests_for = 0 WHERE service = ? AND target = ?",
      {dump(split), revision, ref.service, ref.target}));
  return transaction.commit();
}

Result<void> State::rest_all(const ServiceRef& ref, int but) {
  return database_.run(
      "UPDATE releases SET phase = 'resting' WHERE service = ? AND target = ? AND release != ? AND phase = "
      "'up'",
      {ref.service, ref.target, std::int64_t{but}});
}

Result<void> State::rest(const ServiceRef& ref, const std::string& expected, int room_for) {
  MDL_TRY(auto transaction, begin_fenced(ref, expected));
  MDL_TRY(const auto row, read(ref));
  if (!row || row->live_release() == 0)
    return fail(Error{.kind = ErrorKind::refused,
                      .message = "nothing of " + ref.service + " is live that could rest",
                      .code = "refused",
                      .resource = "live " + ref.service});
  MDL_TRY(const auto revision, next_revision());
  MDL_CHECK(rest_all(ref, room_for));
  MDL_CHECK(
      database_.run("UPDATE services SET live_revision = ?, rests_for = ? WHERE service = ? AND target = ?",
                    {revision, std::int64_t{room_for}, ref.service, ref.target}));
  return transaction.commit();
}

Result<void> State::set_phase(const ServiceRef& ref, int release, Phase phase, const Value& failure) {
  return database_.run(
      "UPDATE releases SET phase = ?, failure = ? WHERE service = ? AND target = ? AND release = ?",
      {to_string(phase), dump(failure), ref.service, ref.target, std::int64_t{release}});
}

Result<void> State::set_port(const ServiceRef& ref, int port) {
  return database_.run("UPDATE services SET port = ? WHERE service = ? AND target = ?",
                       {std::int64_t{port}, ref.service, ref.target});
}

Result<void> State::set_start(const ServiceRef& ref, int release, Milliseconds took) {
  return database_.run("UPDATE releases SET start_ms = ? WHERE service = ? AND target = ? AND release = ?",
                       {std::int64_t{took.count()}, ref.service, ref.target, std::int64_t{release}});
}

Result<void> State::set_proven(const ServiceRef& ref, int release) {
  return database_.run("UPDATE releases SET proven = 1 WHERE service = ? AND target = ? AND release = ?",
                       {ref.service, ref.target, std::int64_t{release}});
}

}  // namespace mdl::local::supervisor
