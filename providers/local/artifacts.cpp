#include <algorithm>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <system_error>

#include "core/fetch/beginning.hpp"
#include "core/fetch/fetch.hpp"
#include "core/oci/build_command.hpp"
#include "core/oci/python_front.hpp"
#include "core/util/digest.hpp"
#include "core/util/files.hpp"
#include "core/util/text.hpp"
#include "providers/local/container.hpp"
#include "providers/local/environment.hpp"
#include "providers/local/needs.hpp"
#include "providers/local/parts.hpp"
#include "providers/local/store_lock.hpp"

namespace mdl::local {

namespace fs = std::filesystem;

namespace {

using manifest::Service;
using oci::LayerKind;
using oci::LayerPlan;
using provider::OnProgress;

constexpr const char* machine =
#if defined(__aarch64__)
    "linux/arm64";
#else
    "linux/amd64";
#endif

Result<void> link_environment(const std::string& artifact, const std::string& environment) {
  const auto link = artifact + "/environment";
  std::error_code error;
  if (fs::read_symlink(link, error) == fs::path(environment)) return {};
  const auto temporary = link + ".partial-" + random_hex(4);
  fs::remove(temporary, error);
  fs::create_symlink(environment, temporary, error);
  if (!error) fs::rename(temporary, link, error);
  if (!error) return {};
  return fail(Error{.kind = ErrorKind::failed,
                    .message = "the artifact cannot be tied to its environment",
                    .quoted = error.message(),
                    .resource = link});
}

class LocalArtifacts final : public provider::Artifacts {
 public:
  explicit LocalArtifacts(SharedClient client) : client_(std::move(client)) {}

  Result<void> prepare(const Service& service, const OnProgress& progress) override {
    return oci::run_build_command(service, [&](std::string_view line) {
      if (progress) progress({.what = std::string(line)});
    });
  }

  Result<Platform> platform(const Service& service) override {
    Platform platform{.platform = machine, .python = {}, .front = {}, .servers = {}, .store = home().blobs()};
    if (!uses_python(service)) return platform;
    MDL_TRY(const auto python, interpreter(service));
    platform.python = python.version;
    if (!served_by_front(service)) return platform;
    MDL_TRY(platform.servers, oci::front_servers(service));
    platform.front = oci::front_files();
    return platform;
  }

  Result<std::vector<oci::Remote>> resolve(const Service& service) override {
    if (std::ranges::all_of(service.model, [](const auto& model) { return model.from.empty(); })) return {};
    return fetch::resolve(service, around());
  }

  Result<std::string> beginning(const oci::Remote& file, std::uint64_t bytes) override {
    return fetch::beginning(file, around(), bytes);
  }

  Result<std::uint64_t> missing(const Service& service, const LayerPlan& layers) override {
    const auto folder = artifact_folder(layers.digest());
    const bool whole =
        exists(folder) && (!uses_python(service) || exists(folder + "/environment/bin/python"));
    return whole ? 0 : layers.bytes();
  }

  Result<bool> present(const release::ServiceRef&, const std::string& artifact) override {
    return is_whole(artifact_folder(artifact));
  }

  Result<std::string> put(const Service& service, const LayerPlan& layers,
                          const OnProgress& progress) override {
    MDL_CHECK(hold_store());
    std::string summary, environment;
    if (uses_python(service)) {
      MDL_TRY(const auto python, interpreter(service));
      MDL_TRY(environment, make_environment_for(service, layers, python, progress, summary));
    }
    MDL_CHECK(make_folders(home().artifacts()));
    MDL_CHECK(make_folders(home().blobs()));
    MDL_CHECK(fetch::fetch(layers.remotes, around(),
                           [&](const std::string& what, std::uint64_t done, std::uint64_t total) {
                             if (progress) progress({.what = what, .done = done, .total = total});
                           }));
    const auto folder = artifact_folder(layers.digest());
    const auto begun = client_->options().clock.elapsed();
    MDL_TRY(const auto written, oci::write_folder(layers, folder, home().blobs()));
    say(written, layers, begun, progress);
    if (!environment.empty()) MDL_CHECK(link_environment(folder, environment_folder(home(), environment)));
    if (runs_in_container(service)) {
      const auto image = image_name(service.name, layers.digest());
      MDL_CHECK(build_image(service, folder, image, progress));
      summary = "image " + image + "; ";
    }
    const auto count = layers.layers.size();
    return summary + std::to_string(count) + (count == 1 ? " layer, " : " layers, ") +
           readable_bytes(layers.bytes());
  }

 private:
  fetch::Around around() const {
    const auto& options = client_->options();
    return {.transport = options.transport,
            .clock = options.clock,
            .sleeper = options.sleeper,
            .interrupt = options.interrupt,
            .hub = fetch::Hub::from_environment(),
            .store = home().blobs(),
            .cache = options.cache};
  }

  // How the release came by its files.
  void say(const oci::Written& written, const LayerPlan& layers, std::chrono::nanoseconds begun,
           const OnProgress& progress) const {
    const auto* weights = layers.find(LayerKind::weights);
    if (!progress || weights == nullptr || written.weights == oci::Link::none) return;
    const auto count = weights->files.size();
    progress({.what = std::to_string(count) + (count == 1 ? " file" : " files") + " of weights, " +
                      readable_bytes(weights->bytes) + ", by " +
                      std::string(oci::to_string(written.weights)) + " from the store" +
                      (written.application_linked ? "; code shared with another release" : ""),
              .step = true,
              .took = std::chrono::duration_cast<Milliseconds>(client_->options().clock.elapsed() - begun)});
  }

  const Home& home() const { return client_->options().home; }

  std::string artifact_folder(const std::string& digest) const { return home().artifacts() + "/" + digest; }

  // What is put is kept from a garbage collection until this process has ended.
  Result<void> hold_store() {
    const std::lock_guard guard(mutex_);
    if (lock_) return {};
    MDL_TRY(lock_, StoreLock::shared(home()));
    return {};
  }

  // Two services with the same requirements get one environment, made once.
  std::mutex& making(const std::string& key) {
    const std::lock_guard guard(mutex_);
    return being_made_[key];
  }

  // The files, and what they are run with.
  static Result<bool> is_whole(const std::string& folder) {
    if (!exists(folder)) return false;
    std::error_code error;
    if (fs::is_symlink(folder + "/environment", error) && !exists(folder + "/environment/bin/python"))
      return false;
    const auto image = image_of(folder);
    return image.empty() ? Result<bool>(true) : has_image(image);
  }

  // Found once a run: the layers are planned for the interpreter that then runs them.
  Result<Interpreter> interpreter(const Service& service) {
    auto found = find_interpreter(home(), service.build.python, service.folder);
    if (found) return found;
    auto error = std::move(found).error();
    error.where = service.source_of("build.python");
    return fail(std::move(error));
  }

  // Returns the environment's key; adds to the line for people.
  Result<std::string> make_environment_for(const Service& service, const LayerPlan& layers,
                                           const Interpreter& python, const OnProgress& progress,
                                           std::string& summary) {
    const auto parts = split(python.version, '.');
    summary = "python " + std::string(parts[0]) + "." + std::string(parts[1]);
    const auto* dependencies = layers.find(LayerKind::dependencies);
    const std::lock_guard guard(making(dependencies == nullptr ? std::string() : dependencies->digest));
    if (dependencies == nullptr || dependencies->requirements.empty()) {
      summary += "; ";
      return make_plain_environment(home(), python);
    }
    MDL_TRY(const int packages,
            make_environment(home(), {dependencies->digest, dependencies->requirements, python, service},
                             progress));
    summary += ", " + std::to_string(packages) + (packages == 1 ? " package; " : " packages; ");
    return dependencies->digest;
  }

  SharedClient client_;
  // Services of a project are deployed side by side.
  std::mutex mutex_;
  std::optional<StoreLock> lock_;
  std::map<std::string, std::mutex> being_made_;  // environments by key
};

}  // namespace

std::unique_ptr<provider::Artifacts> make_artifacts(const SharedClient& client) {
  return std::make_unique<LocalArtifacts>(client);
}

}  // namespace mdl::local
