#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace mdl::engine::gate {

// What two releases did side by side: how many requests each answered, and at how many of them the event in
// question (an error, a slow answer) happened.
struct Block {
  std::uint64_t fresh = 0, fresh_events = 0;
  std::uint64_t stable = 0, stable_events = 0;
};

// Evidence against "the new release is no worse", as an e-process: a product of factors, one a block, each
// with expectation at most 1 while that hypothesis is true. By Ville's inequality its value ever exceeds 1/α
// with probability at most α, however often it is looked at and whenever one stops: so looking each second
// costs nothing (Ville 1939; Ramdas et al., arXiv 2210.01948). It is the dual of a confidence sequence: the
// odds that it does not reject are one (Howard et al., arXiv 1810.08240, section 4). The idea of stopping a
// rollout by it is that of "Rapid Regression Detection in Software Deployments through Sequential Testing",
// arXiv 2205.14762.
//
// Two kinds of factor:
//
// compare: two releases. Given a block's totals (a requests of the new release, b of the stable one, e events
// in all),
//   under equal odds the events k of the new release are hypergeometric, whatever the common rate is
//   (Fisher). With the odds of the new release ω times those of the stable one,
//       P_ω(k) = C(a,k) C(b,e-k) ω^k / Σ_i C(a,i) C(b,e-i) ω^i,
//   and the factor is P_ω(k) / P_t(k), t being the ratio that is tolerated. The family has a monotone
//   likelihood ratio in ω, so that its expectation is at most 1 for every true ratio ≤ t. As the common rate
//   cancels, it may move from block to block: an outage that strikes both releases, a busy hour and another
//   split are no evidence.
// limit: one release against a rate L: the factor is (p/L)^events · ((1-p)/(1-L))^(trials-events) with p > L,
// at most 1
//   in expectation while the rate is at most L, also when it moves.
//
// ω, and the odds of p over those of L, are mixed over a fixed grid (an average of e-processes is one), and
// over the moment at which the regression begins: each `start` begins another component of weight 1/starts.
// So evidence is kept from step to step, and one that shows only under more traffic isn't drowned by what
// came before.
class Evidence {
 public:
  explicit Evidence(int starts);

  // Begins one more component; those beyond the number given to the constructor are left out.
  void start();
  // The present moment's factor. A block in which one release has no requests says nothing. `tolerated` ≥ 1.
  void compare(const Block& block, double tolerated);
  void limit(std::uint64_t trials, std::uint64_t events, double limit);

  // ln of the e-value: 0 before anything was seen, infinite once an event happened that the limit 0 rules
  // out.
  double log() const;
  // The start whose component is the largest, from 0 on: when the regression most likely began.
  int strongest() const;

 private:
  static constexpr std::size_t grid_size = 8;
  using Logs = std::array<double, grid_size>;
  void multiply(const Logs& factors);

  int starts_;
  std::vector<Logs> components_;
  bool ruled_out_ = false;
};

}  // namespace mdl::engine::gate
