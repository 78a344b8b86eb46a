#include "core/manifest/scalars.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/manifest/expand.hpp"
#include "core/manifest/quote.hpp"
#include "core/manifest/rules.hpp"
#include "core/manifest/values.hpp"
#include "core/util/text.hpp"

namespace mdl::manifest {
namespace {

std::string expected(const Field& field) {
  const auto type = field.type == FieldType::texts    ? FieldType::text
                    : field.type == FieldType::shares ? FieldType::share
                                                      : field.type;
  return fmt::format("a {}", type == FieldType::cores ? "number" : to_string(type));
}

}  // namespace

std::string_view kind_of(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      return "nothing";
    case Node::Kind::scalar:
      return "a single value";
    case Node::Kind::sequence:
      return "a list";
    case Node::Kind::map:
      return "fields";
    case Node::Kind::broken:
      break;
  }
  return "something else";
}

void Scalars::add(const Place& place, std::string_view path, const std::string& message) {
  problems_.add({&file_, place}, path, fmt::format("{}: {}", path, message));
}

std::optional<Value> Scalars::read(const Field& field, const std::string& path, const Node& node,
                                   bool in_use) {
  if (node.kind == Node::Kind::broken) return std::nullopt;
  if (node.kind != Node::Kind::scalar) {
    if (node.kind == Node::Kind::null && field.type == FieldType::text)
      add(node.place, path, "has no value; write \"\" for an empty text");
    else
      add(node.place, path, fmt::format("expected {}, not {}", expected(field), kind_of(node)));
    return std::nullopt;
  }
  const auto text = text_of(path, node, in_use);
  if (!text) return std::nullopt;
  const bool overriding = options_.kind == Kind::overriding;
  const auto shown = !text->changed ? quote(text->text)
                     : overriding   ? "this value"
                                    : "the value of " + quote(node.text);
  if (!is_utf8(text->text) || text->text.find('\0') != std::string::npos) {
    add(node.place, path, fmt::format("{} is not UTF-8", shown));
    return std::nullopt;
  }
  if (field.rule == &rules::secret && !check_secret(path, node, *text)) return std::nullopt;
  auto value = parse_value(field, text->text, shown);
  if (value) return std::move(*value);
  add(node.place, path, value.error());
  return std::nullopt;
}

std::optional<Expanded> Scalars::text_of(const std::string& path, const Node& node, bool in_use) {
  if (options_.kind == Kind::overriding) return Expanded{.text = node.text, .changed = true};
  auto expanded = expand(node.text, *options_.environment);
  if (expanded) return std::move(*expanded);
  if (!expanded.error().unset || in_use) add(node.place, path, expanded.error().message);
  return std::nullopt;
}

void Scalars::literal_secret(const std::string& path, std::string_view key, const Place& name,
                             const Node& node) {
  if (node.kind == Node::Kind::broken) return;
  file_.hide(node.place.line);
  file_.hide(name.line);
  add(node.kind == Node::Kind::null ? name : node.place, path,
      fmt::format("a secret's value does not belong in a manifest; say where it is kept, as in {0}: {{ from: "
                  "env:{0} }}",
                  key));
}

// A text that is no reference may be the secret itself: then neither it nor its line is shown.
bool Scalars::check_secret(const std::string& path, const Node& node, const Expanded& text) {
  if (rules::secret.accepts(text.text)) return true;
  const auto colon = text.text.find(':');
  const auto scheme = std::string_view(text.text).substr(0, colon);
  const std::vector<std::string_view> schemes(rules::secret_schemes().begin(), rules::secret_schemes().end());
  const bool known = std::ranges::find(schemes, scheme) != schemes.end();
  const auto near = known || colon == std::string::npos ? "" : suggestion(scheme, schemes);
  if (known) {
    add(node.place, path, fmt::format("after '{}:' the secret's place is missing", scheme));
  } else if (!near.empty()) {
    add(node.place, path, fmt::format("unknown store{}", near));
  } else {
    file_.hide(node.place.line);
    add(node.place, path,
        fmt::format("expected a store and a place in it, such as env:NAME; the stores are {}",
                    fmt::join(schemes, ", ")));
  }
  return false;
}

}  // namespace mdl::manifest
