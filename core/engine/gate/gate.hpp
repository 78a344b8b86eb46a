#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/engine/gate/evidence.hpp"
#include "core/engine/gate/readings.hpp"
#include "core/manifest/service.hpp"

// Whether a new release may keep its traffic. Values only: no clock, no platform.
namespace mdl::engine::gate {

// Together, over all tests, steps and looks, the most rollouts of a release that is no worse which are
// stopped. With golden requests that have no expected answer (see answers.hpp) 5 % in all.
inline constexpr double false_alarms = 0.04;
// What is no regression: errors whose odds are up to a tenth higher, times that are up to a tenth longer.
inline constexpr double tolerated = 1.1;
// Below it, p95 is not judged and a step is said to say too little: among fewer requests none is expected
// beyond p95.
inline constexpr std::uint64_t requests_to_judge = 20;

// A sequential test of four hypotheses, each at false_alarms / 4 (or / 3, without a p95 limit; union bound),
// see evidence.hpp:
//   errors against stable   compare: the odds of an error are at most `tolerated` times the stable release's
//   p95 against stable      compare: the share of requests over the stable release's p95, times `tolerated`
//   for the new
//                           release, is no larger than the stable one's share over its p95. The threshold of
//                           a block is taken from what the stable release did before it, so that any value of
//                           it is valid: a wrong one costs power only (quantiles by the share above a bound:
//                           Howard and Ramdas, arXiv 1906.09712)
//   errors limit            limit: the share of errors is at most the manifest's
//   p95 limit               limit: at most 5 % take longer than the manifest's (rounded up to a bucket's
//   bound)
// While no request goes to the stable release, only the limits can speak.
class Gate {
 public:
  // `steps`: how many times `step` will be called. The readings are those before the first traffic; the
  // stable release's may hold its whole past, from which its p95 is known at once.
  Gate(const manifest::Gate& limits, int steps, const RequestCounts& stable, const RequestCounts& fresh);

  // Begins a step of the rollout: another split.
  void step();
  // Takes the present readings in; nullptr: none could be had of that release. Returns why the release must
  // not keep its traffic: "errors 4.1 % against 0.2 % (limit 1 %), after 212 requests"; nullopt while nothing
  // is against it.
  std::optional<std::string> look(const RequestCounts* stable, const RequestCounts* fresh);

  // Of the present step: "412 requests, errors 0.2 %, p95 88 ms".
  std::string seen() const;
  // At a step's end: "412 requests, no difference found", "3 requests, too few to judge".
  std::string passed() const;

 private:
  struct Pair {
    Stretch stable, fresh;
  };
  struct Threshold {  // buckets: what is over them is slow
    std::size_t stable = 0, fresh = 0;
  };
  void add_limits(const Stretch& fresh);
  void add_errors(const Pair& now);
  void add_times(const Pair& now);
  std::optional<Threshold> threshold(const Stretch& now) const;
  Pair since(int step) const;
  bool against(const Evidence& evidence) const;
  bool timed_enough(const Evidence& evidence) const;
  std::string words_errors(int step) const;
  std::string words_p95(int step) const;

  manifest::Gate limits_;
  double threshold_;  // ln of the e-value that stops
  Meter stable_, fresh_;
  Stretch past_;  // of the stable release, before the first traffic
  std::vector<Pair> steps_;
  Evidence errors_, times_, errors_limit_, times_limit_;
  Pair open_errors_, open_times_;  // blocks that wait until both releases have a request
  std::optional<Threshold> open_threshold_;
};

}  // namespace mdl::engine::gate
