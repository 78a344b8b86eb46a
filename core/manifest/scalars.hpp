#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/manifest/layer.hpp"

namespace mdl::manifest {

// Reads single values: ${VAR} replaced, checked by the field's type, range, choices and rule.
class Scalars {
 public:
  Scalars(File& file, const ReadOptions& options, Problems& problems)
      : file_(file), options_(options), problems_(problems) {}

  // The value of a field, or of an item of a list of texts or shares; nullopt when there is none, which was
  // reported, except for an unset variable outside of what is `in_use`.
  std::optional<Value> read(const Field& field, const std::string& path, const Node& node, bool in_use);

  // Reports a secret that is given by value. Its lines are not shown.
  void literal_secret(const std::string& path, std::string_view key, const Place& name, const Node& node);

 private:
  void add(const Place& place, std::string_view path, const std::string& message);
  std::optional<struct Expanded> text_of(const std::string& path, const Node& node, bool in_use);
  bool check_secret(const std::string& path, const Node& node, const struct Expanded& text);

  File& file_;
  const ReadOptions& options_;
  Problems& problems_;
};

// "a list", "nothing", …: for "expected …, not a list".
std::string_view kind_of(const Node& node);

}  // namespace mdl::manifest
