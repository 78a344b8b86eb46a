#include "providers/local/gpus.hpp"

#include <doctest/doctest.h>

#include "tests/fakes/bench.hpp"

using namespace mdl;
using local::find_gpus;
using local::Gpu;

namespace {

void add_device(const fakes::TemporaryFolder& root, const std::string& bus, int minor,
                const std::string& uuid) {
  root.write("proc/driver/nvidia/gpus/" + bus + "/information",
             "Model: \t\t NVIDIA A10\nIRQ:   \t\t 171\nGPU UUID: \t " + uuid + "\nBus Location: \t " + bus +
                 "\nDevice Minor: \t " + std::to_string(minor) + "\n");
}

std::vector<std::string> ids(const std::vector<Gpu>& devices) {
  std::vector<std::string> all;
  for (const auto& gpu : devices) all.push_back(gpu.id);
  return all;
}

using Ids = std::vector<std::string>;

manifest::Service wanting(int gpus, int min, int max) {
  manifest::Service service;
  service.resources.gpu = gpus;
  service.scale.min = min;
  service.scale.max = max;
  return service;
}

}  // namespace

TEST_CASE("local gpus: those of the driver, in the order of their bus, as far as they have a node") {
  fakes::TemporaryFolder root;
  CHECK(find_gpus({.root = root.path, .nvml = ""}).empty());
  add_device(root, "0000:3b:00.0", 0, "GPU-bbbb");
  add_device(root, "0000:18:00.0", 1, "GPU-aaaa");
  add_device(root, "0000:86:00.0", 2, "GPU-cccc");
  add_device(root, "0000:af:00.0", 3, "GPU-?\?\?\?");
  for (const auto* node : {"nvidia0", "nvidia1", "nvidia3", "nvidiactl", "nvidia-uvm"})
    root.write(std::string("dev/") + node, "");
  const auto found = find_gpus({.root = root.path, .nvml = ""});
  CHECK(ids(found) == Ids{"GPU-aaaa", "GPU-bbbb", "3"});
  CHECK(found[0].name == "NVIDIA A10");
}

TEST_CASE("local gpus: nodes alone are counted, control nodes are not") {
  fakes::TemporaryFolder root;
  for (const auto* node : {"nvidia10", "nvidia2", "nvidiactl", "nvidia-uvm", "null"})
    root.write(std::string("dev/") + node, "");
  CHECK(ids(find_gpus({.root = root.path, .nvml = ""})) == Ids{"2", "10"});
}

TEST_CASE("local gpus: NVML is asked where the driver lists nothing") {
  fakes::TemporaryFolder root;
  const auto found = find_gpus({.root = root.path, .nvml = MDL_FAKE_NVML});
  CHECK(found == std::vector<Gpu>{{.id = "GPU-nvml-0", .name = "Fake 0"}, {.id = "1", .name = "Fake 1"}});
  CHECK(find_gpus({.root = root.path, .nvml = root.path + "/none.so"}).empty());
}

TEST_CASE("local gpus: devices that mdl itself may not see are not given away") {
  fakes::TemporaryFolder root;
  for (int i = 0; i < 3; ++i) {
    add_device(root, "0000:0" + std::to_string(i) + ":00.0", i,
               "GPU-" + std::string(4, static_cast<char>('a' + i)));
    root.write("dev/nvidia" + std::to_string(i), "");
  }
  const auto visible = [&](const std::string& value) {
    return ids(find_gpus({.root = root.path, .nvml = "", .visible = value}));
  };
  CHECK(visible("2,0") == Ids{"GPU-cccc", "GPU-aaaa"});
  CHECK(visible("GPU-bb,1") == Ids{"GPU-bbbb"});
  CHECK(visible("0,-1,1") == Ids{"GPU-aaaa"});  // CUDA stops at what is no device
  CHECK(visible("7").empty());
}

TEST_CASE("local gpus: what the machine cannot give is refused, what it can give in part is warned of") {
  const std::vector<Gpu> none, two{{.id = "a", .name = {}}, {.id = "b", .name = {}}};
  CHECK(local::gpu_problems(wanting(0, 5, 9), none).empty());
  CHECK(local::gpu_problems(wanting(1, 0, 2), two).empty());
  const auto only = [](const std::vector<manifest::Problem>& problems) {
    REQUIRE(problems.size() == 1);
    return problems.front();
  };
  const auto without = only(local::gpu_problems(wanting(1, 1, 1), none));
  CHECK(without.severity == manifest::Severity::certain);
  CHECK(without.message == "resources.gpu: a replica needs 1 NVIDIA GPU, and this machine has no NVIDIA GPU");
  CHECK(only(local::gpu_problems(wanting(3, 1, 1), two)).message ==
        "resources.gpu: a replica needs 3 NVIDIA GPUs, and this machine has 2 NVIDIA GPUs");
  const auto few = only(local::gpu_problems(wanting(1, 3, 4), two));
  CHECK(few.severity == manifest::Severity::certain);
  CHECK(few.message ==
        "scale.min: with 1 GPU each, at most 2 replicas can run: this machine has 2 NVIDIA GPUs");
  const auto most = only(local::gpu_problems(wanting(2, 1, 4), two));
  CHECK(most.severity == manifest::Severity::likely);
  CHECK(most.field == "scale.max");
  auto image = wanting(1, 1, 1);
  image.build.dockerfile = "Dockerfile";
  CHECK(only(local::gpu_problems(image, two)).field == "resources.gpu");
}
