#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include "bench.hpp"
#include "providers/local/logfile.hpp"
#include "providers/local/supervisor/channel.hpp"
#include "providers/local/supervisor/draining.hpp"
#include "providers/local/supervisor/ports.hpp"

using namespace mdl;
using namespace mdl::local;
using namespace mdl::local::supervisor;

namespace {

struct End {
  std::vector<std::string> texts;
  std::vector<int> descriptors;
  bool ended = false;
  Channel::Events events() {
    return {.received =
                [this](std::string_view text, int descriptor) {
                  texts.emplace_back(text);
                  if (descriptor >= 0) descriptors.push_back(descriptor);
                },
            .ended = [this] { ended = true; }};
  }
};

}  // namespace

TEST_CASE("supervisor channel: messages come whole, in order, with their descriptors") {
  boost::asio::io_context io{1};
  Loop loop(io);
  const auto [a, b] = Channel::pair().value();
  End left, right;
  auto one = Channel::open(loop, a, left.events()), other = Channel::open(loop, b, right.events());
  int pipe[2];
  REQUIRE(::pipe2(pipe, O_CLOEXEC) == 0);
  one->send("first");
  one->send(std::string(100'000, 'x'), pipe[1]);
  for (int i = 0; i < 100; ++i) one->send(std::to_string(i));
  while (right.texts.size() < 102) io.run_one();
  CHECK(right.texts[1].size() == 100'000);
  CHECK(right.texts[101] == "99");
  REQUIRE(right.descriptors.size() == 1);
  CHECK(::write(right.descriptors[0], "y", 1) == 1);
  char byte = 0;
  CHECK(::read(pipe[0], &byte, 1) == 1);
  for (const int descriptor : {right.descriptors[0], pipe[0]}) ::close(descriptor);
  one.reset();
  while (!right.ended) io.run_one();
}

TEST_CASE(
    "supervisor channel: what was sent before the other side ended is read, also after a failed answer") {
  boost::asio::io_context io{1};
  Loop loop(io);
  const auto [a, b] = Channel::pair().value();
  End left, right;
  {
    auto one = Channel::open(loop, a, left.events());
    one->send("the last words", ::dup(0));
    REQUIRE(one->sent());
  }
  auto other = Channel::open(loop, b, right.events());
  other->send("nobody reads this");
  while (!right.ended) io.run_one();
  CHECK(right.texts == std::vector<std::string>{"the last words"});
  REQUIRE(right.descriptors.size() == 1);
  ::close(right.descriptors[0]);
}

TEST_CASE("supervisor: loads and routes are the same on the other side of a restart") {
  const std::vector<GatewayLoad> loads{
      {.key = "a/b",
       .in_flight = {{{1, 2, 20'001}, 3}},
       .held = {{1, 4}},
       .stats = {{.release = 1, .requests = 5, .errors = 1, .histogram = {0, 0, 5}}}}};
  CHECK(loads_from(to_value(loads)) == loads);
  Route route{.split = {{1, 0.9}, {2, 0.1}}, .upstreams = {{1, 1, 20'001}}};
  route.concurrency = 3;
  route.max_held = 7;
  route.timeout = Milliseconds(1'234);
  CHECK(route_from(to_value(route)) == route);
  CHECK(loads_from(parse_json(R"([{"in_flight":[[]],"held":[1],"stats":[{"histogram":[[-1,1]]}]}])").value())
            .size() == 1);
}

TEST_CASE("supervisor: no two supervisors give the same port to a replica before it listens") {
  // Both begin at the same port, since they are in one process.
  Ports one, other;
  const auto first = one.take().value(), second = other.take().value();
  CHECK(first != second);
  one.give_back(first);
  Ports third;
  CHECK(third.take().value() == first);
}

TEST_CASE("supervisor: a port that is out stays so over a restart") {
  Ports before, after;
  const auto port = before.take().value();
  Handover handover;
  auto list = before.hand_over(handover);
  REQUIRE(handover.descriptors.size() == 1);
  const int inherited = ::dup(handover.descriptors[0]);
  after.take_over(Value::array({Value::array({int{port}, inherited})}));
  before.abandon();
  Ports other;
  CHECK(other.take().value() != port);
  after.give_back(port);
  Ports third;
  CHECK(third.take().value() == port);
}

TEST_CASE("supervisor: an hour of metrics and the totals outlive a restart") {
  Metrics before;
  GatewayStats stats{.release = 1, .requests = 3, .errors = 1, .histogram = {0, 3}};
  for (int second = 100; second < 200; ++second) before.add(second, 1, &stats, 2, 0.5, 1 << 20);
  Metrics after;
  after.take_over(parse_json(dump(before.hand_over())).value());
  const auto report = [](const Metrics& metrics) {
    return metrics.report(Time(std::chrono::seconds(199)), Milliseconds(100'000), Milliseconds(10'000));
  };
  CHECK(report(after) == report(before));
  CHECK(after.totals().at(1).requests == 300);
  CHECK(after.totals().at(1).seconds == doctest::Approx(before.totals().at(1).seconds));
}

TEST_CASE("log files: a line that a restart cuts is written once, whole, and without its secret") {
  const fakes::TempFolder folder;
  const LogFileOptions options{
      .folder = folder.path(), .release = 1, .replica = 1, .secrets = {"hunter2-hunter2"}};
  const auto before = open_log(options, system_clock());
  before->append(false, "one\nthe key is hunter2-");
  const auto value = parse_json(dump(before->hand_over())).value();
  const auto after = open_log(options, system_clock());
  after->take_over(value);
  after->append(false, "hunter2 \xff\nthree\n");
  const auto page = read_logs(folder.path(), {}, "").value();
  std::vector<std::string> texts;
  for (const auto& entry : page.entries)
    if (const auto* line = std::get_if<provider::LogLine>(&entry)) texts.push_back(line->text);
  REQUIRE(texts.size() == 3);
  CHECK(texts[0] == "one");
  CHECK(texts[1].starts_with("the key is [redacted] "));
  CHECK(after->last_lines(3).size() == 3);
  // Its own destructor would write the incomplete line, as a program that goes on in the same process never
  // does.
  before->take_over(Value::object());
}
