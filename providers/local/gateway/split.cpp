#include "providers/local/gateway/split.hpp"

#include <algorithm>
#include <cmath>

namespace mdl::local::gateway {

void SplitChoice::assign(const plan::Split& split) {
  std::vector<Entry> shares;
  for (const auto& share : split) {
    const long weight =
        std::isfinite(share.weight) ? std::lround(std::clamp(share.weight, 0.0, 1.0) * 1e6) : 0;
    if (weight > 0) shares.push_back({share.release, weight, 0});
  }
  if (shares != shares_) shares_ = std::move(shares);
}

int SplitChoice::next() {
  if (shares_.empty()) return 0;
  long total = 0;
  Entry* best = nullptr;
  for (auto& share : shares_) {
    share.credit += share.weight;
    total += share.weight;
    if (best == nullptr || share.credit > best->credit) best = &share;
  }
  best->credit -= total;
  return best->release;
}

bool SplitChoice::contains(int release) const {
  return std::ranges::any_of(shares_, [&](const Entry& share) { return share.release == release; });
}

}  // namespace mdl::local::gateway
