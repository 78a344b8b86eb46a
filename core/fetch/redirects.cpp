#include <fmt/format.h>

#include "core/fetch/resolve.hpp"
#include "core/http/url.hpp"

namespace mdl::fetch {

Result<http::Response> send_following(http::Transport& transport, http::Request request,
                                      const http::OnBody& on_body) {
  const auto first = http::origin(request.url);
  for (int hops = 0;; ++hops) {
    MDL_TRY(auto response, transport.send(request, on_body));
    const auto location = response.header("Location");
    const bool moved = response.status == 301 || response.status == 302 || response.status == 303 ||
                       response.status == 307 || response.status == 308;
    if (!moved || location.empty()) return response;
    if (hops == 10)
      return fail(Error{.kind = ErrorKind::failed,
                        .message = http::shown_url(request.url) + " redirects more than 10 times",
                        .code = "redirects"});
    auto next = http::joined_url(request.url, location);
    if (request.url.starts_with("https://") && !next.starts_with("https://"))
      return fail(Error{.kind = ErrorKind::refused,
                        .message = fmt::format("{} redirects to {}, which is not encrypted",
                                               http::shown_url(request.url), http::shown_url(next)),
                        .code = "redirects"});
    request.url = std::move(next);
    if (http::origin(request.url) != first)
      std::erase_if(request.headers,
                    [](const auto& header) { return http::same_name(header.first, "Authorization"); });
  }
}

}  // namespace mdl::fetch
