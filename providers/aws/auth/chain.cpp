#include "providers/aws/auth/chain.hpp"

#include "providers/aws/auth/sources.hpp"

namespace mdl::aws {

CredentialChain::CredentialChain(ChainOptions options, http::Transport& transport)
    : options_(std::move(options)), transport_(transport) {}

Result<Credentials> CredentialChain::get() {
  const std::lock_guard lock(mutex_);
  const auto now = options_.around.clock.now();
  if (kept_ && (!kept_->expires || *kept_->expires - now > refresh_before)) return *kept_;
  auto found = find();
  if (found) {
    kept_ = *found;
    return found;
  }
  // What is still valid is better than nothing.
  if (kept_ && *kept_->expires > now) return *kept_;
  return found;
}

void CredentialChain::forget() {
  const std::lock_guard lock(mutex_);
  kept_.reset();
}

Result<Credentials> CredentialChain::find() const {
  const Asking asking{options_, transport_};
  if (!options_.profile_chosen) {
    MDL_TRY(auto found, from_environment(asking));
    if (found) return *found;
    MDL_TRY(found, from_web_identity(asking));
    if (found) return *found;
  }
  const bool named = options_.profile_chosen || options_.profile != "default";
  if (named && options_.shared.profile(options_.profile) == nullptr)
    return no_credentials("there is no profile '" + options_.profile + "' in the AWS config files", {},
                          {"aws configure --profile " + options_.profile});
  MDL_TRY(auto found, from_profile(asking, options_.profile));
  if (found) return *found;
  if (named) return no_credentials("profile '" + options_.profile + "' names no source of credentials");
  MDL_TRY(found, from_container(asking));
  if (found) return *found;
  MDL_TRY(found, from_instance(asking));
  if (found) return *found;
  return no_credentials(
      "there are no AWS credentials: not in the environment, the config files, a container or an instance",
      {}, {"aws configure", "aws sso login"});
}

}  // namespace mdl::aws
