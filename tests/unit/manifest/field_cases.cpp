#include "tests/unit/manifest/field_cases.hpp"

#include "core/util/files.hpp"

namespace mdl::test {

std::string concrete(std::string_view path) {
  std::string text(path);
  for (auto at = text.find('*'); at != std::string::npos; at = text.find('*')) text.replace(at, 1, "0");
  return text;
}

bool stands_in(std::string_view file, std::string_view words) {
  const auto text = read_file(MDL_SOURCE_DIR "/" + std::string(file));
  return text && text->find(words) != std::string::npos;
}

}  // namespace mdl::test
