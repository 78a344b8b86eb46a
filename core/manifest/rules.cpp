#include "core/manifest/rules.hpp"

#include <algorithm>
#include <array>

#include "core/util/text.hpp"

namespace mdl::manifest::rules {
namespace {

bool lower(char c) { return c >= 'a' && c <= 'z'; }
bool digit(char c) { return c >= '0' && c <= '9'; }
bool letter(char c) { return lower(c) || (c >= 'A' && c <= 'Z') || c == '_'; }
bool hex(char c) { return digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool printing(char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; }

template <class Accepts>
bool all(std::string_view text, Accepts accepts) {
  return std::all_of(text.begin(), text.end(), accepts);
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 48 && lower(text.front()) && text.back() != '-' &&
         all(text, [](char c) { return lower(c) || digit(c) || c == '-'; });
}

bool is_path(std::string_view text) {
  if (text.empty() || text.front() == '/' || text.find('\0') != std::string_view::npos) return false;
  const auto parts = split(text, '/');
  return std::ranges::find(parts, "..") == parts.end();
}

bool is_url_path(std::string_view text) { return text.starts_with('/') && all(text, printing); }

bool is_identifier(std::string_view text) {
  return !text.empty() && !digit(text.front()) &&
         all(text, [](char c) { return letter(c) || digit(c) || static_cast<unsigned char>(c) >= 0x80; });
}

bool is_dotted(std::string_view text) { return std::ranges::all_of(split(text, '.'), is_identifier); }

bool is_entry(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || !is_dotted(text.substr(0, colon))) return false;
  auto attribute = text.substr(colon + 1);
  if (attribute.ends_with("()")) attribute.remove_suffix(2);  // a factory
  return is_dotted(attribute);
}

bool is_handler(std::string_view text) {
  const auto slash = text.rfind('/');  // Lambda takes folders before the module
  if (slash != std::string_view::npos) {
    if (!is_path(text.substr(0, slash))) return false;
    text.remove_prefix(slash + 1);
  }
  return text.find('.') != std::string_view::npos && is_dotted(text);
}

bool is_version(std::string_view text) {
  const auto parts = split(text, '.');
  return parts.size() <= 3 && std::ranges::all_of(parts, [](std::string_view part) {
           return !part.empty() && part.size() <= 4 && all(part, digit);
         });
}

bool is_word(std::string_view text) { return !text.empty() && text.size() <= 2048 && all(text, printing); }

bool is_model_from(std::string_view text) {
  for (const std::string_view scheme : {"hf://", "https://"})
    if (text.starts_with(scheme) && text.size() > scheme.size()) return all(text, printing);
  return false;
}

bool is_sha256(std::string_view text) { return text.size() == 64 && all(text, hex); }

bool is_secret(std::string_view text) {
  const auto colon = text.find(':');
  return colon != std::string_view::npos && colon + 1 < text.size() &&
         std::ranges::find(secret_schemes(), text.substr(0, colon)) != secret_schemes().end();
}

bool is_variable(std::string_view text) {
  return !text.empty() && letter(text.front()) && all(text, [](char c) { return letter(c) || digit(c); }) &&
         text != "PORT" && !text.starts_with("MDL_");
}

}  // namespace

std::span<const std::string_view> secret_schemes() {
  static constexpr std::array<std::string_view, 7> schemes{
      "env", "file", "aws-secrets", "aws-ssm", "gcp-secret", "azure-vault", "k8s-secret"};
  return schemes;
}

constinit const Rule name{"a name of small letters, digits and '-', at most 48, that begins with a letter",
                          "^[a-z]([-a-z0-9]{0,46}[a-z0-9])?$", is_name};
constinit const Rule path{"a path below the manifest's folder, without '..'", "^[^/]", is_path};
constinit const Rule url_path{"a path that begins with '/'", "^/[^\\s]*$", is_url_path};
constinit const Rule entry{"module:application, such as src.app:app", "^[^:\\s]+:[^:\\s]+$", is_entry};
constinit const Rule handler{"module.function, such as lambda_function.lambda_handler",
                             "^[^:\\s]+\\.[^:.\\s]+$", is_handler};
constinit const Rule version{"a version such as 3.11", "^[0-9]{1,4}(\\.[0-9]{1,4}){0,2}$", is_version};
constinit const Rule image{"a reference of an image, such as registry.example/risk@sha256:...", "^[^\\s]+$",
                           is_word};
constinit const Rule model_from{"hf://... or https://...", "^(hf|https)://[^\\s]+$", is_model_from};
constinit const Rule sha256{"a SHA-256 in 64 hex digits", "^[0-9a-fA-F]{64}$", is_sha256};
constinit const Rule secret{"a reference such as env:NAME",
                            "^(env|file|aws-secrets|aws-ssm|gcp-secret|azure-vault|k8s-secret):.+$",
                            is_secret};
constinit const Rule variable{
    "a name of letters, digits and '_' that does not begin with a digit; PORT and MDL_* are mdl's own",
    "^(?!PORT$|MDL_)[A-Za-z_][A-Za-z0-9_]*$", is_variable};
constinit const Rule word{"a text without spaces", "^[^\\s]+$", is_word};

}  // namespace mdl::manifest::rules
