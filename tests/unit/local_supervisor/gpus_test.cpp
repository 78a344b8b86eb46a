#include <algorithm>

#include "bench.hpp"
#include "providers/local/supervisor/gpu_pool.hpp"

using namespace mdl;
using namespace mdl::local;
using namespace mdl::local::supervisor;
using mdl::local::supervisor::test::Bench;

namespace {

std::vector<Gpu> devices(std::size_t count) {
  std::vector<Gpu> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back({.id = "GPU-" + std::to_string(i), .name = {}});
  return all;
}

// Answers with the devices that it was given.
const std::string device_service = R"(
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
        self.wfile.write(repr(os.environ.get("CUDA_VISIBLE_DEVICES")).encode())
    def log_message(self, *arguments): pass
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
)";

Home home_in(const fakes::TempFolder& folder) { return {folder.path()}; }

}  // namespace

TEST_CASE("supervisor gpus: no device is given twice, and one is free again when its replica is gone") {
  GpuPool pool([] { return devices(3); });
  auto two = pool.take(2, "llm 1/1");
  REQUIRE(two);
  CHECK(two->text() == "GPU-0,GPU-1");
  CHECK(pool.free() == 1);
  const auto refused = pool.take(2, "other 4/1");
  REQUIRE(!refused);
  CHECK(refused.error().message ==
        "other 4/1 needs 2 GPUs, and of this machine's 3 GPUs 1 is free: llm 1/1 have the others");
  const auto one = pool.take(1, "other 4/1");
  REQUIRE(one);
  CHECK(one->text() == "GPU-2");
  *two = GpuLease();
  CHECK(pool.free() == 2);
}

TEST_CASE(
    "supervisor gpus: devices of replicas of the supervisor before are taken, and a driver may come later") {
  std::size_t count = 0;
  GpuPool pool([&] { return devices(count); });
  CHECK(pool.take(1, "llm 1/1").error().message == "llm 1/1 needs 1 GPU, and this machine has no NVIDIA GPU");
  count = 2;
  const auto kept = pool.take_over({"GPU-0"}, "llm 1/1");
  const auto next = pool.take(1, "llm 1/2");
  REQUIRE(next);
  CHECK(next->text() == "GPU-1");
  CHECK(pool.free() == 0);
}

TEST_CASE(
    "supervisor gpus: replicas get devices of their own, no more run than there are, and that is said") {
  fakes::TempFolder folder;
  Bench bench(home_in(folder), devices(2));
  bench.add_artifact("aa", device_service);
  bench.put_service(
      Value::object({{"min", 3}, {"max", 4}, {"concurrency", 1}, {"idle_ms", 60'000}, {"warm_ms", 0}}));
  bench.put_release(1, "aa", "0", 20'000, 1);
  REQUIRE(bench.run_until_settled(1)["state"].as_string() == "ready");
  REQUIRE(bench.go_live(1, "0").status == 200);
  auto state = bench.get(bench.path);
  CHECK(state["status"]["replicas"].as_integer() == 2);
  CHECK(state["status"]["detail"].as_string() == "3 replicas are wanted, and this machine has GPUs for 2");
  CHECK(state["gpus"]["free"].as_integer() == 0);
  std::vector<std::string> seen;
  for (int i = 0; i < 2; ++i) seen.push_back(bench.request());
  std::ranges::sort(seen);
  CHECK(seen == std::vector<std::string>{"'GPU-0'", "'GPU-1'"});

  bench.add_artifact("bb", device_service);
  bench.put_release(2, "bb", bench.fence(), 20'000, 1);
  const auto failed = bench.run_until_settled(2);
  CHECK(failed["state"].as_string() == "failed");
  CHECK(failed["detail"].as_string().find("needs 1 GPU, and of this machine's 2 GPUs 0 are free") !=
        std::string::npos);
}

TEST_CASE("supervisor gpus: a replica that asks for no device sees none") {
  fakes::TempFolder folder;
  Bench bench(home_in(folder), devices(2));
  bench.add_artifact("aa", device_service);
  bench.put_service(Value::object({{"min", 1}, {"max", 1}}));
  bench.put_release(1, "aa", "0");
  REQUIRE(bench.run_until_settled(1)["state"].as_string() == "ready");
  REQUIRE(bench.go_live(1, "0").status == 200);
  CHECK(bench.request() == "''");
}
