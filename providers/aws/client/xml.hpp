#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mdl::aws {

// An element of the XML that AWS's query services answer with. Attributes are passed over: they carry nothing
// there.
struct Xml {
  std::string name;
  std::string
      text;  // of the element itself, its children's not included; entities replaced, blanks around it kept
  std::vector<Xml> children;

  // The first element of that name below this one, depth first; nullptr when there is none.
  const Xml* find(std::string_view name) const;
  // The text of that element, or "".
  const std::string& text_of(std::string_view name) const;
};

// One document of at most 64 nested elements. nullopt when it is not well formed; no document type is read.
std::optional<Xml> parse_xml(std::string_view text);

}  // namespace mdl::aws
