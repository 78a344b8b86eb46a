#include "core/fetch/beginning.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "core/fetch/content_range.hpp"

namespace mdl::fetch {

Result<std::string> beginning(const oci::Remote& file, const Around& around, std::uint64_t bytes) {
  if (file.bytes > 0) bytes = std::min(bytes, file.bytes);
  if (bytes == 0) return std::string();
  http::Request request{
      .url = file.url,
      .headers = {{"Accept-Encoding", "identity"}, {"Range", fmt::format("bytes=0-{}", bytes - 1)}},
      .body = {},
      .idempotent = true};
  if (file.hub && !around.hub.token.empty())
    request.headers.emplace_back("Authorization", "Bearer " + around.hub.token);
  request.takes_body = [&](const http::Response& head) {
    const auto range = parse_content_range(head.header("Content-Range"));
    return head.status == 206 && range && range->first == 0 && range->last == bytes - 1 &&
           (file.bytes == 0 || !range->whole || *range->whole == file.bytes);
  };
  std::string text;
  const auto on_body = [&](std::string_view part) {
    text += part.substr(0, bytes - text.size());
    return true;
  };
  MDL_TRY(const auto response, send_following(around.transport, std::move(request), on_body));
  if (text.size() < bytes)
    return fail(ErrorKind::refused, fmt::format("{} gives no parts of the file", file.from));
  return text;
}

}  // namespace mdl::fetch
