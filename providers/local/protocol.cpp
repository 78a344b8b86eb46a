#include "providers/local/protocol.hpp"

#include <sys/un.h>
#include <unistd.h>

#include "core/util/digest.hpp"
#include "core/util/files.hpp"
#include "core/util/text.hpp"

namespace mdl::local {

namespace {

// Encoded, so that no name can leave the folder above it.
std::string folder_name(const std::string& name) {
  if (name == ".") return "%2E";
  if (name == "..") return "%2E%2E";
  return percent_encode(name);
}

}  // namespace

std::string Home::socket() const {
  auto path = root + "/run/supervisor.sock";
  if (path.size() < sizeof(sockaddr_un::sun_path)) return path;
  const auto runtime = environment("XDG_RUNTIME_DIR");
  const auto folder = (runtime.empty() || runtime.size() > 60 ? "/tmp" : runtime) + "/mdl-" +
                      std::to_string(::getuid()) + "-" + sha256(root).substr(0, 16);
  return folder + "/supervisor.sock";
}

std::string Home::database() const { return root + "/state.db"; }
std::string Home::secret_key() const { return root + "/secret.key"; }
std::string Home::artifacts() const { return root + "/artifacts"; }
std::string Home::environments() const { return root + "/environments"; }
std::string Home::blobs() const { return root + "/blobs"; }
std::string Home::supervisor_log() const { return root + "/logs/supervisor.log"; }

std::string Home::logs(const std::string& service, const std::string& target) const {
  return root + "/logs/" + folder_name(service) + "/" + folder_name(target);
}

Home Home::from_environment() {
  if (auto root = environment("MDL_HOME"); !root.empty()) return {root};
  if (auto data = environment("XDG_DATA_HOME"); !data.empty()) return {data + "/mdl"};
  return {environment("HOME", "/tmp") + "/.local/share/mdl"};
}

}  // namespace mdl::local
