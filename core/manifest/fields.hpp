#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/manifest/service.hpp"

// The table of manifest fields: the parser, the JSON Schema, docs/manifest.md and the matrix of fields and providers all
// come from it.
namespace mdl::manifest {

enum class FieldType { text, integer, number, boolean, duration, size, share, choice, texts, map, section, sections };

struct Field {
  std::string_view path;            // "http.timeout"; "model.*.from" for items of a list, "env.*" for entries of a map
  FieldType type;
  std::string_view default_text;    // as it would be written; empty: no default
  std::string_view example;
  std::string_view summary;         // one sentence for the reference page and the schema
  std::vector<std::string_view> choices;  // of a choice
  double minimum, maximum;          // of integer, number, duration (ms), size (bytes), share
  std::vector<std::string_view> providers;  // empty: all; else a target's setting for these providers
};

// All fields, in the order of the reference page.
std::span<const Field> fields();

// The published JSON Schema (draft 2020-12) of mdl.yaml, and the reference page in Markdown.
std::string json_schema();
std::string reference_page();

}  // namespace mdl::manifest
