#include "cli/views/invoke.hpp"

#include <fmt/format.h>

#include "core/util/base64.hpp"
#include "core/util/text.hpp"

namespace mdl::cli {

namespace {

double milliseconds(const provider::HttpResponse& response) {
  return std::chrono::duration<double, std::milli>(response.took).count();
}

}  // namespace

std::string invoke_sentence(const provider::HttpResponse& response) {
  std::string out = fmt::format("{} in {:.1f} ms", response.status, milliseconds(response));
  return response.release == 0 ? out : out + fmt::format(", release {}", response.release);
}

Value invoke_value(const release::ServiceRef& ref, const provider::HttpResponse& response) {
  Value headers = Value::array();
  for (const auto& [name, value] : response.headers)
    headers.push(Value::object({{"name", name}, {"value", value}}));
  Value out = Value::object({{"service", ref.service},
                             {"target", ref.target},
                             {"status", response.status},
                             {"release", response.release == 0 ? Value() : Value(response.release)},
                             {"headers", headers}});
  if (is_utf8(response.body))
    out.set("body", response.body);
  else
    out.set("body_base64", base64(response.body));
  out.set("duration_ms", milliseconds(response));
  return out;
}

}  // namespace mdl::cli
