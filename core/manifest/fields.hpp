#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/manifest/service.hpp"

// The table of manifest fields: the parser, the JSON Schema, docs/manifest.md and the matrix of fields and
// providers all come from it.
namespace mdl::manifest {

enum class FieldType {
  text,      // a string
  integer,   // a whole number
  number,    // a number
  cores,     // 0.5 or 500m
  boolean,   // true or false
  duration,  // 30s; kept as milliseconds
  size,      // 512Mi; kept as bytes
  share,     // 10% or 0.1; kept as 0…1
  choice,    // one of `choices`
  texts,     // a list of strings
  shares,    // a list of shares
  map,       // names chosen by the user; the entries are "<path>.*"
  section,   // fields below "<path>."
  sections,  // a list of sections; the fields of an item are "<path>.*.<name>"
};
std::string_view to_string(FieldType type);  // for people: "whole number", "list of texts"

// What a text must look like.
struct Rule {
  std::string_view expects;  // "a path below the service's folder"
  std::string_view pattern;  // the same for the JSON Schema (ECMA-262); may be looser than `accepts`
  bool (*accepts)(std::string_view text);
};

struct Field {
  std::string_view path;  // "http.timeout"; "model.*.from" for items of a list, "env.*" for entries of a map
  FieldType type;
  std::string_view default_text = {};          // as it would be written; empty: no default
  std::string_view example = {};               // as it would be written
  std::string_view summary = {};               // one sentence for the reference page and the schema
  std::vector<std::string_view> choices = {};  // of a choice
  std::optional<double> minimum = {},
                        maximum = {};  // of numbers, durations (ms), sizes (bytes), shares and their lists
  std::vector<std::string_view> providers = {};  // empty: all; else a target's setting for these providers
  bool required = false;                         // in the section that holds it
  const Rule* rule = nullptr;                    // of a text, of each item of texts, of the names of a map
  // "http:entry": of the fields of group "http" only those of one member can be set in one place; a stronger
  // place that sets another member replaces this one.
  std::string_view alternative = {};
  // Puts the parsed value into the service; `key` is the name of a map's entry. Sections have one only when
  // their mere presence means something. Fields of `providers` have none: they go to Target::settings as they
  // are.
  void (*set)(Service& service, const Value& value, std::string_view key) = nullptr;
};

// All fields, in the order of the reference page.
std::span<const Field> fields();
// The field of this path in the table; nullptr when there is none. Several providers may share a path:
// `provider` chooses.
const Field* find_field(std::string_view path, std::string_view provider = {});
// Whether a field's path is one of a pattern's: '*' stands for one segment, a last '**' for any rest.
bool matches(std::string_view pattern, std::string_view field);
// The list of which the path names an item ("http.command.0" → "http.command"); nullopt: none.
std::optional<std::string_view> list_of(std::string_view field);
// The fields one level below `path` ("" for the top level), in the order of the table.
const std::vector<const Field*>& fields_below(std::string_view path);
// The providers that a target can name.
std::span<const std::string_view> providers();

// The published JSON Schema (draft 2020-12) of mdl.yaml, and the reference page in Markdown.
std::string json_schema();
std::string reference_page();

}  // namespace mdl::manifest
