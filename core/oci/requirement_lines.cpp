#include "core/oci/requirement_lines.hpp"

#include <algorithm>
#include <cctype>

#include "core/util/files.hpp"
#include "core/util/text.hpp"

namespace mdl::oci {

namespace {

bool name_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
}

std::string normal(std::string_view name) {
  auto text = lower_case(name);
  for (char& c : text)
    if (c == '_' || c == '.') c = '-';
  return text;
}

// Whether `name` stands in `text` as a whole word.
bool names(const std::string& text, const std::string& name) {
  for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
    const auto end = at + name.size();
    const bool begins = at == 0 || !name_character(text[at - 1]);
    const bool ends = end == text.size() || !name_character(text[end]);
    if (begins && ends) return true;
  }
  return false;
}

bool is_error(const std::string& line) {
  return line.starts_with("error") || line.find("no matching distribution") != std::string::npos ||
         line.find("could not find a version") != std::string::npos ||
         line.find("no solution") != std::string::npos || line.find("failed") != std::string::npos ||
         line.find("because ") != std::string::npos;
}

}  // namespace

std::string package_name(std::string_view line) {
  while (!line.empty() && std::isspace(static_cast<unsigned char>(line.front())) != 0) line.remove_prefix(1);
  const auto end = std::ranges::find_if_not(line, name_character);
  const std::string_view name = line.substr(0, static_cast<std::size_t>(end - line.begin()));
  if (name.empty() || std::isalnum(static_cast<unsigned char>(name.front())) == 0) return {};
  return normal(name);
}

int blamed_line(const std::string& requirements, const std::vector<std::string>& output) {
  const auto lines = split(requirements, '\n');
  for (const auto& said : output) {
    const auto text = normal(said);
    if (!is_error(text)) continue;
    for (std::size_t i = 0; i < lines.size(); ++i)
      if (const auto name = package_name(lines[i]); !name.empty() && names(text, name))
        return static_cast<int>(i) + 1;
  }
  return 0;
}

std::optional<Source> blamed_source(const manifest::Service& service,
                                    const std::vector<std::string>& output) {
  const auto& path = service.build.requirements;
  const auto content = path.empty() ? Result<std::string>() : read_file(service.folder + "/" + path);
  const int line = content ? blamed_line(*content, output) : 0;
  if (line == 0) return service.source_of("build.requirements");
  const auto text = split(*content, '\n')[static_cast<std::size_t>(line - 1)];
  return Source{.file = path,
                .line = line,
                .column = 1,
                .length = static_cast<int>(text.size()),
                .text = std::string(text)};
}

}  // namespace mdl::oci
