#include "providers/local/supervisor/state.hpp"

namespace mdl::local::supervisor {

namespace {

Value with_revision(Value record, std::string revision) {
  record.set("revision", std::move(revision));
  return record;
}

std::string without_revision(Value record) {
  record.erase("revision");
  return dump(record);
}

std::string name_of(std::int64_t number) { return "record " + std::to_string(number); }

}  // namespace

Result<Value::Array> State::records(const ServiceRef& ref) {
  MDL_TRY(auto rows, database_.prepare("SELECT body, revision FROM records WHERE service = ? AND target = ? "
                                       "ORDER BY number DESC",
                                       {ref.service, ref.target}));
  Value::Array records;
  for (;;) {
    MDL_TRY(const bool more, rows.step());
    if (!more) return records;
    MDL_TRY(auto record, parse_json(rows.text(0)));
    records.push_back(with_revision(std::move(record), rows.text(1)));
  }
}

Result<Value> State::add_record(const ServiceRef& ref, const Value& record) {
  const auto number = record["number"].as_integer();
  if (number < 1) return fail(ErrorKind::invalid, "a record needs a number from 1 on");
  MDL_TRY(auto transaction, database_.begin());
  // A claim behind another run's promote would be nobody's to settle.
  if (const auto& fence = record["fence"]; fence.is_string()) MDL_CHECK(check_fence(ref, fence.as_string()));
  MDL_CHECK(ensure_row(ref));
  MDL_TRY(auto revision, next_revision());
  MDL_CHECK(database_.run(
      "INSERT OR IGNORE INTO records (service, target, number, body, revision) VALUES (?, ?, ?, ?, ?)",
      {ref.service, ref.target, number, without_revision(record), revision}));
  if (database_.changes() == 0)
    return fail(Error{.kind = ErrorKind::conflict,
                      .message = "the number " + std::to_string(number) + " is taken by another run",
                      .code = "conflict",
                      .resource = name_of(number)});
  MDL_CHECK(transaction.commit());
  return with_revision(record, std::move(revision));
}

Result<Value> State::update_record(const ServiceRef& ref, int number, const std::string& expected,
                                   const Value& record) {
  MDL_TRY(auto transaction, database_.begin());
  MDL_TRY(auto row,
          database_.prepare("SELECT revision FROM records WHERE service = ? AND target = ? AND number = ?",
                            {ref.service, ref.target, std::int64_t{number}}));
  MDL_TRY(const bool found, row.step());
  if (!found)
    return fail(Error{.kind = ErrorKind::not_found,
                      .message = name_of(number) + " is not there",
                      .resource = name_of(number)});
  const auto present = row.text(0);
  MDL_CHECK(row.run());
  if (present != expected)
    return fail(Error{.kind = ErrorKind::conflict,
                      .message = name_of(number) + " was changed by another run",
                      .code = "conflict",
                      .resource = name_of(number)});
  MDL_TRY(auto revision, next_revision());
  MDL_CHECK(database_.run(
      "UPDATE records SET body = ?, revision = ? WHERE service = ? AND target = ? AND number = ?",
      {without_revision(record), revision, ref.service, ref.target, std::int64_t{number}}));
  MDL_CHECK(transaction.commit());
  return with_revision(record, std::move(revision));
}

Result<void> State::erase(const ServiceRef& ref) {
  MDL_TRY(auto transaction, database_.begin());
  MDL_TRY(const auto row, read(ref));
  // A destroy that was overtaken by a deploy must not take that deploy's history away.
  if (row && (!row->gateway.is_null() || !row->releases.empty()))
    return fail(Error{.kind = ErrorKind::conflict,
                      .message = ref.service + " at " + ref.target + " still has a gateway or replicas",
                      .code = "conflict",
                      .resource = "records " + ref.service});
  MDL_CHECK(
      database_.run("DELETE FROM services WHERE service = ? AND target = ?", {ref.service, ref.target}));
  return transaction.commit();
}

}  // namespace mdl::local::supervisor
