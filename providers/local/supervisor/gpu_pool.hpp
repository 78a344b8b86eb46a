#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/util/error.hpp"
#include "providers/local/gpus.hpp"

namespace mdl::local::supervisor {

class GpuPool;

// Devices that one replica has, until it is destroyed.
class GpuLease {
 public:
  GpuLease() = default;
  GpuLease(GpuLease&& other) noexcept
      : pool_(std::exchange(other.pool_, nullptr)), ids_(std::exchange(other.ids_, {})) {}
  GpuLease& operator=(GpuLease&& other) noexcept;
  ~GpuLease();

  bool empty() const { return ids_.empty(); }
  const std::vector<std::string>& ids() const { return ids_; }
  std::string text() const;  // for CUDA_VISIBLE_DEVICES

 private:
  friend class GpuPool;
  GpuLease(GpuPool& pool, std::vector<std::string> ids) : pool_(&pool), ids_(std::move(ids)) {}
  GpuPool* pool_ = nullptr;
  std::vector<std::string> ids_;
};

// The devices of this machine, none of which two replicas have. Outlives its leases.
class GpuPool {
 public:
  // `find` is asked again whenever devices are missing: a driver may come later.
  explicit GpuPool(std::function<std::vector<Gpu>()> find) : find_(std::move(find)) {}

  // Errors: unavailable, with who has the devices.
  Result<GpuLease> take(int count, const std::string& holder);
  // Those that a replica has that another supervisor started. Unknown ones are remembered as taken too.
  GpuLease take_over(std::vector<std::string> ids, const std::string& holder);

  int size();
  int free();

 private:
  friend class GpuLease;
  void look();
  void give_back(const std::vector<std::string>& ids);
  std::string holders() const;

  std::function<std::vector<Gpu>()> find_;
  std::vector<std::string> devices_;          // in the order of their bus
  std::map<std::string, std::string> taken_;  // device → holder
};

}  // namespace mdl::local::supervisor
