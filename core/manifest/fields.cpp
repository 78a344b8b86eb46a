#include "core/manifest/fields.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "core/manifest/table.hpp"
#include "core/util/text.hpp"

namespace mdl::manifest {
namespace {

struct Table {
  std::vector<Field> fields;
  std::unordered_map<std::string_view, std::vector<const Field*>> below;
};

const Table& the_table() {
  static const Table table = [] {
    Table out;
    table::add_code(out.fields);
    table::add_operation(out.fields);
    table::add_targets(out.fields);
    for (const auto& field : out.fields) {
      const auto dot = field.path.rfind('.');
      out.below[dot == std::string_view::npos ? std::string_view{} : field.path.substr(0, dot)].push_back(
          &field);
    }
    return out;
  }();
  return table;
}

}  // namespace

std::string_view to_string(FieldType type) {
  switch (type) {
    case FieldType::text:
      return "text";
    case FieldType::integer:
      return "whole number";
    case FieldType::number:
      return "number";
    case FieldType::cores:
      return "cores";
    case FieldType::boolean:
      return "true or false";
    case FieldType::duration:
      return "duration";
    case FieldType::size:
      return "size";
    case FieldType::share:
      return "share";
    case FieldType::choice:
      return "choice";
    case FieldType::texts:
      return "list of texts";
    case FieldType::shares:
      return "list of shares";
    case FieldType::map:
      return "map";
    case FieldType::section:
      return "section";
    case FieldType::sections:
      return "list of sections";
  }
  return "text";
}

std::span<const Field> fields() { return the_table().fields; }

bool matches(std::string_view pattern, std::string_view field) {
  const auto wanted = split(pattern, '.');
  const auto given = split(field, '.');
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == "**") return given.size() > i;
    if (i >= given.size() || (wanted[i] != "*" && wanted[i] != given[i])) return false;
  }
  return wanted.size() == given.size();
}

std::optional<std::string_view> list_of(std::string_view field) {
  const auto dot = field.rfind('.');
  if (dot == std::string_view::npos || !parse_integer(field.substr(dot + 1))) return std::nullopt;
  return field.substr(0, dot);
}

const std::vector<const Field*>& fields_below(std::string_view path) {
  static const std::vector<const Field*> none;
  const auto found = the_table().below.find(path);
  return found == the_table().below.end() ? none : found->second;
}

const Field* find_field(std::string_view path, std::string_view provider) {
  const auto dot = path.rfind('.');
  for (const auto* field :
       fields_below(dot == std::string_view::npos ? std::string_view{} : path.substr(0, dot)))
    if (field->path == path && (field->providers.empty() || provider.empty() ||
                                std::ranges::find(field->providers, provider) != field->providers.end()))
      return field;
  return nullptr;
}

std::span<const std::string_view> providers() {
  static constexpr std::array<std::string_view, 5> names{"local", "k8s", "aws", "gcp", "azure"};
  return names;
}

}  // namespace mdl::manifest
