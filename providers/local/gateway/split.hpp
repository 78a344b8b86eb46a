#pragma once

#include <vector>

#include "core/plan/change.hpp"

namespace mdl::local::gateway {

// Spreads requests over releases smoothly: a release with a tenth of the weight gets every tenth request, not
// a tenth on average. Each choice raises every share's credit by its weight and takes the total from the
// richest.
class SplitChoice {
 public:
  // Keeps its place in the sequence when the split is the same as before.
  void assign(const plan::Split& split);
  int next();  // the release of the next request; 0 when nothing is live
  bool empty() const { return shares_.empty(); }
  bool contains(int release) const;

 private:
  struct Entry {
    int release;
    long weight;  // in millionths, so that credits stay exact
    long credit;
    bool operator==(const Entry& other) const { return release == other.release && weight == other.weight; }
  };
  std::vector<Entry> shares_;
};

}  // namespace mdl::local::gateway
