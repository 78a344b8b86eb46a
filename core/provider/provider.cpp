#include "core/provider/provider.hpp"

#include <algorithm>

namespace mdl::provider {

std::unexpected<Error> not_deployed(const ServiceRef& ref, std::string resource) {
  return fail(Error{.kind = ErrorKind::not_found,
                    .message = ref.service + " is not deployed on " + ref.target,
                    .resource = std::move(resource),
                    .next = {"mdl deploy"}});
}

Result<std::vector<std::optional<plan::Observed>>> Resources::observe(const ServiceRef& ref,
                                                                      std::span<const plan::ResourceId> ids) {
  MDL_TRY(const auto all, list(ref));
  std::vector<std::optional<plan::Observed>> found;
  for (const auto& id : ids) {
    const auto match = std::ranges::find(all, id, &plan::Observed::id);
    found.push_back(match == all.end() ? std::nullopt : std::optional(*match));
  }
  return found;
}

}  // namespace mdl::provider
