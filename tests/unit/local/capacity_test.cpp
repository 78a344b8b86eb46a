#include "providers/local/capacity.hpp"

#include <doctest/doctest.h>

#include "tests/fakes/bench.hpp"

using namespace mdl;
using local::Machine;

namespace {

constexpr std::int64_t mebi = 1 << 20;

std::vector<plan::Desired> replicas(std::int64_t memory, bool stated = true, int gpu = 0) {
  plan::Desired desired{.id = {"replicas", "hello/1"}, .release = 1};
  desired.spec = Value::object({{"memory_bytes", memory}, {"gpu", gpu}});
  if (stated) desired.sources["memory_bytes"] = {.file = "mdl.yaml", .line = 3};
  return {desired};
}

std::vector<plan::Desired> with_min(std::vector<plan::Desired> resources, int min) {
  plan::Desired scaling{.id = {"scaling", "hello"}};
  scaling.spec = Value::object({{"declared", Value::object({{"min", min}})}});
  resources.push_back(scaling);
  return resources;
}

// Release 1 runs with so many replicas that hold so much each; one device is free.
Value state(int count, std::int64_t memory, const Value& gpus = Value::array()) {
  auto list = Value::array();
  for (int i = 0; i < count; ++i)
    list.push(Value::object({{"replica", i + 1}, {"memory_bytes", memory}, {"gpus", gpus}}));
  return Value::object(
      {{"gpus", Value::object({{"devices", 4}, {"free", 1}})},
       {"replicas",
        Value::array({Value::object({{"release", 1}, {"status", Value::object({{"replicas", list}})}})})}});
}

}  // namespace

TEST_CASE("local capacity: memory of both releases, with the replicas that run and those that start") {
  const auto rooms = local::rooms(with_min(replicas(300 * mebi), 2), 1, replicas(200 * mebi),
                                  state(3, 50 * mebi), {.memory = 400 * mebi});
  REQUIRE(rooms.size() == 1);
  CHECK(rooms[0].what == "memory");
  CHECK(rooms[0].bytes);
  CHECK(rooms[0].needed == (2 * 300 + 3 * 200) * mebi);
  CHECK(rooms[0].there == (400 + 3 * 50) * mebi);
}

TEST_CASE("local capacity: memory that no manifest states is no need") {
  CHECK(local::rooms(replicas(1024 * mebi, false), 1, replicas(1024 * mebi), state(1, mebi),
                     {.memory = 100 * mebi})
            .empty());
  const auto rooms = local::rooms(replicas(300 * mebi), 1, replicas(1024 * mebi, false), state(1, 50 * mebi),
                                  {.memory = 400 * mebi});
  REQUIRE(rooms.size() == 1);
  CHECK(rooms[0].needed == 350 * mebi);
  CHECK(local::rooms(replicas(300 * mebi), 1, {}, state(1, mebi), {.memory = std::nullopt}).empty());
}

TEST_CASE(
    "local capacity: devices of both releases against those that are free or held by the one that serves") {
  CHECK(
      local::rooms(replicas(mebi, false, 1), 1, replicas(mebi, false, 1), state(1, mebi), {}).front().there ==
      1);
  const auto holding = state(1, mebi, Value::array({"GPU-a", "GPU-b"}));
  const auto rooms = local::rooms(replicas(mebi, false, 1), 1, replicas(mebi, false, 2), holding, {});
  REQUIRE(rooms.size() == 1);
  CHECK(rooms[0].what == "GPUs");
  CHECK(rooms[0].needed == 3);
  CHECK(rooms[0].there == 3);
}

TEST_CASE("local machine: available memory, bounded by the control group and those around it") {
  fakes::TemporaryFolder root;
  CHECK_FALSE(local::read_machine(root.path).memory);
  root.write("proc/meminfo", "MemTotal:        8000 kB\nMemAvailable:    1000 kB\n");
  CHECK(local::read_machine(root.path).memory == 1000 * 1024);

  root.write("proc/self/cgroup", "0::/a/b\n");
  root.write("sys/fs/cgroup/cgroup.controllers", "memory\n");
  root.write("sys/fs/cgroup/a/b/memory.max", "max\n");
  root.write("sys/fs/cgroup/a/b/memory.current", "5\n");
  CHECK(local::read_machine(root.path).memory == 1000 * 1024);
  root.write("sys/fs/cgroup/a/memory.max", "500000\n");
  root.write("sys/fs/cgroup/a/memory.current", "300000\n");
  root.write("sys/fs/cgroup/a/memory.stat", "anon 1\ninactive_file 1000\n");
  CHECK(local::read_machine(root.path).memory == 201'000);
}

TEST_CASE("local machine: what it has in all is what the least limit around this process allows") {
  fakes::TemporaryFolder root;
  CHECK(local::memory_of_machine(root.path) == 0);
  root.write("proc/meminfo", "MemTotal:        8000 kB\nMemAvailable:    1000 kB\n");
  CHECK(local::memory_of_machine(root.path) == 8000 * 1024);
  SUBCASE("version 2") {
    root.write("proc/self/cgroup", "0::/a/b\n");
    root.write("sys/fs/cgroup/cgroup.controllers", "memory\n");
    root.write("sys/fs/cgroup/a/b/memory.max", "max\n");
    CHECK(local::memory_of_machine(root.path) == 8000 * 1024);
    root.write("sys/fs/cgroup/a/memory.max", "500000\n");  // nobody need say how much is used
    CHECK(local::memory_of_machine(root.path) == 500'000);
    root.write("sys/fs/cgroup/memory.max", "400000\n");
    CHECK(local::memory_of_machine(root.path) == 400'000);
  }
  SUBCASE("version 1, which says that there is no limit by a very large one") {
    root.write("proc/self/cgroup", "2:memory:/job\n");
    root.write("sys/fs/cgroup/memory/job/memory.limit_in_bytes", "9223372036854771712\n");
    CHECK(local::memory_of_machine(root.path) == 8000 * 1024);
    root.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "300000\n");
    CHECK(local::memory_of_machine(root.path) == 300'000);
  }
}

TEST_CASE("local machine: version 1 of control groups") {
  fakes::TemporaryFolder root;
  root.write("proc/meminfo", "MemAvailable:    1000 kB\n");
  root.write("proc/self/cgroup", "3:cpu:/x\n2:memory:/job\n");
  root.write("sys/fs/cgroup/memory/job/memory.limit_in_bytes", "4000\n");
  root.write("sys/fs/cgroup/memory/job/memory.usage_in_bytes", "1000\n");
  CHECK(local::read_machine(root.path).memory == 3000);
}
