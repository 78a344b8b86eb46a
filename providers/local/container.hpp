#pragma once

#include <string>
#include <vector>

#include "core/manifest/service.hpp"
#include "core/provider/provider.hpp"
#include "providers/local/protocol.hpp"

// Services with build.dockerfile: their image is built and run by docker, or by podman where that is what
// this machine has.
namespace mdl::local {

inline bool runs_in_container(const manifest::Service& service) { return !service.build.dockerfile.empty(); }

// The image of an artifact, by name: "mdl/credit-risk:3f9a771081c2ab41".
std::string image_name(const std::string& service, const std::string& artifact);

// The command that a replica is started with. Pure. It publishes $PORT on 127.0.0.1 (a service with `needs`
// gets the network of this machine instead, since it must reach the other services' addresses on 127.0.0.1),
// and hands the variables on by name, so that no value stands in an argument. A container of the same name,
// left by a killed supervisor, is removed first.
std::vector<std::string> container_command(const manifest::Service& service, const std::string& artifact);

// "docker" or "podman": the first that is on PATH and whose daemon answers. Errors: not_found with how to get
// one in `next`.
Result<std::string> container_engine();

// Builds the image from the artifact's application files, the Dockerfile's path relative to them. Its lines
// are progress. Errors: failed, with the last lines and the manifest line.
Result<void> build_image(const manifest::Service& service, const std::string& artifact_folder,
                         const std::string& image, const provider::OnProgress& progress);

// Whether the image is there.
Result<bool> has_image(const std::string& image);

// Removes it unless a container uses it or another artifact has it under another name. A daemon that is gone
// keeps it.
void remove_image(const std::string& image);

// Which image an artifact's folder belongs to; "" for one without.
std::string image_of(const std::string& artifact_folder);

}  // namespace mdl::local
