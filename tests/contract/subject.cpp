#include "tests/contract/subject.hpp"

#include "core/http/transport.hpp"
#include "providers/local/local.hpp"

namespace mdl::contract {

namespace {

// Answers every GET with the value of VERSION; a CRASH in the environment ends it at once.
constexpr auto server = R"(import http.server, os, sys
if os.environ.get("CRASH"):
    sys.exit("cannot start: " + os.environ["CRASH"])
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = os.environ.get("VERSION", "").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
)";

}  // namespace

manifest::Service MemorySubject::service(const std::string& version) { return bench_.service(version); }

manifest::Service MemorySubject::crashing_service() {
  auto service = bench_.service("crash");
  bench_.platform.behaviour = [this](const std::string&, int release) {
    using State = provider::Readiness::State;
    for (const auto& stored : bench_.state().resources)
      if (stored.observed.release == release && stored.observed.spec["env"]["VERSION"].as_string() == "crash")
        return provider::Readiness{
            .state = State::failed, .detail = "exited 1", .code = "exited", .lines = {"cannot start"}};
    return provider::Readiness{.state = State::ready, .detail = "healthy"};
  };
  return service;
}

struct LocalSubject::Parts {
  std::unique_ptr<http::Transport> transport = http::curl_transport();
  std::unique_ptr<engine::Journal> journal = engine::memory_journal();
  NoEvents events;
  fakes::FakeInterrupt interrupt;
  local::Home home;
  std::unique_ptr<local::Options> options;
};

LocalSubject::LocalSubject()
    : parts_(std::make_unique<Parts>()),
      env_{system_clock(),
           system_sleeper(),
           parts_->interrupt,
           *parts_->journal,
           parts_->events,
           "run",
           [] { return release::Author{.name = "dev"}; },
           ""} {
  parts_->home.root = folder_.path + "/home";
  parts_->options.reset(
      new local::Options{parts_->home, MDL_PROGRAM, system_clock(), system_sleeper(), *parts_->transport});
  provider_ = local::make_provider(*parts_->options);
  folder_.write("service/server.py", server);
}

LocalSubject::~LocalSubject() {
  // The supervisor ends by itself when nothing is deployed any more.
  (void)engine::destroy(ref(), provider_, env_);
}

manifest::Service LocalSubject::service(const std::string& version) {
  manifest::Service service;
  service.name = "echo";
  service.folder = folder_.path + "/service";
  service.file = service.folder + "/mdl.yaml";
  service.http.command = {"python3", "server.py"};
  service.env = {{"VERSION", version}};
  service.scale.max = 1;
  service.rollout.start_timeout = Milliseconds{20'000};
  service.target = {.name = "local", .provider = "local", .settings = Value::object()};
  return service;
}

manifest::Service LocalSubject::crashing_service() {
  auto service = this->service("crash");
  service.env["CRASH"] = "no model";
  return service;
}

}  // namespace mdl::contract
