#include "cli/views/gc.hpp"

#include <fmt/format.h>

#include "core/util/text.hpp"

namespace mdl::cli {

namespace {

std::uint64_t total(const Collected& collected) {
  std::uint64_t bytes = 0;
  for (const auto& item : collected.garbage) bytes += item.bytes;
  return bytes;
}

}  // namespace

std::string gc_text(const Collected& collected, const Scope& scope, const Style& style) {
  if (collected.resources.empty() && collected.garbage.empty())
    return fmt::format("Nothing to do: all that is on {} is needed\n", printable(collected.target));
  std::string out;
  const std::string sign = "  " + paint(style, Colour::red, "-") + " ";
  for (const auto& id : collected.resources) out += sign + printable(plan::to_string(id)) + "\n";
  for (const auto& item : collected.garbage)
    out += sign + printable(item.what) + "  " + readable_bytes(item.bytes) + "\n";
  const auto count = static_cast<std::int64_t>(collected.resources.size() + collected.garbage.size());
  const std::string size = total(collected) == 0 ? "" : ", " + readable_bytes(total(collected));
  if (collected.dry_run)
    return out + fmt::format("\n{} thing{}{} would go. Nothing was changed.\nRemove them:  {}\n", count,
                             plural(count), size, scope.command("gc"));
  return out + fmt::format("\nRemoved {} thing{}{}\n", count, plural(count), size);
}

Value gc_value(const Collected& collected) {
  Value resources = Value::array(), garbage = Value::array();
  for (const auto& id : collected.resources)
    resources.push(Value::object({{"kind", id.kind}, {"name", id.name}}));
  for (const auto& item : collected.garbage)
    garbage.push(Value::object({{"what", item.what}, {"bytes", item.bytes}}));
  return Value::object({{"target", collected.target},
                        {"dry_run", collected.dry_run},
                        {"nothing_to_do", collected.resources.empty() && collected.garbage.empty()},
                        {"resources", resources},
                        {"garbage", garbage},
                        {"bytes", total(collected)}});
}

}  // namespace mdl::cli
