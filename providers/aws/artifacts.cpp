#include "core/oci/build_command.hpp"
#include "core/oci/packages.hpp"
#include "core/oci/python_front.hpp"
#include "core/oci/zip.hpp"
#include "core/util/text.hpp"
#include "providers/aws/bucket.hpp"
#include "providers/aws/parts.hpp"
#include "providers/aws/render.hpp"
#include "providers/aws/served.hpp"

namespace mdl::aws {

namespace {

using manifest::Service;
using oci::LayerPlan;
using provider::OnProgress;

constexpr std::uint64_t unpacked_limit = 262'144'000;

// Amazon Linux 2023 from 3.12 on, Amazon Linux 2 before (documentation, read 2026-11-24).
const char* glibc_of(const std::string& python) {
  const auto minor = parse_integer(python.substr(python.find('.') + 1));
  return minor && *minor >= 12 ? "2.34" : "2.26";
}

class AwsArtifacts final : public provider::Artifacts {
 public:
  explicit AwsArtifacts(SharedParts shared) : shared_(std::move(shared)) {}

  Result<void> prepare(const Service& service, const OnProgress& progress) override {
    return oci::run_build_command(service, [&](std::string_view line) {
      if (progress) progress({.what = std::string(line)});
    });
  }

  Result<Platform> platform(const Service& service) override {
    Platform platform{.platform = platform_of(service)};
    if (uses_python(service)) platform.python = runtime_of(service).substr(6);
    MDL_TRY(platform.front, served_files(service));
    if (service.http.entry.empty()) return platform;
    MDL_TRY(platform.servers, oci::front_servers(service));
    return platform;
  }

  // The zip is sent with the call that makes a function or changes its code.
  Result<std::uint64_t> missing(const Service&, const LayerPlan& layers) override { return layers.bytes(); }

  Result<std::string> put(const Service& service, const LayerPlan& layers,
                          const OnProgress& progress) override {
    std::string summary;
    const auto layout = layout_of(service);
    MDL_TRY(const auto whole, with_dependencies(service, layers, progress, summary));
    MDL_TRY(const auto size, oci::zip_size(whole, layout));
    if (size.unpacked > unpacked_limit)
      return fail(Error{.kind = ErrorKind::refused,
                        .message = "unpacked, code and packages have " + readable_bytes(size.unpacked) +
                                   ", and Lambda takes " + readable_bytes(unpacked_limit),
                        .resource = "artifact " + layers.digest().substr(0, 8),
                        .where = service.source_of("build.requirements")});
    MDL_TRY(auto zip, oci::write_zip(whole, layout, shared_->zips));
    Uploaded uploaded{.zip = std::move(zip)};
    const auto bytes = uploaded.zip.bytes;
    if (bytes > direct_limit) MDL_CHECK(upload(*shared_, uploaded, progress));
    summary += "zip " + readable_bytes(bytes);
    if (!uploaded.bucket.empty()) summary += ", by way of s3://" + uploaded.bucket;
    shared_->keep(layers.digest(), std::move(uploaded));
    return summary;
  }

  // A published version is the artifact.
  Result<bool> present(const release::ServiceRef& ref, const std::string& artifact) override {
    MDL_TRY(const auto versions, shared_->functions.versions(shared_->names(ref).function));
    for (const auto& version : versions)
      if (version.described && version.described->artifact == artifact) return true;
    return false;
  }

 private:
  Result<LayerPlan> with_dependencies(const Service& service, const LayerPlan& layers,
                                      const OnProgress& progress, std::string& summary) {
    const auto* dependencies = layers.find(oci::LayerKind::dependencies);
    if (dependencies == nullptr || dependencies->requirements.empty()) return layers;
    MDL_TRY(const auto machine, platform(service));
    MDL_TRY(auto packages, oci::install_packages({.requirements = dependencies->requirements,
                                                  .python = machine.python,
                                                  .platform = machine.platform,
                                                  .glibc = glibc_of(machine.python),
                                                  .cache = shared_->zips + "/packages",
                                                  .service = &service,
                                                  .on_line = [&](std::string_view line) {
                                                    if (progress) progress({.what = printable(line)});
                                                  }}));
    const auto count = packages.packages.size();
    summary = "python " + machine.python + ", " + std::to_string(count) +
              (count == 1 ? " package; " : " packages; ");
    return oci::with_packages(layers, std::move(packages));
  }

  SharedParts shared_;
};

}  // namespace

std::unique_ptr<provider::Artifacts> make_artifacts(const SharedParts& shared) {
  return std::make_unique<AwsArtifacts>(shared);
}

}  // namespace mdl::aws
