#pragma once

#include <string>
#include <vector>

#include "core/manifest/service.hpp"

namespace mdl::local {

struct Gpu {
  std::string
      id;  // as CUDA_VISIBLE_DEVICES takes it: "GPU-8f6a…", or its number when the driver does not say
  std::string name;  // "NVIDIA A10"; may be empty
  bool operator==(const Gpu&) const = default;
};

// Where devices are looked for: tests give others.
struct GpuSources {
  std::string root;                        // stands before /proc and /dev
  std::string nvml = "libnvidia-ml.so.1";  // asked when /proc does not list devices (WSL); empty: not
  std::string visible;                     // a CUDA_VISIBLE_DEVICES that mdl itself was given: only these
};
// The sources of this machine and this process.
GpuSources gpu_sources();

// NVIDIA devices that can be used, in the order of their bus: those of /proc/driver/nvidia/gpus that have a
// node in /dev, else those of NVML, else the nodes alone. Absent drivers are no error.
std::vector<Gpu> find_gpus(const GpuSources& sources = gpu_sources());

// What resources.gpu and scale ask for that `devices` cannot give: certain when not even scale.min replicas
// (one at least) can run, likely when fewer than scale.max can. Pure.
std::vector<manifest::Problem> gpu_problems(const manifest::Service& service,
                                            const std::vector<Gpu>& devices);

}  // namespace mdl::local
