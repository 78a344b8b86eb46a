#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/engine/events.hpp"
#include "core/engine/journal.hpp"
#include "core/model/memory.hpp"
#include "core/plan/plan.hpp"
#include "core/provider/provider.hpp"

// The life of a service, once for all providers. Nothing here knows a platform, reads a clock or sleeps by
// itself.
namespace mdl::engine {

using provider::Provider;
using provider::Service;
using release::ServiceRef;

// What a run is given. References outlive the run.
struct Environment {
  Clock& clock;
  Sleeper& sleeper;
  Interrupt& interrupt;
  Journal& journal;
  Events& events;
  std::string run_id;  // unique, for the journal
  std::function<release::Author()>
      author;              // asked when a record is written: looking at a repository takes time
  std::string stat_cache;  // see oci::LayerRequest
};

// Exit codes, see `mdl --help`.
enum class Exit {
  ok = 0,
  failed = 1,
  changes = 2,
  previous_serves = 3,
  attention = 4,
  conflict = 5,
  unrestorable = 6,
  interrupted = 130
};

// What weights a service has, and the memory that a replica needs for them.
struct WeightsReport {
  std::vector<std::string> models;  // a line each
  model::Memory memory;
  std::uint64_t limit = 0;               // resources.memory
  std::optional<std::uint64_t> machine;  // what the platform has for a replica
};

// What a run came to: all that views and exit codes need.
struct Outcome {
  Exit exit = Exit::ok;
  ServiceRef ref;
  bool nothing_to_do = false;
  int serving = 0;       // release that serves now; 0: none
  int rests_for = 0;     // it is at rest, to make room for this release; 0: it is not
  Milliseconds away{0};  // how long this run kept the service from answering
  bool woken = false;    // what was at rest serves again
  int release = 0;       // made by this run (for a rollback: that serves again)
  int record = 0;        // number of the history entry that this run wrote
  int previous = 0;
  std::string url;
  std::optional<Stage> failed_stage;
  std::optional<Error> error;
  std::vector<manifest::Problem> problems;  // of preflight, warnings included
  std::optional<release::Record> winner;    // of a lost race
  bool previous_restorable = false;
  std::optional<release::Rehearsal> previous_rehearsal;
  std::vector<std::string> next;          // commands
  int calls_made = 0, calls_planned = 0;  // of an interrupted deploy; planned 0: it was not planned yet
  Milliseconds duration{0};
};

struct DeployRequest {
  std::vector<Service> services;   // in the order of needs; promoted together or not at all
  std::optional<plan::Plan> plan;  // of `deploy --plan`: exactly these calls (one service)
  bool allow_unrestorable = false;
  Milliseconds timeout{600'000};
};

// Deploys: preflight → build → observe → plan → apply → verify → promote → record → prune. One outcome a
// service, in the request's order. Nothing live is touched before the new releases are healthy.
std::vector<Outcome> deploy(const DeployRequest& request, Provider& provider, Environment& env);

// Preflight and build: makes the artifact at the provider, no release.
struct BuildResult {
  Outcome outcome;
  std::string artifact;  // digest
  std::uint64_t bytes = 0;
  std::string summary;
};
BuildResult build(const Service& service, Provider& provider, Environment& env);

// Plans without changing anything at the provider. A problem of severity certain is an error of kind invalid.
struct PlanResult {
  plan::Plan plan;
  std::vector<manifest::Problem> problems;
  std::optional<WeightsReport> weights;
};
std::expected<PlanResult, Outcome> make_plan(const Service& service, Provider& provider, Environment& env);

// Checks limits, refused fields and what the platform can tell, without building. All problems at once.
std::vector<manifest::Problem> preflight(const Service& service, const oci::LayerPlan* layers,
                                         Provider& provider);

struct RollbackRequest {
  ServiceRef ref;
  std::optional<int> to;  // a release; negative: so many back; nullopt: the one that was live before
  bool rehearse = false;  // start it without traffic, check it, record how long it took
  std::vector<manifest::Golden> golden;  // run in a rehearsal
  std::string folder;                    // that golden paths are relative to
  std::string health = "/healthz";
  Milliseconds timeout{120'000};
};
Outcome rollback(const RollbackRequest& request, Provider& provider, Environment& env);

// Moves traffic to a release that stands healthy: a canary step by hand, or all of it.
Outcome promote(const ServiceRef& ref, int release, double share, Provider& provider, Environment& env);

struct ScaleRequest {
  ServiceRef ref;
  std::optional<int> min, max, concurrency;
};
Outcome scale(const ScaleRequest& request, Provider& provider, Environment& env);

// Removes everything that bears the service's labels: traffic first, history last.
// `keep_logs` leaves the resource that holds the lines, where there is one (Logs::kept_in).
Outcome destroy(const ServiceRef& ref, Provider& provider, Environment& env, bool keep_logs = false);
inline constexpr const char* destroy_but_logs = "destroy --keep-logs";  // as the journal calls it

// Finishes (or, with abort, undoes) what a stopped run left at the provider. Works from the provider's state
// alone. To finish a deploy the services are needed, since what it wanted stands in the manifest.
Outcome abort_unfinished(const ServiceRef& ref, Provider& provider, Environment& env);

// Deletes resources of releases beyond `keep`, and of failed or abandoned ones. The live one and the rollback
// set stay.
Outcome gc(const ServiceRef& ref, int keep, bool dry_run, Provider& provider, Environment& env,
           std::vector<plan::ResourceId>* removed);

// History with states as seen now.
Result<std::vector<release::Record>> history(const ServiceRef& ref, Provider& provider);

}  // namespace mdl::engine
