#include "core/release/record.hpp"
#include "tests/fuzz/targets.hpp"

namespace mdl::fuzz {

std::string record(std::string_view bytes) {
  const auto value = parse_json(bytes);
  if (!value) return "";
  const auto read = release::record_from(*value);
  if (!read)
    return read.error().kind == ErrorKind::invalid ? "" : "no error of the record: " + read.error().message;
  const auto written = release::to_value(*read);
  for (const auto& [name, member] : value->as_object())
    if (name != "revision" && !written.contains(name)) return "lost the member " + name;
  const auto again = release::record_from(written);
  if (!again) return "what was written is not read: " + again.error().message;
  if (!(release::to_value(*again) == written))
    return "another record was read than was written: " + dump(written);
  return "";
}

}  // namespace mdl::fuzz
