#include "core/fetch/source.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "core/util/files.hpp"
#include "core/util/text.hpp"

namespace mdl::fetch {

namespace {

std::string encoded_path(std::string_view path) {
  std::string out;
  for (const auto part : split(path, '/')) out += (out.empty() ? "" : "/") + percent_encode(part);
  return out;
}

std::string token_file() {
  if (const auto path = environment("HF_TOKEN_PATH"); !path.empty()) return path;
  if (const auto home = environment("HF_HOME"); !home.empty()) return home + "/token";
  if (const auto cache = environment("XDG_CACHE_HOME"); !cache.empty()) return cache + "/huggingface/token";
  const auto home = environment("HOME");
  return home.empty() ? std::string() : home + "/.cache/huggingface/token";
}

}  // namespace

bool HubFile::pinned() const {
  return revision.size() == 40 && std::ranges::all_of(revision, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

std::string HubFile::url(const std::string& endpoint, std::string_view at) const {
  return fmt::format("{}/{}/resolve/{}/{}", endpoint, encoded_path(repository), percent_encode(at),
                     encoded_path(file));
}

std::string HubFile::shown(std::string_view at) const {
  return fmt::format("hf://{}@{}/{}", repository, at, file);
}

Result<HubFile> parse_hub(std::string_view from) {
  const auto wrong = [&](std::string_view why) {
    return fail(
        ErrorKind::invalid,
        fmt::format("'{}' {}: expected hf://organisation/repository@revision/file", printable(from), why));
  };
  if (!from.starts_with("hf://")) return wrong("does not begin with hf://");
  auto rest = from.substr(5);
  HubFile out;
  const auto first = rest.find('/');
  if (first == std::string_view::npos || first == 0) return wrong("names no repository");
  const auto end = rest.find_first_of("/@", first + 1);
  if (end == std::string_view::npos || end == first + 1) return wrong("names no file");
  out.repository = rest.substr(0, end);
  rest.remove_prefix(end);
  if (rest.starts_with('@')) {
    rest.remove_prefix(1);
    // The only revisions with a slash that can be told from the file behind them.
    std::size_t size = rest.find('/');
    if (rest.starts_with("refs/pr/") || rest.starts_with("refs/convert/"))
      size = rest.find('/', rest.find('/', 5) + 1);
    if (size == std::string_view::npos || size == 0) return wrong("names no file");
    out.revision = rest.substr(0, size);
    rest.remove_prefix(size);
  }
  rest.remove_prefix(1);
  for (const auto part : split(rest, '/'))
    if (part.empty() || part == "." || part == "..") return wrong("names no file");
  out.file = rest;
  return out;
}

Hub Hub::from_environment() {
  Hub hub;
  if (auto endpoint = environment("HF_ENDPOINT"); !endpoint.empty()) hub.endpoint = std::move(endpoint);
  while (hub.endpoint.ends_with('/')) hub.endpoint.pop_back();
  hub.token = trimmed(environment("HF_TOKEN", environment("HUGGING_FACE_HUB_TOKEN")));
  const auto disabled = environment("HF_HUB_DISABLE_IMPLICIT_TOKEN");
  if (!hub.token.empty() || disabled == "1" || disabled == "true" || disabled == "True") return hub;
  if (const auto path = token_file(); !path.empty())
    if (auto text = read_file(path, 4096)) hub.token = trimmed(*text);
  return hub;
}

}  // namespace mdl::fetch
