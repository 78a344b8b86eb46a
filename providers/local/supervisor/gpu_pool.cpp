#include "providers/local/supervisor/gpu_pool.hpp"

#include <algorithm>
#include <set>

#include "core/util/text.hpp"

namespace mdl::local::supervisor {

GpuLease& GpuLease::operator=(GpuLease&& other) noexcept {
  if (this != &other) {
    if (pool_) pool_->give_back(ids_);
    pool_ = std::exchange(other.pool_, nullptr);
    ids_ = std::exchange(other.ids_, {});
  }
  return *this;
}

GpuLease::~GpuLease() {
  if (pool_) pool_->give_back(ids_);
}

std::string GpuLease::text() const { return join(ids_, ","); }

void GpuPool::look() {
  for (const auto& gpu : find_())
    if (std::ranges::find(devices_, gpu.id) == devices_.end()) devices_.push_back(gpu.id);
}

int GpuPool::size() {
  if (devices_.empty()) look();
  return static_cast<int>(devices_.size());
}

int GpuPool::free() {
  if (devices_.empty()) look();
  return static_cast<int>(
      std::ranges::count_if(devices_, [this](const auto& id) { return !taken_.contains(id); }));
}

std::string GpuPool::holders() const {
  std::set<std::string> names;
  for (const auto& [id, holder] : taken_) names.insert(holder);
  return join({names.begin(), names.end()}, ", ");
}

Result<GpuLease> GpuPool::take(int count, const std::string& holder) {
  if (free() < count) look();
  if (free() < count) {
    const auto number = [](int gpus) { return std::to_string(gpus) + (gpus == 1 ? " GPU" : " GPUs"); };
    auto text = holder + " needs " + number(count);
    if (devices_.empty()) {
      text += ", and this machine has no NVIDIA GPU";
    } else {
      text += ", and of this machine's " + number(size()) + " " + std::to_string(free()) +
              (free() == 1 ? " is free" : " are free");
      if (!taken_.empty()) text += ": " + holders() + (taken_.size() == 1 ? " has it" : " have the others");
    }
    return fail(Error{.kind = ErrorKind::unavailable, .message = std::move(text), .code = "no-gpu"});
  }
  std::vector<std::string> ids;
  for (const auto& id : devices_) {
    if (static_cast<int>(ids.size()) == count) break;
    if (taken_.try_emplace(id, holder).second) ids.push_back(id);
  }
  return GpuLease(*this, std::move(ids));
}

GpuLease GpuPool::take_over(std::vector<std::string> ids, const std::string& holder) {
  for (const auto& id : ids) taken_.try_emplace(id, holder);
  return {*this, std::move(ids)};
}

void GpuPool::give_back(const std::vector<std::string>& ids) {
  for (const auto& id : ids) taken_.erase(id);
}

}  // namespace mdl::local::supervisor
