#include "cli/views/status.hpp"

#include <doctest/doctest.h>

#include "golden.hpp"
#include "samples.hpp"

using namespace mdl;
using namespace mdl::cli;

namespace {

StatusRow row(std::string target) {
  StatusRow row{.ref = {.service = "credit-risk", .target = std::move(target)}};
  row.live = {.split = {{.release = 8}}, .revision = "3"};
  row.status = {.health = "ok", .replicas = 2, .wanted = 2, .url = "http://127.0.0.1:8400"};
  row.load = StatusRow::Load{.requests_per_second = 12.4, .p95_ms = 41.2, .error_share = 0.001};
  row.previous = samples::record(7, release::State::superseded);
  row.previous->rehearsal =
      release::Rehearsal{.at = samples::ago(std::chrono::hours(3)), .took = Milliseconds{20}, .passed = true};
  return row;
}

}  // namespace

TEST_CASE("golden: status has a row a service and target, and says what a rollback would bring back") {
  StatusRow prod = row("prod");
  prod.live.split = {{.release = 7, .weight = 0.9}, {.release = 8, .weight = 0.1}};
  prod.previous->rehearsal.reset();
  prod.load.reset();
  StatusRow staging = row("staging");
  staging.live = {};
  staging.status = {.health = "absent"};
  staging.previous.reset();
  StatusRow eu = row("eu");
  eu.error =
      Error{.kind = ErrorKind::unavailable, .message = "the platform does not answer", .code = "timeout"};
  StatusRow waking = row("edge");
  waking.status = {.health = "starting",
                   .replicas = 0,
                   .wanted = 1,
                   .held = 3,
                   .detail = "waiting for /healthz",
                   .starting = Milliseconds{900},
                   .last_start = Milliseconds{1600}};
  waking.previous.reset();
  const std::vector<StatusRow> rows = {row("local"), prod, staging, eu, waking};
  check_view("status", status_text(rows, {}, samples::now(), {}), status_value(rows));
}

TEST_CASE("golden: status of one target needs no -t in what it suggests") {
  StatusRow only = row("local");
  only.previous->rehearsal.reset();
  check_view("status-one", status_text({only}, {}, samples::now(), {}), status_value({only}));
}

TEST_CASE("golden: status says that what is live rests, why, and what to do") {
  StatusRow resting = row("local");
  resting.live.rests_for = 9;
  resting.status = {.health = "resting", .held = 2, .url = "http://127.0.0.1:8400"};
  check_view("status-resting", status_text({resting}, {}, samples::now(), {}), status_value({resting}));
}

TEST_CASE("golden: load is per second of the window, with the worst release's percentile") {
  provider::MetricsReport report{.from = samples::ago(std::chrono::seconds(60)), .to = samples::now()};
  report.releases = {{.release = 7, .total = {.requests = 60, .errors = 3, .p95_ms = 80}},
                     {.release = 8, .total = {.requests = 0, .p95_ms = 500}}};
  const auto load = load_of(report);
  REQUIRE(load);
  CHECK(load->requests_per_second == doctest::Approx(1));
  CHECK(load->p95_ms == doctest::Approx(80));
  CHECK(load->error_share == doctest::Approx(0.05));
}
