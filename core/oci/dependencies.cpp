#include "core/oci/dependencies.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <optional>

#include "core/oci/pyproject.hpp"
#include "core/util/files.hpp"
#include "core/util/text.hpp"

namespace mdl::oci {

namespace {

constexpr std::uint64_t longest_file = 4u << 20;
constexpr int deepest_reference = 10;

// As pip reads them: a comment starts at the line's start or after a space.
std::string_view without_comment(std::string_view line) {
  for (auto at = line.find('#'); at != std::string_view::npos; at = line.find('#', at + 1))
    if (at == 0 || line[at - 1] == ' ' || line[at - 1] == '\t') return line.substr(0, at);
  return line;
}

std::vector<std::string> logical_lines(std::string_view text) {
  std::vector<std::string> lines;
  std::string joined;
  for (const auto raw : split(text, '\n')) {
    auto line = trimmed(without_comment(raw));
    const bool continues = line.ends_with('\\');
    if (continues) line = trimmed(line.substr(0, line.size() - 1));
    if (!joined.empty() && !line.empty()) joined += ' ';
    joined += line;
    if (continues) continue;
    if (!joined.empty()) lines.push_back(std::move(joined));
    joined.clear();
  }
  if (!joined.empty()) lines.push_back(std::move(joined));
  return lines;
}

// The value of an option given as "-r x", "-rx", "--requirement x" or "--requirement=x".
std::optional<std::string_view> option(std::string_view line, std::string_view brief, std::string_view full) {
  if (line.starts_with(full)) {
    const auto rest = line.substr(full.size());
    if (rest.empty() || rest.starts_with('=') || rest.starts_with(' '))
      return trimmed(rest.substr(rest.empty() ? 0 : 1));
  }
  if (line.starts_with(brief) && !line.starts_with("--")) return trimmed(line.substr(brief.size()));
  return std::nullopt;
}

bool is_local(std::string_view line) {
  return line.starts_with('.') || line.starts_with('/') || line.starts_with("file:") ||
         line.find("@ file:") != std::string_view::npos || line.find("@file:") != std::string_view::npos ||
         option(line, "-e", "--editable");
}

class Reader {
 public:
  Reader(const manifest::Service& service, std::string& text) : service_(service), text_(text) {}

  Result<void> read(const std::string& path, int depth) {
    if (depth > deepest_reference)
      return invalid(path, "refers to itself or to more than ten files in a row");
    const auto full = std::filesystem::path(service_.folder) / path;
    auto content = read_file(full.string(), longest_file);
    if (!content && content.error().kind == ErrorKind::not_found) return invalid(path, "is not there");
    if (!content) return std::unexpected(std::move(content).error());
    if (path.ends_with(".toml")) return add_pyproject(path, *content);
    for (const auto& line : logical_lines(*content)) MDL_CHECK(add(path, line, depth));
    return {};
  }

 private:
  Result<void> add(const std::string& path, const std::string& line, int depth) {
    if (const auto other = option(line, "-r", "--requirement")) {
      const auto next = std::filesystem::path(path).parent_path() / *other;
      return read(next.lexically_normal().string(), depth + 1);
    }
    if (option(line, "-c", "--constraint"))
      return invalid(path, "has a constraints file, which is not supported: write the versions into it");
    if (is_local(line))
      return invalid(path,
                     fmt::format("asks for '{}', a path of this machine, which a release cannot bring along: "
                                 "publish that package, or import it from the service's own folder",
                                 printable(line)));
    text_ += line + '\n';
    return {};
  }

  Result<void> add_pyproject(const std::string& path, const std::string& content) {
    auto dependencies = pyproject_dependencies(content);
    if (!dependencies) return invalid(path, dependencies.error());
    for (const auto& line : *dependencies) MDL_CHECK(add(path, line, 0));
    return {};
  }

  std::unexpected<Error> invalid(const std::string& path, std::string_view problem) const {
    return fail(Error{.kind = ErrorKind::invalid,
                      .message = fmt::format("the requirements file '{}' {}", printable(path), problem),
                      .resource = path,
                      .where = service_.source_of("build.requirements")});
  }

  const manifest::Service& service_;
  std::string& text_;
};

}  // namespace

Result<std::string> requirements_text(const LayerRequest& request) {
  std::string text;
  if (const auto& path = request.service.build.requirements; !path.empty())
    MDL_CHECK(Reader(request.service, text).read(path, 0));
  for (const auto& server : request.servers) text += server + '\n';
  return text;
}

}  // namespace mdl::oci
