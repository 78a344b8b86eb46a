#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "core/provider/metrics.hpp"

// Simulated requests to two releases, for tests and benchmarks of the gate. The same seed gives the same
// requests.
namespace mdl::fakes {

// SplitMix64. Seeds are mixed, since its streams of neighbouring states are one stream, shifted.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(mixed(mixed(seed) + 0x9E3779B97F4A7C15u)) {}
  std::uint64_t next() { return mixed(state_ += 0x9E3779B97F4A7C15u); }
  double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  bool happens(double probability) { return uniform() < probability; }
  double normal() {
    return std::sqrt(-2 * std::log(1 - uniform())) * std::cos(6.283185307179586 * uniform());
  }
  int poisson(double mean) {
    if (mean > 60) return std::max(0, static_cast<int>(std::lround(mean + std::sqrt(mean) * normal())));
    int count = 0;
    for (double left = uniform(), floor = std::exp(-mean); left > floor; left *= uniform()) ++count;
    return count;
  }

 private:
  static std::uint64_t mixed(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  std::uint64_t state_;
};

// How a release behaves. Times are lognormal: median 40 ms, p95 91 ms.
struct Conduct {
  double errors = 0.002;
  double slower = 1;       // factor on all times
  double tail_slower = 1;  // factor on the times of the slowest tenth alone
};

class Traffic {
 public:
  Traffic(std::uint64_t seed, Conduct of_stable, Conduct of_fresh)
      : random_(seed), stable_(of_stable), fresh_(of_fresh) {
    for (int octave = 0; octave < 13; ++octave)
      for (int step = 0; step < 10; ++step) bounds_.push_back((10 + step) * std::exp2(octave) / 10);
    for (auto* counts : {&stable, &fresh}) counts->bounds_ms = bounds_, counts->times.resize(bounds_.size());
  }

  // One request, as its time in ms and whether it failed.
  struct Request {
    double ms = 0;
    bool failed = false;
  };
  Request request(const Conduct& conduct) {
    const double z = random_.normal();
    const double ms =
        40 * std::exp(0.5 * z) * conduct.slower * (z > 1.2816 ? conduct.tail_slower : 1) * trouble;
    return {.ms = ms, .failed = random_.happens(conduct.errors + common_errors)};
  }
  Request stable_request() { return request(stable_); }
  Request fresh_request() { return request(fresh_); }

  // A second's requests, at random to one of the two.
  void second(double rate, double share) {
    const int count = random_.poisson(rate);
    for (int i = 0; i < count; ++i) {
      const bool to_fresh = random_.happens(share);
      add(to_fresh ? fresh : stable, request(to_fresh ? fresh_ : stable_));
    }
  }

  provider::RequestCounts stable{}, fresh{};
  double common_errors = 0, trouble = 1;  // what strikes both releases: more errors, longer times

 private:
  void add(provider::RequestCounts& counts, const Request& request) {
    ++counts.requests;
    if (request.failed) ++counts.errors;
    std::size_t low = 0, high = bounds_.size() - 1;
    while (low < high) {
      const auto middle = (low + high) / 2;
      if (request.ms <= bounds_[middle])
        high = middle;
      else
        low = middle + 1;
    }
    ++counts.times[low];
  }

  Random random_;
  Conduct stable_, fresh_;
  std::vector<double> bounds_;
};

}  // namespace mdl::fakes
