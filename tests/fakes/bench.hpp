#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core/engine/engine.hpp"
#include "tests/fakes/memory_platform.hpp"
#include "tests/fakes/time.hpp"

// All that a run of the engine needs, on virtual time: a platform in memory, a service folder, collected
// events.
namespace mdl::fakes {

class CollectedEvents final : public engine::Events {
 public:
  void on(const engine::Event& event) override { events.push_back(event); }
  std::vector<std::string> ended() const {
    std::vector<std::string> texts;
    for (const auto& event : events)
      if (event.kind == engine::Event::Kind::end && !event.text.empty())
        texts.push_back(std::string(to_string(event.stage)) + ": " + event.text);
    return texts;
  }
  std::vector<engine::Event> events;
};

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "mdl-test-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string write(const std::string& name, const std::string& content) const {
    const auto file = std::filesystem::path(path) / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << content;
    return file.string();
  }
  std::string path;
};

struct Bench {
  FakeClock clock;
  FakeSleeper sleeper{clock};
  FakeInterrupt interrupt;
  std::unique_ptr<engine::Journal> journal = engine::memory_journal();
  CollectedEvents events;
  MemoryPlatform platform;
  provider::Provider provider = make_memory_provider(platform);
  TemporaryFolder folder;

  Bench() {
    folder.write("app.py", "print('one')\n");
    become({.name = "dev", .commit = "9b7e001aa", .dirty = false});
  }

  engine::Environment& env() { return *env_; }
  // From now on runs are those of this author; with a journal of their own when the present one is lost.
  void become(release::Author author, bool lose_journal = false) {
    env_.reset();
    if (lose_journal) journal = engine::memory_journal();
    env_.emplace(engine::Environment{clock, sleeper, interrupt, *journal, events,
                                     "run-" + std::to_string(++runs_),
                                     [author = std::move(author)] { return author; }, ""});
  }

  // A service whose releases differ when `version` does.
  manifest::Service service(const std::string& version = "1", const std::string& name = "credit-risk") const {
    manifest::Service service;
    service.name = name;
    service.folder = folder.path;
    service.file = folder.path + "/mdl.yaml";
    service.http.command = {"python3", "app.py"};
    service.env = {{"VERSION", version}};
    service.target = {.name = "prod", .provider = "memory", .settings = Value::object()};
    return service;
  }
  engine::Outcome deploy(const manifest::Service& service) {
    engine::DeployRequest request;
    request.services = {service};
    return engine::deploy(request, provider, env()).front();
  }
  engine::Outcome rollback(std::optional<int> to = {}, bool rehearse = false) {
    engine::RollbackRequest request{.ref = ref(), .to = to, .rehearse = rehearse};
    return engine::rollback(request, provider, env());
  }
  release::ServiceRef ref() const { return {.service = "credit-risk", .target = "prod"}; }
  MemoryPlatform::ServiceState& state() { return platform.state(ref()); }
  std::vector<std::string> resource_names() {
    std::vector<std::string> names;
    for (const auto& stored : state().resources) names.push_back(plan::to_string(stored.observed.id));
    return names;
  }

 private:
  int runs_ = 0;
  std::optional<engine::Environment> env_;
};

}  // namespace mdl::fakes
