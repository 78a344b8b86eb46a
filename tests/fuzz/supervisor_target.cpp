#include <boost/asio/io_context.hpp>

#include "core/util/text.hpp"
#include "providers/local/supervisor/api.hpp"
#include "tests/fuzz/scratch.hpp"
#include "tests/fuzz/targets.hpp"

// Calls, parted by lines of "--": the first line is "METHOD target [Mdl-Live [If-Match]]", what follows is
// the body. Nothing is ever started: a process needs an artifact, and the home has none.
namespace mdl::fuzz {

namespace {

using namespace local;
using namespace local::supervisor;

ApiRequest request_of(std::string_view call) {
  const auto end = std::min(call.find('\n'), call.size());
  const auto words = split(call.substr(0, end), ' ');
  ApiRequest request{.method = std::string(words[0]),
                     .target = words.size() > 1 ? std::string(words[1]) : "/"};
  if (words.size() > 2) request.fence = std::string(words[2]);
  if (words.size() > 3) request.match = std::string(words[3]);
  request.body = std::string(call.substr(std::min(end + 1, call.size())));
  return request;
}

// One supervisor's life.
class Life {
 public:
  Life(const Home& home, State& state, Keeper& keeper)
      : supervisor_(io_, home, state, keeper, system_clock(), Log(), [] {}), api_(supervisor_) {}

  Result<void> start() { return supervisor_.start(); }

  std::string call(const ApiRequest& request) {
    int answers = 0;
    std::string wrong;
    api_.handle(request, [&](const ApiResponse& response) {
      ++answers;
      if (response.status < 200 || response.status > 504) wrong = "status " + std::to_string(response.status);
      if (response.type == "application/json" && !parse_json(response.body))
        wrong = "no JSON: " + response.body;
    });
    for (int i = 0; i < 100 && answers == 0; ++i) io_.run_one_for(std::chrono::milliseconds(20));
    io_.poll();
    if (answers != 1) return std::to_string(answers) + " answers to " + request.method + " " + request.target;
    return wrong;
  }

 private:
  boost::asio::io_context io_{1};
  Supervisor supervisor_;
  Api api_;
};

std::string check_state(State& state) {
  const auto refs = state.services();
  if (!refs) return "the services are not read: " + refs.error().message;
  for (const auto& ref : *refs) {
    if (const auto row = state.read(ref); !row) return "a service is not read: " + row.error().message;
    if (const auto records = state.records(ref); !records)
      return "records are not read: " + records.error().message;
  }
  return "";
}

}  // namespace

std::string supervisor(std::string_view bytes) {
  const Scratch scratch;
  const Home home{scratch.path()};
  auto state = State::open(home);
  static auto keeper = Keeper::start();
  if (!state || !keeper) return "";
  {
    Life life(home, *state, *keeper);
    if (!life.start()) return "no start with nothing";
    while (!bytes.empty()) {
      const auto end = std::min(bytes.find("\n--\n"), bytes.size());
      if (auto wrong = life.call(request_of(bytes.substr(0, end))); !wrong.empty()) return wrong;
      bytes.remove_prefix(std::min(end + 4, bytes.size()));
    }
  }
  if (auto wrong = check_state(*state); !wrong.empty()) return wrong;
  // Whatever was asked for, the next supervisor comes up with it.
  Life next(home, *state, *keeper);
  if (const auto started = next.start(); !started) return "no start again: " + started.error().message;
  for (const auto target : {"/v1/services", "/v1/ping", "/metrics"})
    if (auto wrong = next.call({.method = "GET", .target = target}); !wrong.empty()) return wrong;
  return "";
}

}  // namespace mdl::fuzz
