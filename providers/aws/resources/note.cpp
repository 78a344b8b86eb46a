#include "providers/aws/note.hpp"

#include "providers/aws/parameters.hpp"
#include "providers/aws/resources/kinds.hpp"

namespace mdl::aws::resources {

Result<void> put_note(const Making& making, const Desired& desired) {
  MDL_CHECK(check_fence(making.shared, making.ref, making.fence));
  const std::lock_guard lock(making.shared.note_mutex);
  auto& written = making.shared.notes[desired.id.name];
  written = dump(desired.spec);
  return put_parameter(*making.shared.client, desired.id.name, written, true);
}

Result<void> delete_note(const Making& making) {
  MDL_CHECK(check_fence(making.shared, making.ref, making.fence));
  const std::lock_guard lock(making.shared.note_mutex);
  making.shared.notes.erase(note_name(making.names));
  return delete_parameters(*making.shared.client, {note_name(making.names)});
}

Result<void> before_note(const Making& making) {
  MDL_CHECK(check_fence(making.shared, making.ref, making.fence));
  return delete_parameters(*making.shared.client, {note_name(making.names)});
}

// A delete comes after the note, which must hold again when the delete is done: unless it was of what the
// note names, as when everything goes.
Result<void> around_delete(const Making& making, const plan::ResourceId& id,
                           const std::function<Result<void>()>& remove) {
  const std::lock_guard lock(making.shared.note_mutex);
  MDL_CHECK(before_note(making));
  MDL_CHECK(remove());
  const auto written = making.shared.notes.find(note_name(making.names));
  if (written == making.shared.notes.end()) return {};
  for (const auto& one : noted(written->second))
    if (one.id == id) return {};
  return put_parameter(*making.shared.client, written->first, written->second, true);
}

}  // namespace mdl::aws::resources
