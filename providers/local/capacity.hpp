#pragma once

#include <span>
#include <vector>

#include "core/provider/provider.hpp"
#include "providers/local/machine.hpp"

namespace mdl::local {

// What the replicas of both releases need by their manifests, against the machine. `state` is the service's
// (see protocol.hpp). Memory that no manifest states is a default, not a need: then nothing is certain. Pure.
std::vector<provider::Room> rooms(std::span<const plan::Desired> fresh, int live,
                                  std::span<const plan::Desired> serving, const Value& state,
                                  const Machine& machine);

}  // namespace mdl::local
