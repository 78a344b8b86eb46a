#include "tests/contract/crash/state.hpp"

#include <algorithm>
#include <map>

namespace mdl::contract {

Result<ProviderState> state_of(const release::ServiceRef& ref, provider::Provider& provider) {
  MDL_TRY(const auto records, engine::history(ref, provider));
  MDL_TRY(const auto live, provider.traffic->read(ref));
  MDL_TRY(const auto resources, provider.resources->list(ref));
  std::map<int, const release::Record*> made;
  for (const auto& record : records)
    if (record.runs == record.number) made[record.number] = &record;
  const auto identity = [&](int number) {
    return made.contains(number) ? made[number]->identity() : "release " + std::to_string(number);
  };

  ProviderState state;
  state.live = Value::array();
  state.rests = live.rests_for != 0;
  for (const auto& share : live.split) state.live.push(Value::array({identity(share.release), share.weight}));
  std::vector<std::string> rows;
  for (const auto& resource : resources) {
    const bool shared = resource.release == 0;
    rows.push_back(dump_canonical(
        Value::array({resource.id.kind, shared ? "shared" : identity(resource.release), resource.spec})));
    if (shared) continue;
    const bool serves =
        std::ranges::any_of(live.split, [&](const auto& s) { return s.release == resource.release; });
    const bool kept = std::ranges::any_of(records, [&](const auto& r) {
      return r.runs == resource.release && r.state == release::State::superseded;
    });
    if (!serves && !kept) state.orphans.push_back(plan::to_string(resource.id));
  }
  std::ranges::sort(rows);
  state.resources = Value(rows);
  for (const auto& record : records)
    if (record.state == release::State::pending) state.pending.push_back(record.number);
  return state;
}

std::string difference(const ProviderState& expected, const ProviderState& got) {
  std::string text;
  if (!(expected.live == got.live))
    text += "live " + dump(got.live) + " instead of " + dump(expected.live) + "\n";
  if (expected.rests != got.rests)
    text += got.rests ? "what is live is at rest\n" : "what is live is not at rest\n";
  const auto expected_rows = expected.resources.as_strings(), got_rows = got.resources.as_strings();
  for (const auto& row : expected_rows)
    if (std::ranges::find(got_rows, row) == got_rows.end()) text += "missing " + row + "\n";
  for (const auto& row : got_rows)
    if (std::ranges::find(expected_rows, row) == expected_rows.end()) text += "too much " + row + "\n";
  if (got.orphans != expected.orphans)
    for (const auto& orphan : got.orphans) text += "orphan " + orphan + "\n";
  if (got.pending != expected.pending)
    for (const int number : got.pending) text += "pending " + std::to_string(number) + "\n";
  return text;
}

}  // namespace mdl::contract
