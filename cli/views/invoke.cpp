#include "cli/views/invoke.hpp"

#include <fmt/format.h>

#include "core/util/text.hpp"

namespace mdl::cli {

namespace {

double milliseconds(const provider::HttpResponse& response) {
  return std::chrono::duration<double, std::milli>(response.took).count();
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    unsigned group = 0;
    for (std::size_t j = 0; j < 3; ++j)
      group = group << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    for (std::size_t j = 0; j < 4; ++j)
      out += i + j <= bytes.size() ? digits[group >> (18 - 6 * j) & 63] : '=';
  }
  return out;
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
