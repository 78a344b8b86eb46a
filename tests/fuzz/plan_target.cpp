#include "core/plan/plan.hpp"
#include "tests/fuzz/targets.hpp"

namespace mdl::fuzz {

std::string plan(std::string_view bytes) {
  const auto value = parse_json(bytes);
  if (!value) return "";
  if (const auto again = parse_json(dump(*value)); !again || !(*again == *value))
    return "JSON is not read as it was written: " + dump(*value);
  const auto read = plan::plan_from(*value);
  if (!read)
    return read.error().kind == ErrorKind::invalid ? "" : "no error of the file: " + read.error().message;
  const auto written = plan::to_value(*read);
  const auto again = plan::plan_from(written);
  if (!again) return "what was written is not read: " + again.error().message;
  if (!(plan::to_value(*again) == written)) return "another plan was read than was written: " + dump(written);
  for (const auto& change : read->changes)
    if (plan::identity(change).empty()) return "a change without an identity";
  return "";
}

}  // namespace mdl::fuzz
