#include "cli/views/doctor.hpp"

#include <algorithm>

#include "core/util/text.hpp"

namespace mdl::cli {

std::string doctor_text(const std::vector<Diagnosis>& diagnoses, const Style& style) {
  std::string out;
  for (const auto& diagnosis : diagnoses) {
    const bool same = diagnosis.target == diagnosis.provider || diagnosis.provider.empty();
    out += paint(style, Colour::bold, printable(diagnosis.target)) +
           (same ? "" : " (" + diagnosis.provider + ")") + "\n";
    for (const auto& check : diagnosis.checks) {
      out += check.ok ? "  " + paint(style, Colour::green, "ok") + "    "
                      : "  " + paint(style, Colour::red, "FAIL") + "  ";
      out += printable(check.text) + "\n";
      if (!check.ok && !check.remedy.empty()) out += "        " + printable(check.remedy) + "\n";
    }
  }
  return out;
}

Value doctor_value(const std::vector<Diagnosis>& diagnoses) {
  Value targets = Value::array();
  for (const auto& diagnosis : diagnoses) {
    Value checks = Value::array();
    for (const auto& check : diagnosis.checks)
      checks.push(Value::object({{"ok", check.ok},
                                 {"text", check.text},
                                 {"remedy", check.remedy.empty() ? Value() : Value(check.remedy)}}));
    targets.push(
        Value::object({{"target", diagnosis.target}, {"provider", diagnosis.provider}, {"checks", checks}}));
  }
  return Value::object({{"targets", targets}});
}

bool healthy(const std::vector<Diagnosis>& diagnoses) {
  return std::ranges::all_of(diagnoses, [](const auto& diagnosis) {
    return std::ranges::all_of(diagnosis.checks, &provider::Inspect::Check::ok);
  });
}

}  // namespace mdl::cli
