#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "core/oci/zip.hpp"
#include "core/provider/provider.hpp"
#include "providers/aws/client/client.hpp"
#include "providers/aws/function_api.hpp"
#include "providers/aws/names.hpp"

// The interfaces of core/provider for AWS, one file each.
namespace mdl::aws {

// An artifact's zip on this machine, and where it lies at S3 when it is too large for a request.
struct Uploaded {
  oci::Zip zip;
  std::string bucket = {}, key = {};
};

// What all parts of one provider share.
struct Shared {
  explicit Shared(std::shared_ptr<Client> with, std::string folder)
      : client(std::move(with)), functions(*client), zips(std::move(folder)) {}
  Names names(const release::ServiceRef& ref) const { return names_of(ref, client->region()); }
  // The zip of an artifact that was put in this run; nullopt: none was.
  std::optional<Uploaded> zip(const std::string& artifact);
  void keep(const std::string& artifact, Uploaded zip);

  std::shared_ptr<Client> client;
  FunctionApi functions;
  std::string zips;
  bool role_given = false;

  std::mutex note_mutex;                     // held while shared things are taken away
  std::map<std::string, std::string> notes;  // that this process wrote, by name

  // A function's URL as it was read last: it stays as long as the alias has one. nullopt: none was.
  std::optional<std::string> url(const std::string& function);
  void note_url(const std::string& function, const std::optional<std::string>& url);

 private:
  std::mutex mutex_;
  std::map<std::string, Uploaded> made_;
  std::map<std::string, std::string> urls_;
};
using SharedParts = std::shared_ptr<Shared>;

// The live pointer as an alias has it. `absent` stands for one that was never made or was taken away.
inline constexpr const char* no_alias = "0";
Result<plan::Live> read_live(Shared& shared, const release::ServiceRef& ref);
// Reads the live pointer once more, and refuses with kind conflict what was decided when it was another. Made
// after the revision of what is to be changed was read, so that a change between here and the call is refused
// by AWS.
Result<void> check_fence(Shared& shared, const release::ServiceRef& ref, const provider::Fence& fence);

// Deletes an alias that a run made nobody's and was stopped before it deleted it; false when there is none.
Result<bool> delete_removed_alias(Shared& shared, const release::ServiceRef& ref);

// What each mutating call carries, see docs/promises.md.
std::span<const provider::MutatingCall> mutating_calls();

std::unique_ptr<provider::Limits> make_limits(const SharedParts& shared);
std::unique_ptr<provider::Artifacts> make_artifacts(const SharedParts& shared);
std::unique_ptr<provider::Secrets> make_secrets(const SharedParts& shared);
std::unique_ptr<provider::Resources> make_resources(const SharedParts& shared);
std::unique_ptr<provider::Health> make_health(const SharedParts& shared);
std::unique_ptr<provider::Traffic> make_traffic(const SharedParts& shared);
std::unique_ptr<provider::Capacity> make_capacity();
std::unique_ptr<provider::Releases> make_releases(const SharedParts& shared);
std::unique_ptr<provider::Scaling> make_scaling(const SharedParts& shared);
std::unique_ptr<provider::Logs> make_logs(const SharedParts& shared);
std::unique_ptr<provider::Metrics> make_metrics(const SharedParts& shared);
std::unique_ptr<provider::Invoke> make_invoke(const SharedParts& shared);
std::unique_ptr<provider::Inspect> make_inspect(const SharedParts& shared);

}  // namespace mdl::aws
