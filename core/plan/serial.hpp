#pragma once

#include "core/plan/change.hpp"
#include "core/util/members.hpp"

// JSON of the small values that changes and plans share.
namespace mdl::plan {

Value to_value(const ResourceId& id);
Result<ResourceId> resource_id_from(const Value& value);
Value to_value(const std::vector<ResourceId>& ids);
Result<std::vector<ResourceId>> resource_ids_from(const Value& list);
Value to_value(const Source& source);
Result<Source> source_from(const Value& value);
Value to_value(const std::vector<FieldDiff>& fields);
Result<std::vector<FieldDiff>> fields_from(const Value& list);

}  // namespace mdl::plan
