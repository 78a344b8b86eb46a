#pragma once

#include <string>
#include <vector>

#include "core/oci/zip.hpp"
#include "providers/aws/render.hpp"

// Services that listen on a port: they run behind the runtime client (docs/runtime-client.md), as `bootstrap`
// of an OS-only runtime or as exec wrapper of a managed one. Pure.
namespace mdl::aws {

// In the artifact, and where Lambda unpacks it.
inline constexpr const char* client_file = "bootstrap";
inline constexpr const char* wrapper_variable = "AWS_LAMBDA_EXEC_WRAPPER";
inline constexpr const char* wrapper_path = "/var/task/bootstrap";

// An entry or a command; a handler is called by the managed runtime itself.
bool is_served(const manifest::Service& service);
// Whether the platform is to bring Python: a managed Python runtime.
bool uses_python(const manifest::Service& service);
// "provided.al2023": nothing but the system is there.
bool is_os_only(const std::string& runtime);
// "linux/amd64" or "linux/arm64", of targets.*.architecture.
std::string platform_of(const manifest::Service& service);

// Where things stand in the zip. A handler's at the root, where the managed runtimes import from; a served
// service's in app/, beside packages/ and front/, as on `local`.
oci::ZipLayout layout_of(const manifest::Service& service);

// What the client reads: runtime.json.
Value client_settings(const manifest::Service& service);
// The client for the service's processor, its settings, for an entry the front, and what reads secrets where
// there are some. Nothing for a handler without secrets. Errors: refused, when this build of mdl has no
// client for that processor.
Result<std::vector<oci::File>> served_files(const manifest::Service& service);
bool has_client(const std::string& platform);

}  // namespace mdl::aws
