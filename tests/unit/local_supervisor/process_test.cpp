#include "providers/local/supervisor/process.hpp"

#include <boost/asio/io_context.hpp>
#include <csignal>
#include <doctest/doctest.h>
#include <optional>

#include "core/util/files.hpp"
#include "core/util/text.hpp"

using namespace mdl;
using namespace mdl::local;
using namespace mdl::local::supervisor;

namespace {

struct Ran {
  std::string out, err;
  int status = -1;
};

Launch shell(const std::string& script) {
  return {.arguments = {"sh", "-c", script},
          .environment = {{"PATH", "/usr/bin:/bin"}, {"GREETING", "hello"}},
          .folder = "/"};
}

struct Runner {
  boost::asio::io_context io{1};
  Loop loop{io};
  Keeper keeper = Keeper::start().value();
  Ran run(const Launch& launch) {
    Ran ran;
    auto process = Process::start(
        loop, keeper, launch,
        {.on_output = [&](bool error, std::string_view bytes) { (error ? ran.err : ran.out) += bytes; },
         .on_exit = [&](int status) { ran.status = status; }});
    REQUIRE(process);
    io.restart();
    io.run();
    return ran;
  }
};

// Whether it runs no more. One that ended stays a zombie where the machine's first process reaps none, as in
// a container.
bool ended(pid_t pid) {
  const auto stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  return !stat || stat->find(") Z") != std::string::npos;
}

bool dies(pid_t pid) {
  for (int i = 0; i < 5000; ++i) {
    if (ended(pid)) return true;
    system_sleeper().sleep(Milliseconds(1));
  }
  return false;
}

}  // namespace

TEST_CASE("supervisor process: has the environment it was given, no input, and no descriptor of ours") {
  Runner runner;
  const auto ran =
      runner.run(shell("echo $GREETING; env | wc -l; cat; ls /proc/self/fd | wc -l; echo bad >&2; exit 7"));
  CHECK(ran.status == 7);
  CHECK(ran.err == "bad\n");
  // PATH, GREETING and PWD, which the shell sets; 0, 1, 2 and the folder that ls reads.
  CHECK(split(ran.out, '\n') == std::vector<std::string_view>{"hello", "3", "4", ""});
}

TEST_CASE("supervisor process: may open as many files as it was given") {
  Runner runner;
  auto launch = shell("ulimit -n");
  launch.descriptors = 321;
  CHECK(runner.run(launch).out == "321\n");
}

TEST_CASE("supervisor process: a signal that ends it becomes its status") {
  Runner runner;
  CHECK(runner.run(shell("kill -KILL $$")).status == 137);
  CHECK(runner.run(shell("kill -TERM $$")).status == 143);
}

TEST_CASE("supervisor process: what it leaves behind in its group ends with it") {
  Runner runner;
  const auto ran = runner.run(shell("sleep 1000 & echo $!"));
  CHECK(ran.status == 0);
  CHECK(dies(std::stoi(ran.out)));
}

TEST_CASE("supervisor process: what a shell started may finish after the shell was asked to end") {
  Runner runner;
  std::string out, problems;
  int status = -1;
  std::unique_ptr<Process> process;
  // SIGTERM is taken by waiting for it, not by a handler, which could interrupt the write of "ready"; and the
  // work goes on until the shell is gone and was reaped.
  const auto launch = shell(
      "python3 -c 'import os, signal, time\nshell = os.getppid()\n"
      "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])\nos.write(1, b\"ready\\n\")\n"
      "signal.sigwait([signal.SIGTERM])\nwhile os.path.exists(f\"/proc/{shell}\"): time.sleep(0.001)\n"
      "os.write(1, b\"done\\n\")' & wait");
  process = Process::start(runner.loop, runner.keeper, launch,
                           {.on_output =
                                [&](bool error, std::string_view bytes) {
                                  (error ? problems : out) += bytes;
                                  if (out == "ready\n") process->signal_group(SIGTERM);
                                },
                            .on_exit = [&](int ended) { status = ended; }})
                .value();
  runner.io.run();
  CHECK(problems == "");
  CHECK(out == "ready\ndone\n");
  CHECK(status == 143);
}

TEST_CASE("supervisor process: a program that is not there is not found") {
  Runner runner;
  auto launch = shell("");
  launch.arguments = {"no-such-program"};
  auto process = Process::start(runner.loop, runner.keeper, launch, {});
  REQUIRE_FALSE(process);
  CHECK(process.error().kind == ErrorKind::not_found);
  launch.arguments = {"sh"};
  launch.folder = "/no/such/folder";
  CHECK_FALSE(Process::start(runner.loop, runner.keeper, launch, {}));
}

TEST_CASE("supervisor keeper: groups that were added and not removed are killed when it is let go") {
  std::optional<Runner> runner(std::in_place);
  std::string out;
  auto launch = shell("sh -c 'echo $$; exec sleep 1000'");
  auto process = Process::start(runner->loop, runner->keeper, launch,
                                {.on_output = [&](bool, std::string_view bytes) { out += bytes; }})
                     .value();
  while (out.find('\n') == std::string::npos) runner->io.run_one();
  const auto inner = std::stoi(out);
  { const auto let_go = std::move(runner->keeper); }
  CHECK(dies(inner));
  process.reset();
}
