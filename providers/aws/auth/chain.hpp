#pragma once

#include <memory>
#include <mutex>

#include "providers/aws/auth/credentials.hpp"
#include "providers/aws/auth/place.hpp"

namespace mdl::aws {

// Where to look: the order is botocore's (credentials.py of 1.40, read 2026-11-24).
struct ChainOptions {
  Surroundings around;
  SharedConfig shared;
  std::string profile;          // see profile_name
  bool profile_chosen = false;  // the target names it: keys in the environment are then not asked
  std::string region;           // "": not known
};

// The credentials of one provider: found once, kept, found again before they expire. Threads may share it.
class CredentialChain {
 public:
  // `transport` must outlive the chain: STS, SSO, container and instance are asked through it.
  CredentialChain(ChainOptions options, http::Transport& transport);

  // Errors: denied, naming the source and what to do, when a source that is configured gives none, or there
  // is no source at all; unavailable when it could not be asked. Never falls through from a configured source
  // that fails to the next.
  Result<Credentials> get();
  // Those that AWS called expired or unknown are not given again.
  void forget();

 private:
  Result<Credentials> find() const;

  ChainOptions options_;
  http::Transport& transport_;
  std::mutex mutex_;
  std::optional<Credentials> kept_;
};

// Credentials are found anew this long before they expire.
inline constexpr std::chrono::minutes refresh_before{5};

}  // namespace mdl::aws
