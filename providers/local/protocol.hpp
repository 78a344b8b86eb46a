#pragma once

#include <string>

// What the command line and the supervisor say to each other: JSON over HTTP/1.1 on a Unix socket that only its user can
// open (0600, in a 0700 folder; the peer's uid is checked too). S and T are the percent-encoded names of service and target.
//
// Each answer carries the header `Mdl-Version`: the supervisor's.
//
//   GET    /v1/ping                               {"version","pid","home","started"}
//   GET    /v1/services                           {"services":[{"service","target"}]}
//   GET    /v1/services/S/T                       the whole state, below; 404 {"code":"not-found"} when there is none
//   PUT    /v1/services/S/T/gateway               {"spec":{…}}                  fenced
//   PUT    /v1/services/S/T/scaling               {"spec":{…}}                  fenced
//   PUT    /v1/services/S/T/replicas/N            {"spec":{…}}                  fenced; starts the release without traffic
//   DELETE /v1/services/S/T/{gateway,scaling,replicas/N}                        fenced; deleting what is gone is 200
//   POST   /v1/services/S/T/replicas/N/wake                                     fenced; starts replicas that are at rest
//   GET    /v1/services/S/T/replicas/N/readiness  {"state","detail","resource","code","lines":[…]}
//   PUT    /v1/services/S/T/live                  {"expected":"12","split":[{"release":8,"weight":1.0}]} → {"live":{…}}
//   POST   /v1/services/S/T/live/rest             {"expected":"12","room_for":9} → {"live":{…}}: stops all releases but 9
//   GET    /v1/services/S/T/records               {"records":[{…record…, "revision":"4"}]} newest first
//   POST   /v1/services/S/T/records               a record → 201 with it and its revision; 409 when the number is taken
//   PUT    /v1/services/S/T/records/N             a record, header If-Match: <revision> → 200 with it and its new revision; 412 when
//                                                 it moved
//   DELETE /v1/services/S/T/records               the whole history and the service's row, secrets and logs
//   PUT    /v1/services/S/T/secrets               {"secrets":[{"name","version","value"}]} kept encrypted
//   GET    /v1/services/S/T/secrets               {"secrets":[{"name","version"}]}
//   GET    /v1/services/S/T/metrics?window_ms=&step_ms=   provider::MetricsReport with its members' names, times in
//                                                 nanoseconds since 1970: {"from","to","step_ms","releases":[{"release",
//                                                 "total":{…},"points":[{"time","requests","errors","p50_ms","p95_ms","p99_ms",
//                                                 "replicas","cpu","memory_bytes"}],"counts":{"requests","errors",
//                                                 "histogram":[[bucket,count],…]}}],"own":[{"name","labels","value"}]}; counts
//                                                 are since the supervisor started, buckets those of the gateway's
//                                                 histogram that are not empty
//   GET    /metrics                               Prometheus text, all services
//   POST   /v1/restart                            {"program":"/path/of/mdl"} or nothing: goes on as that program, or as its own,
//                                                 in the same process and with the same replicas; the answer, that of
//                                                 ping, comes from the program that goes on. 500 {"code":"failed"}: it
//                                                 goes on as it was
//   POST   /v1/stop                               stops all replicas and the supervisor; state stays
//
// A fenced call carries the header `Mdl-Live: <revision of the live pointer>`. When that revision moved the answer is
// 409 {"code":"conflict","message":…,"live":{…},"record":{…the record that won…}} and nothing changed. A service that has no
// row yet has the live revision "0". Errors are {"code":<a word of ErrorKind>,"message":…}.
//
// State of one service:
//   {"service","target",
//    "gateway":  {"spec":{"port":8400,"timeout_ms":30000,"metrics_from":"/metrics"},"revision":"3","status":{"port":8400}} | null,
//    "scaling":  {"spec":{"declared":{"min","max","concurrency","idle_ms","warm_ms"},"effective":{the same members}},"revision"} | null,
//    "replicas": [{"release":8,"spec":{…},"revision":"5","status":{"state":"running|resting|failed",
//                  "replicas":[{"replica":1,"pid","port","state":"starting|healthy|failing|stopped","restarts",
//                                "memory_bytes","gpus":["GPU-…"]}]}}],
//    "live":     {"split":[{"release":8,"weight":1.0}],"revision":"12","rests_for":9 while release 8 rests for it},
//    "gpus":     {"devices":2,"free":1} of this machine, whatever service has them,
//    "status":   {"health","replicas","wanted","held","detail","starting_ms": of the replica that is starting for the
//                 longest, "last_start_ms": what a start took last, 0 when none was measured,"url"}}
//
// gateway.spec.port 0 means: choose the first free one from 8400 on, and keep it as long as it can be had; `diff` ignores a 0.
// scaling: `declared` is what the manifest says; a PUT whose declared differs from the stored one makes effective =
// declared; a PUT with the same declared takes the `effective` given, if any. So `mdl scale` survives deploys until the
// manifest's own figures change.
//
// replicas.spec, all that the supervisor needs to start the release (see launch.hpp):
//   {"artifact":"<digest>","entry"|"handler"|"command":…,"interface":"auto","python":"3.11",
//    "env":{…},"secrets":{"NAME":"<version>"},"needs":["recommend"],"cpu":1.0,"memory_bytes":…,"gpu":1 (no member: none),
//    "health":"/healthz","timeout_ms":…,"start_timeout_ms":…}
namespace mdl::local {

// Folders and files below the home of one user's local target.
struct Home {
  std::string root;          // $MDL_HOME, else $XDG_DATA_HOME/mdl, else ~/.local/share/mdl
  std::string socket() const;     // root/run/supervisor.sock; when longer than a socket path may be, a folder below
                                  // $XDG_RUNTIME_DIR or /tmp named by the user id and a hash of root
  std::string database() const;   // root/state.db
  std::string secret_key() const; // root/secret.key, 0600: 32 random bytes, made by secret_key_bytes (secrets.hpp) when first
                                  // needed
  std::string artifacts() const;  // root/artifacts/<digest>/{app,front}, read-only once written; see oci::write_folder
  std::string environments() const; // root/environments/<key>: virtual environments by the dependencies layer's digest;
                                    // artifacts/<digest>/environment is a link to one whose bin/python runs entry and
                                    // handler (`bin/python front/mdl_front.py entry src.app:app`), also where nothing is
                                    // installed; its bin comes first in a command's PATH. No link: no Python
  std::string blobs() const;      // root/blobs/<sha256>: weights, once each
  std::string logs(const std::string& service, const std::string& target) const;  // root/logs/<service>/<target>
  std::string supervisor_log() const;  // root/logs/supervisor.log
  static Home from_environment();
};

}  // namespace mdl::local
