#include "core/util/process.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <thread>

#include "core/util/files.hpp"
#include "core/util/text.hpp"
#include "tests/fakes/folder.hpp"

using namespace mdl;
using namespace std::chrono_literals;

namespace {

Command shell(std::string script) { return {.arguments = {"sh", "-c", std::move(script)}}; }

}  // namespace

TEST_CASE("process: status, output and the lines of both streams come back") {
  auto command = shell("echo out; echo err >&2; printf 'no end'; exit 3");
  std::vector<std::string> lines;
  command.on_line = [&](std::string_view line) { lines.emplace_back(line); };
  const auto finished = run(command);
  REQUIRE(finished);
  CHECK(finished->status == 3);
  CHECK(finished->output == "out\nno end");
  CHECK(finished->last_lines.size() == 3);
  CHECK(lines == finished->last_lines);
}

TEST_CASE("process: a signal is 128 and its number") {
  CHECK(run(shell("kill -TERM $$"))->status == 128 + SIGTERM);
}

TEST_CASE("process: input, environment and folder reach the program") {
  const fakes::TempFolder folder;
  auto command = shell("cat; printf '%s' \"$ADDED\"; pwd");
  command.input = std::string(300'000, 'i');
  command.set = {{"ADDED", "a value"}};
  command.folder = folder.path();
  CHECK(run(command)->output == command.input + "a value" + folder.path() + "\n");
  CHECK(run(shell("cat"))->output.empty());
}

TEST_CASE("process: a program that does not read its input is no failure") {
  auto command = shell("exit 0");
  command.input = std::string(1'000'000, 'i');
  CHECK(run(command)->status == 0);
}

TEST_CASE("process: what cannot be started is told apart from what failed") {
  CHECK(run({.arguments = {"no-such-program-here"}}).error().kind == ErrorKind::not_found);
  CHECK(run({.arguments = {"/no/such/program"}}).error().kind == ErrorKind::not_found);
  CHECK(run({.arguments = {"/etc/passwd"}}).error().kind == ErrorKind::failed);
  CHECK(run({.arguments = {}}).error().kind == ErrorKind::invalid);
  CHECK(run({.arguments = {"true"}, .folder = "/no/such/folder"}).error().kind == ErrorKind::failed);
}

TEST_CASE("process: past its timeout the program and its children are gone") {
  const fakes::TempFolder folder;
  auto command = shell("echo before; sleep 300 & echo $! > " + (folder / "pid") + "; wait");
  command.timeout = 300ms;
  const auto result = run(command);
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == ErrorKind::timeout);
  CHECK(result.error().lines == std::vector<std::string>{"before"});
  const auto text = read_file(folder / "pid").value_or("0\n");
  const auto child = parse_integer(text.substr(0, text.size() - 1)).value_or(0);
  REQUIRE(child > 0);
  // A killed child ends a moment after the signal and is a zombie until init collects it, so ask for its
  // state until then.
  bool gone = false;
  for (int look = 0; look < 100'000 && !gone; ++look) {
    const auto state = read_file("/proc/" + std::to_string(child) + "/stat");
    gone = !state || state->find(") Z") != std::string::npos || state->find(") X") != std::string::npos;
  }
  CHECK(gone);
}

TEST_CASE("process: a child that keeps the streams open does not hold up the end") {
  const auto finished = run(shell("sleep 20 & echo $!"));
  REQUIRE(finished);
  CHECK(finished->status == 0);
  const auto child = parse_integer(split(finished->output, '\n')[0]).value_or(0);
  REQUIRE(child > 0);
  CHECK(::kill(static_cast<pid_t>(child), SIGKILL) == 0);  // still there: it was not waited for
}

TEST_CASE("process: output and lines are bounded") {
  std::size_t longest = 0;
  std::size_t bytes = 0;
  auto command =
      shell("head -c 20000000 /dev/zero | tr '\\0' x; echo; for i in $(seq 100); do echo $i; done");
  command.on_line = [&](std::string_view line) {
    longest = std::max(longest, line.size());
    bytes += line.size();
  };
  const auto finished = run(command);
  REQUIRE(finished);
  CHECK(finished->output.size() == 16u << 20);
  CHECK(longest == 64u << 10);
  CHECK(bytes == 20'000'000 + 9 + 180 + 3);
  REQUIRE(finished->last_lines.size() == 20);
  CHECK(finished->last_lines.front() == "81");
  CHECK(finished->last_lines.back() == "100");
}

TEST_CASE("process: no file of this process is open in the program") {
  const fakes::TempFolder folder;
  FILE* open = std::fopen(folder.write("secret", "x").c_str(), "r");
  const auto finished = run(shell("ls /proc/self/fd"));
  std::fclose(open);
  CHECK(finished->output == "0\n1\n2\n3\n");  // 3 is ls's own
}

TEST_CASE("process: threads run programs side by side") {
  std::vector<std::thread> threads;
  std::vector<std::string> outputs(8);
  for (std::size_t i = 0; i < outputs.size(); ++i)
    threads.emplace_back([&outputs, i] { outputs[i] = run(shell("echo " + std::to_string(i)))->output; });
  for (auto& thread : threads) thread.join();
  for (std::size_t i = 0; i < outputs.size(); ++i) CHECK(outputs[i] == std::to_string(i) + "\n");
}

TEST_CASE("process: programs are found in PATH only") {
  CHECK(find_program("sh").starts_with('/'));
  CHECK(find_program("no-such-program-here").empty());
  CHECK(find_program("").empty());
  CHECK(find_program("/bin/sh").empty());
}
