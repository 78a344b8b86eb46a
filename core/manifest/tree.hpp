#pragma once

#include <string>
#include <string_view>
#include <vector>

// A small located tree of a YAML text. The YAML library stays behind tree.cpp.
namespace mdl::manifest {

// Lines and columns count from 1, columns and lengths in bytes. Line 0: not in a file.
struct Place {
  int line = 0;
  int column = 0;
  int length = 1;
};

struct Member;

struct Node {
  enum class Kind { null, scalar, sequence, map, broken };  // broken: already reported, to be skipped
  Kind kind = Kind::null;
  bool quoted = false;  // a scalar that is text whatever it looks like
  Place place;
  std::string text;             // of a scalar
  std::vector<Node> items;      // of a sequence
  std::vector<Member> members;  // of a map, in the order of the text, names unique
  const Member* find(std::string_view name) const;
};

struct Member {
  std::string name;
  Place place;        // of the name
  bool skip = false;  // a repeated name or a merge key: already reported, its value is not to be judged
  Node value;
};

struct Fault {
  Place place;
  std::string message;
};

struct Limits {
  std::size_t bytes = 256u << 10;
  int depth = 32;
  int nodes = 10'000;
  int marks = 20'000;  // line ends, commas and opening brackets, counted before the library sees the text
};

// Parses one document. A text that is no UTF-8, holds control characters, is no YAML or goes over a limit
// gives one fault and a broken root; aliases, tags, merge keys and duplicate keys each give a fault, and
// parsing goes on. At most 100 faults. `text` must have passed its size limit. A byte order mark is skipped.
// Never throws.
struct Tree {
  Node root;
  std::vector<Fault> faults;
};
Tree parse_tree(std::string_view text, const Limits& limits = {});

}  // namespace mdl::manifest
