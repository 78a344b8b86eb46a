#pragma once

#include <string>
#include <vector>

#include "core/fetch/source.hpp"
#include "core/http/transport.hpp"
#include "core/manifest/service.hpp"
#include "core/oci/layers.hpp"

namespace mdl::fetch {

// What fetching needs of its surroundings. References outlive it.
struct Around {
  http::Transport& transport;  // with retry; does not follow redirects
  Clock& clock;
  Sleeper& sleeper;
  const Interrupt* interrupt;  // nullptr: none
  Hub hub;
  std::string store;  // folder of files named by their digest
  std::string cache;  // folder for what never changes at a hub; empty: none
};

// What the service's fetched weights are, in the manifest's order, without fetching them: of https:// as the
// manifest's sha256 says (and the source's Content-Length, when it gives one), of hf:// as the hub's headers
// say, the revision turned into a commit. A file of a commit is asked for once. Small files that the hub
// keeps in git have no SHA-256 there: those (at most 16 MiB) are fetched into the store now, and checked
// against git's own digest.
//
// Errors, with the manifest line: invalid for a sha256 that is not the hub's; not_found and denied as the hub
// says; unavailable when it cannot be asked.
Result<std::vector<oci::Remote>> resolve(const manifest::Service& service, const Around& around);

// One request with redirects followed, at most 10: GET and HEAD only. Authorization goes to the first origin
// alone. Errors: refused for a redirect from https to http; otherwise as Transport::send.
Result<http::Response> send_following(http::Transport& transport, http::Request request,
                                      const http::OnBody& on_body = {});

}  // namespace mdl::fetch
