#pragma once

#include <poll.h>
#include <spawn.h>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace mdl::fakes {

// Python's HTTP server as a process (http_server.py): one that the code under test did not write. It ends
// with this object, or with the test's process, since it reads a pipe that ends then.
class HttpServer {
 public:
  // arguments: {"tcp"}, {"tls", certificate and key} or {path of a Unix socket}.
  explicit HttpServer(std::vector<std::string> arguments) {
    int input[2], output[2];
    if (::pipe2(input, O_CLOEXEC) != 0 || ::pipe2(output, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    arguments.insert(arguments.begin(), {"python3", MDL_SOURCE_DIR "/tests/fakes/http_server.py"});
    std::vector<char*> pointers;
    for (auto& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input[0], 0);
    posix_spawn_file_actions_adddup2(&actions, output[1], 1);
    const int failed = ::posix_spawnp(&pid_, "python3", &actions, nullptr, pointers.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(input[0]);
    ::close(output[1]);
    input_ = input[1];
    if (failed == 0) place_ = first_line(output[0]);
    ::close(output[0]);
    if (place_.empty()) throw std::runtime_error("the server did not start");
  }
  ~HttpServer() {
    ::close(input_);
    ::waitpid(pid_, nullptr, 0);
  }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // The port, or the path of the socket.
  const std::string& place() const { return place_; }
  std::string url(const std::string& path) const { return "http://127.0.0.1:" + place_ + path; }

 private:
  // At most 20 s: a bound for a broken machine, not a wait.
  static std::string first_line(int fd) {
    std::string line;
    pollfd polled{fd, POLLIN, 0};
    char c = 0;
    while (::poll(&polled, 1, 20'000) > 0 && ::read(fd, &c, 1) == 1 && c != '\n') line += c;
    return line;
  }

  pid_t pid_ = -1;
  int input_ = -1;
  std::string place_;
};

}  // namespace mdl::fakes
