#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "core/provider/provider.hpp"

// A platform in memory: what a cloud keeps, without a network. Tests look into it, set how releases behave,
// and inject faults at its calls.
namespace mdl::fakes {

struct MemoryPlatform {
  struct Stored {
    plan::Observed observed;
    bool awake = true;
  };
  struct ServiceState {
    std::vector<Stored> resources;  // in the order of creation
    plan::Live live{.split = {}, .revision = "0"};
    std::vector<release::Record> records;  // oldest first
    manifest::Scale scale;
    std::map<std::string, std::set<std::string>> secrets;  // name → versions kept
  };

  std::recursive_mutex mutex;
  std::map<std::string, ServiceState> services;  // by "service@target"
  std::set<std::string> artifacts;
  std::map<std::string, std::string> secret_versions;  // what the stores say now
  std::map<std::string, std::string> urls;

  // How the replicas of a release behave: by default healthy at once.
  std::function<provider::Readiness(const std::string& service, int release)> behaviour;
  std::function<provider::HttpResponse(int release, const provider::HttpRequest&)> answer;
  std::function<Result<provider::MetricsReport>()> measured;
  // Called before (and, when it lets the call through, after) each mutating call. An error is the call's
  // answer: from `before` nothing has changed, from `after` the change was made and its answer lost.
  std::function<Result<void>(const std::string&call)> before, after;
  std::vector<std::string> calls;  // mutating calls that were made, in order
  bool unreadable = false;         // the live pointer cannot be read: the platform is out of reach

  bool glances = false;  // an unchanged deploy may be told so by fewer reads
  int lists = 0;         // reads of all resources

  std::int64_t memory_there = 0;  // that the releases of a service have together; 0: not limited

  std::vector<std::string> refused_fields;
  std::vector<manifest::Problem> problems;
  std::vector<provider::Limit> limits;

  ServiceState& state(const release::ServiceRef& ref) { return services[key(ref)]; }
  // What reads show: while `late` says so, what was there before; writes always meet what is there.
  const ServiceState& seen(const release::ServiceRef& ref) {
    static const ServiceState nothing;
    if (!late || !late()) return state(ref);
    const auto found = before_late.find(key(ref));
    return found == before_late.end() ? nothing : found->second;
  }
  std::function<bool()> late;
  std::map<std::string, ServiceState> before_late;
  static std::string key(const release::ServiceRef& ref) { return ref.service + "@" + ref.target; }
  int next_revision = 1;
};

// The platform must outlive the provider. Resource kinds: `listener` (shared, serves), `instances` (one a
// release).
provider::Provider make_memory_provider(MemoryPlatform& platform);

}  // namespace mdl::fakes
