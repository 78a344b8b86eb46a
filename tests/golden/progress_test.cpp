#include "cli/views/progress.hpp"

#include <doctest/doctest.h>

#include "golden.hpp"
#include "samples.hpp"

using namespace mdl;
using namespace mdl::cli;
using engine::Event;
using engine::Stage;

namespace {

std::vector<Event> a_deploy(const std::string& service = "credit-risk") {
  const auto at = [](int ms) { return samples::now() + Milliseconds{ms}; };
  using Kind = Event::Kind;
  return {{.kind = Kind::begin, .time = at(0), .service = service, .stage = Stage::check},
          {.kind = Kind::end,
           .time = at(4),
           .service = service,
           .stage = Stage::check,
           .text = "9 limits, 0 problems",
           .duration = Milliseconds{4}},
          {.kind = Kind::begin, .time = at(4), .service = service, .stage = Stage::upload},
          {.kind = Kind::progress,
           .time = at(2004),
           .service = service,
           .stage = Stage::upload,
           .progress = {.what = "image", .done = 4'000'000, .total = 8'100'000}},
          {.kind = Kind::end,
           .time = at(4004),
           .service = service,
           .stage = Stage::upload,
           .text = "8.1 MB",
           .duration = Milliseconds{4000}},
          {.kind = Kind::begin, .time = at(4004), .service = service, .stage = Stage::apply},
          {.kind = Kind::line,
           .time = at(5804),
           .service = service,
           .stage = Stage::apply,
           .text = "~ function credit-risk",
           .duration = Milliseconds{1800}},
          {.kind = Kind::line,
           .time = at(6704),
           .service = service,
           .stage = Stage::apply,
           .text = "+ version 8",
           .duration = Milliseconds{900}},
          {.kind = Kind::end,
           .time = at(6704),
           .service = service,
           .stage = Stage::apply,
           .duration = Milliseconds{2700}},
          {.kind = Kind::begin, .time = at(6704), .service = service, .stage = Stage::verify},
          {.kind = Kind::progress,
           .time = at(9704),
           .service = service,
           .stage = Stage::verify,
           .progress = {.what = "waiting for version 8: Pending"}},
          {.kind = Kind::end,
           .time = at(9704),
           .service = service,
           .stage = Stage::verify,
           .text = "replica 9/1 exited 1",
           .duration = Milliseconds{3000},
           .failed = true}};
}

std::string shown(const std::vector<Event>& events, const Style& style, ProgressView::Options options) {
  std::string out;
  {
    ProgressView view([&](std::string_view text) { out += text; }, style, std::move(options));
    for (const auto& event : events) view.on(event);
  }
  return out;
}

ProgressView::Options options() {
  return {.heading = "credit-risk → prod (aws)", .services = {"credit-risk"}};
}

}  // namespace

TEST_CASE("golden: progress without a terminal is a line a stage, seconds at the right edge") {
  check_golden(golden_path("progress.txt"), shown(a_deploy(), {}, options()));
}

TEST_CASE(
    "golden: progress on a terminal shows what is waited for, bytes as a bar, and takes it away again") {
  check_golden(golden_path("progress-terminal.txt"),
               shown(a_deploy(), {.terminal = true, .width = 80}, options()));
  const std::string narrow = shown(a_deploy(), {.terminal = true, .width = 30}, options());
  CHECK(narrow.find("waiting for ver") == std::string::npos);
}

TEST_CASE("golden: progress in an ASCII locale uses ASCII signs") {
  check_golden(golden_path("progress-ascii.txt"),
               ascii(shown(a_deploy(), {.terminal = true, .utf8 = false}, options())));
}

TEST_CASE("golden: the lines of several services name theirs") {
  auto events = a_deploy("front");
  for (auto& event : a_deploy("recommend")) events.push_back(event);
  check_golden(
      golden_path("progress-several.txt"),
      shown(events, {}, {.heading = "front, recommend → local", .services = {"front", "recommend"}}));
}

TEST_CASE("golden: checks alone print nothing, so that a deploy with nothing to do is silent") {
  auto events = a_deploy();
  events.resize(2);
  CHECK(shown(events, {}, options()).empty());
}

TEST_CASE("golden: events are JSON lines") {
  std::string out;
  EventLines lines([&](std::string_view text) { out += text; });
  for (const auto& event : a_deploy()) lines.on(event);
  check_golden(golden_path("events.jsonl"), out);
}
