#include "core/oci/detect_files.hpp"

#include <algorithm>
#include <array>

#include "core/util/text.hpp"
#include "core/util/value.hpp"

namespace mdl::oci {

namespace {

constexpr std::array<std::string_view, 4> servers{"gunicorn", "uvicorn", "hypercorn", "waitress-serve"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  for (std::size_t at = 0; (at = line.find_first_not_of(" \t\r", at)) != std::string_view::npos;) {
    const auto end = std::min(line.find_first_of(" \t\r", at), line.size());
    words.emplace_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

// "pkg.module:object"
bool is_entry(std::string_view word) {
  const auto colon = word.find(':');
  if (colon == 0 || colon == std::string_view::npos || colon + 1 == word.size()) return false;
  const auto is_part = [](char c) {
    return c == '_' || c == '.' || is_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'z');
  };
  const auto module = word.substr(0, colon), object = word.substr(colon + 1);
  return std::ranges::all_of(module, is_part) && std::ranges::all_of(object, is_part) &&
         !is_digit(module.front()) && !is_digit(object.front());
}

}  // namespace

std::optional<std::string> procfile_web(std::string_view text) {
  for (auto line : split(text, '\n')) {
    if (!line.starts_with("web:")) continue;
    const auto words = words_of(line.substr(4));
    if (!words.empty()) return join(words, " ");
  }
  return std::nullopt;
}

std::vector<std::string> command_words(std::string_view line) {
  if (line.find_first_of("$|&;<>()`\"'\\*?[#~=") != std::string_view::npos)
    return {"sh", "-c", "exec " + std::string(line)};
  return words_of(line);
}

std::optional<std::string> served_entry(std::string_view line) {
  const auto words = words_of(line);
  if (words.empty() || std::ranges::find(servers, words[0]) == servers.end()) return std::nullopt;
  // A value of an option ("-b 0.0.0.0:80") never looks like a module.
  const auto entry = std::ranges::find_if(words.begin() + 1, words.end(), is_entry);
  if (entry == words.end()) return std::nullopt;
  return *entry;
}

bool has_start_script(std::string_view package_json) {
  const auto value = parse_json(package_json);
  return value && !(*value)["scripts"]["start"].as_string().empty();
}

int exposed_port(std::string_view dockerfile) {
  for (const auto line : split(dockerfile, '\n')) {
    const auto words = words_of(line);
    if (words.size() < 2 || (words[0] != "EXPOSE" && words[0] != "expose")) continue;
    const auto port = parse_integer(std::string_view(words[1]).substr(0, words[1].find('/')));
    if (port && *port > 0 && *port < 65536) return static_cast<int>(*port);
  }
  return 0;
}

std::string python_version(std::string_view text) {
  if (text.starts_with("python-")) text.remove_prefix(7);
  const auto end = std::ranges::find_if_not(text, [](char c) { return is_digit(c) || c == '.'; });
  const auto parts = split(text.substr(0, static_cast<std::size_t>(end - text.begin())), '.');
  if (parts.size() < 2 || parts[0].empty() || parts[1].empty()) return "";
  return std::string(parts[0]) + '.' + std::string(parts[1]);
}

}  // namespace mdl::oci
