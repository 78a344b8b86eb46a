#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/manifest/service.hpp"
#include "core/oci/layers.hpp"
#include "core/plan/change.hpp"
#include "core/provider/logs.hpp"
#include "core/provider/metrics.hpp"
#include "core/release/record.hpp"

// What the engine needs of a platform: a bundle of small interfaces. Every function may be called again after a failure or
// a kill and then has the same effect. Errors carry the platform's code and words. A read that fails is an error of
// kind unavailable or denied, never an absence.
namespace mdl::provider {

using manifest::Service;
using release::ServiceRef;

// A published limit, as data: preflight checks it against the service and the artifact.
struct Limit {
  std::string_view field;      // manifest path, or "artifact.bytes", "env.bytes"
  std::optional<double> minimum, maximum;  // in the field's base unit: ms, bytes, count
  std::string_view platform;   // "AWS Lambda functions"
  std::string_view source;     // where it was read
  std::string_view read_on;    // "2026-11-24"
};

class Limits {
 public:
  virtual ~Limits() = default;
  virtual std::span<const Limit> published() const = 0;
  // Why this provider does not honour a manifest field; nullopt when it does. Called for each field that is set.
  virtual std::optional<std::string> refuses(std::string_view field, const Service& service) const = 0;
  // What only this machine or account can tell (an interpreter, a quota). All problems at once.
  virtual std::vector<manifest::Problem> examine(const Service& service) = 0;
  // The most memory that one replica could have, in bytes; nullopt: not known, or no bound but resources.memory.
  virtual std::optional<std::uint64_t> memory() const { return std::nullopt; }
};

struct Progress {
  std::string what;            // "14 packages", "upload"
  std::uint64_t done = 0, total = 0;  // bytes; total 0: not known
  bool step = false;           // it is done: a line of its own where details are wanted
  Milliseconds took{0};        // of a step
};
using OnProgress = std::function<void(const Progress&)>;

class Artifacts {
 public:
  virtual ~Artifacts() = default;
  // Makes what the layers are planned from: runs build.command in the service's folder, its output lines as progress.
  // Called before `platform` and the layer plan. Nothing to do, for a service without one, is success.
  virtual Result<void> prepare(const Service& service, const OnProgress&) = 0;
  // What the dependencies are for, and what this platform adds to an artifact: the front that serves an entry or a handler,
  // and the servers that it needs, as requirement lines. Error when the interpreter is not there.
  struct Platform {
    std::string platform, python;
    std::vector<oci::File> front;
    std::vector<std::string> servers;
    std::string store = {};  // see oci::LayerRequest
  };
  virtual Result<Platform> platform(const Service& service) = 0;
  // What the models with `from` are, in the manifest's order, before they are fetched: `put` fetches them. Reads only.
  // A platform that refuses model.*.from has none.
  virtual Result<std::vector<oci::Remote>> resolve(const Service&) { return std::vector<oci::Remote>(); }
  // The first `bytes` of one of those that is not fetched yet, for its header. Reads only. Errors: refused where the
  // source gives no parts; otherwise as asking it fails.
  virtual Result<std::string> beginning(const oci::Remote&, std::uint64_t /*bytes*/) {
    return fail(ErrorKind::refused, "no parts are read here");
  }
  // Bytes that `put` would send or write; 0: the artifact is there.
  virtual Result<std::uint64_t> missing(const Service& service, const oci::LayerPlan& layers) = 0;
  // Makes the artifact available at the provider under its digest. Content-addressed: touches nothing that is live.
  // Returns one line for people: "python 3.11, 14 packages; 3 layers, 1.2 GB".
  virtual Result<std::string> put(const Service& service, const oci::LayerPlan& layers, const OnProgress&) = 0;
  // Whether a release's artifact can still be started. Part of the check before a rollback.
  virtual Result<bool> present(const ServiceRef& ref, const std::string& artifact) = 0;
};

class Secrets {
 public:
  virtual ~Secrets() = default;
  // The current version of each secret of the service: a version id of its store, or a keyed hash. Reads only.
  virtual Result<std::map<std::string, std::string>> versions(const Service& service) = 0;
  // Makes these versions available to a release that pins them.
  virtual Result<void> keep(const Service& service, const std::map<std::string, std::string>& versions) = 0;
  // Those of `versions` that can no longer be had, by name. Part of the check before a rollback.
  virtual Result<std::vector<std::string>> lost(const ServiceRef& ref,
                                                const std::map<std::string, std::string>& versions) = 0;
};

// The release that `desired` renders for.
struct ReleaseInfo {
  int number = 0;
  std::string artifact;
  std::map<std::string, std::string> secret_versions;
};

// The error (kind not_found) of a read or change of `resource` while nothing of the service is at the platform.
std::unexpected<Error> not_deployed(const ServiceRef& ref, std::string resource);

// The precondition that travels with every mutating call: the revision of the live pointer that the run started from.
// A call whose fence no longer holds changes nothing and fails with kind conflict.
struct Fence {
  std::string live_revision;
};

// What a deploy that may find nothing to do looks at first.
struct Glance {
  plan::Live live;
  std::vector<release::Record> records;   // newest first
  std::vector<plan::Observed> resources;  // shared ones, and those of releases that are live or can be restored
};

class Resources {
 public:
  virtual ~Resources() = default;
  // What the service needs at the platform. Pure.
  virtual std::vector<plan::Desired> desired(const Service& service, const ReleaseInfo& release) const = 0;
  // What exists of these, in the same order.
  virtual Result<std::vector<std::optional<plan::Observed>>> observe(const ServiceRef& ref,
                                                                     std::span<const plan::ResourceId> ids);
  // Everything that bears this service's and target's labels, whichever release made it.
  virtual Result<std::vector<plan::Observed>> list(const ServiceRef& ref) = 0;
  // As Traffic::read, Releases::list and `list` together, in fewer reads: what the platform lets nobody change, and what
  // this provider wrote down when it made it, is not asked for. nullopt: it must be.
  virtual Result<std::optional<Glance>> glance(const ServiceRef&) { return std::optional<Glance>(); }
  // The differences that an apply would remove, by the platform's own rules. Pure.
  virtual std::vector<plan::FieldDiff> diff(const plan::Desired& desired, const plan::Observed& observed) const = 0;
  // Makes one Create, Update, Replace or Delete: one mutating call, safe to repeat. Creating what exists with the same
  // spec, and deleting what is gone, succeed.
  virtual Result<void> apply(const ServiceRef& ref, const plan::Change& change, const Fence& fence) = 0;
};

// Where a release stands after its resources were made.
struct Readiness {
  enum class State { waiting, ready, failed } state = State::waiting;
  std::string detail;               // "waiting for /healthz: connection refused", "replica 9/1 exited 1"
  std::string resource;             // "replica 9/1" when failed
  std::string code;                 // "exited", "unhealthy", "timeout"
  std::vector<std::string> lines;   // the service's own last lines when failed
};

class Health {
 public:
  virtual ~Health() = default;
  // One observation; the engine waits by observing again.
  virtual Result<Readiness> readiness(const ServiceRef& ref, int release) = 0;
  // Brings a release that was put to rest back up (or finds it up), without traffic. Mutating.
  virtual Result<void> wake(const ServiceRef& ref, int release, const Fence& fence) = 0;
};

class Traffic {
 public:
  virtual ~Traffic() = default;
  virtual Result<plan::Live> read(const ServiceRef& ref) = 0;
  // Compare-and-swap of the live pointer: fails with kind conflict, changing nothing, unless its revision is still
  // `expected.revision`. Returns the new live pointer.
  virtual Result<plan::Live> swap(const ServiceRef& ref, const plan::Live& expected, const plan::Split& wanted) = 0;
  // Stops all releases of the service but `room_for`, also what is live: the pointer keeps its split, `rests_for` becomes
  // `room_for`, requests wait for the next swap. A compare-and-swap too: the revision moves, also when all are stopped
  // already. Until they have ended, no replica of another release is started. A swap of a pointer that rests starts what
  // it gives a share, and stops at once what it gives none. Errors: refused when nothing is live.
  virtual Result<plan::Live> rest(const ServiceRef& ref, const plan::Live& expected, int room_for) = 0;
};

// What two releases side by side would need of one thing, and what can be had of it.
struct Room {
  std::string what;          // "memory", "GPUs"
  bool bytes = false;        // both figures are bytes; else counts
  std::int64_t needed = 0;   // by both, with the replicas that they start with
  std::int64_t there = 0;    // free, or held by the release that serves
};

class Capacity {
 public:
  virtual ~Capacity() = default;
  // What is certain only: a thing whose need or supply is not known is left out. Reads only. `fresh` and `serving` are
  // the resources of both releases, as `desired` rendered them.
  virtual std::vector<Room> side_by_side(const ServiceRef& ref, std::span<const plan::Desired> fresh, int live,
                                         std::span<const plan::Desired> serving) = 0;
};

class Releases {
 public:
  virtual ~Releases() = default;
  // Newest first.
  virtual Result<std::vector<release::Record>> list(const ServiceRef& ref) = 0;
  // Fails with kind conflict when the number is taken.
  virtual Result<release::Record> append(const ServiceRef& ref, const release::Record& record) = 0;
  // Fails with kind conflict when the record's revision moved.
  virtual Result<release::Record> update(const ServiceRef& ref, const release::Record& record) = 0;
  // Removes the whole history: the last step of destroy.
  virtual Result<void> erase(const ServiceRef& ref) = 0;
};

struct HttpRequest {
  std::string method = "GET", path = "/";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};
struct HttpResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::chrono::nanoseconds took{0};
  int release = 0;               // that answered; 0: not known
};

class Invoke {
 public:
  virtual ~Invoke() = default;
  // Sends one request to the live split, or to one release without traffic.
  // `on_body` gets the body as it arrives; without it the response holds it. An HTTP error status is a response.
  virtual Result<HttpResponse> send(const ServiceRef& ref, std::optional<int> release, const HttpRequest& request,
                                    Milliseconds timeout,
                                    const std::function<void(std::string_view)>& on_body = {}) = 0;
  virtual Result<std::string> url(const ServiceRef& ref) = 0;  // kind not_found before the first deploy
};

// What `mdl scale` reads and sets, beside what the manifest declares.
class Scaling {
 public:
  virtual ~Scaling() = default;
  virtual Result<manifest::Scale> read(const ServiceRef& ref) = 0;  // in force now; not_found before the first deploy
  // One mutating call. Holds until the manifest's own figures change.
  virtual Result<void> set(const ServiceRef& ref, const manifest::Scale& wanted, const Fence& fence) = 0;
};

// For `mdl status`.
struct Status {
  std::string health;           // "ok", "starting", "failing", "asleep", "resting" (Traffic::rest), "absent"
  int replicas = 0, wanted = 0;
  int held = 0;                 // requests that wait for a replica
  std::string detail;           // what is waited for
  Milliseconds starting{0};     // for how long a replica has been starting; 0: none is, or it is not known
  Milliseconds last_start{0};   // what the last start took; 0: not known
  std::string url;
};

class Inspect {
 public:
  virtual ~Inspect() = default;
  virtual Result<Status> status(const ServiceRef& ref) = 0;
  // Checks of `mdl doctor`: what this target needs, whether it is there, and how to get it.
  struct Check { bool ok = false; std::string text, remedy; };
  virtual std::vector<Check> doctor(const Service& service) = 0;
  // What could be removed without losing anything that a kept release pins, and its removal.
  struct Garbage { std::string what; std::uint64_t bytes = 0; };
  virtual Result<std::vector<Garbage>> garbage() = 0;
  virtual Result<void> collect() = 0;
};

// One kind of mutating call, as data: docs/promises.md lists them, and a test holds what the engine journals against
// them.
struct MutatingCall {
  std::string_view call;          // as it is journalled, '*' for what varies: "create replicas *"
  std::string_view precondition;  // what must hold at the platform for it to change anything; or why nothing must
  bool needs_none = false;
};

struct Provider {
  std::string name;             // "local"
  std::string place;            // "this machine": for header lines
  std::span<const MutatingCall> calls;  // all that its interfaces make
  std::unique_ptr<Limits> limits;
  std::unique_ptr<Artifacts> artifacts;
  std::unique_ptr<Secrets> secrets;
  std::unique_ptr<Resources> resources;
  std::unique_ptr<Health> health;
  std::unique_ptr<Traffic> traffic;
  std::unique_ptr<Capacity> capacity;
  std::unique_ptr<Releases> releases;
  std::unique_ptr<Scaling> scaling;
  std::unique_ptr<Logs> logs;
  std::unique_ptr<Metrics> metrics;
  std::unique_ptr<Invoke> invoke;
  std::unique_ptr<Inspect> inspect;
};

}  // namespace mdl::provider
