#include "core/engine/weights.hpp"

#include <algorithm>
#include <doctest/doctest.h>

#include "tests/fakes/bench.hpp"
#include "tests/fakes/weights.hpp"

using namespace mdl;
using engine::Exit;
using fakes::Bench;
using manifest::Severity;

namespace {

struct World : Bench {
  World() { folder.write("m.gguf", fakes::small_model().bytes()); }

  manifest::Service with_weights(std::int64_t context = 0) const {
    auto out = service();
    out.model = {{.path = "m.gguf", .context = context}};
    return out;
  }
  engine::WeightsCheck check(const manifest::Service& of) const {
    return engine::check_weights(of, nullptr, provider, "");
  }
};

std::vector<std::string> messages(const engine::WeightsCheck& check, Severity severity) {
  std::vector<std::string> out;
  for (const auto& problem : check.problems)
    if (problem.severity == severity) out.push_back(problem.message);
  return out;
}

// The model is at a source, and fetched by `put`.
class FarModel final : public provider::Artifacts {
 public:
  FarModel(std::unique_ptr<Artifacts> inner, std::string data)
      : inner_(std::move(inner)), data_(std::move(data)) {}
  Result<void> prepare(const provider::Service& service, const provider::OnProgress& on) override {
    return inner_->prepare(service, on);
  }
  Result<Platform> platform(const provider::Service& service) override { return inner_->platform(service); }
  Result<std::vector<oci::Remote>> resolve(const provider::Service&) override {
    return std::vector{oci::Remote{.path = "far.gguf",
                                   .from = "https://models.example/far.gguf",
                                   .url = "https://models.example/far.gguf",
                                   .sha256 = std::string(64, 'a'),
                                   .bytes = data_.size(),
                                   .stored = "/nowhere/far"}};
  }
  Result<std::string> beginning(const oci::Remote&, std::uint64_t bytes) override {
    return data_.substr(0, bytes);
  }
  Result<std::uint64_t> missing(const provider::Service& service, const oci::LayerPlan& layers) override {
    return inner_->missing(service, layers);
  }
  Result<std::string> put(const provider::Service& service, const oci::LayerPlan& layers,
                          const provider::OnProgress& on) override {
    ++fetched;
    return inner_->put(service, layers, on);
  }
  Result<bool> present(const provider::ServiceRef& ref, const std::string& artifact) override {
    return inner_->present(ref, artifact);
  }
  int fetched = 0;

 private:
  std::unique_ptr<Artifacts> inner_;
  std::string data_;
};

}  // namespace

TEST_CASE("engine: a model that is not here yet is looked at before it is fetched") {
  World world;
  auto far = std::make_unique<FarModel>(std::move(world.provider.artifacts), fakes::small_model().bytes());
  const auto& fetched = far->fetched;
  world.provider.artifacts = std::move(far);
  auto service = world.service();
  service.model = {{.path = "far.gguf", .from = "https://models.example/far.gguf"}};
  service.resources.memory_bytes = 10'000;
  const auto refused = world.deploy(service);
  CHECK(refused.exit == Exit::failed);
  REQUIRE(refused.problems.size() == 1);
  CHECK(refused.problems[0].message.contains("the weights alone take 10.1 kB, and a replica gets 10.0 kB"));
  CHECK(fetched == 0);
  CHECK(world.platform.calls.empty());
  service.resources.memory_bytes = 1 << 30;
  CHECK(engine::build(service, world.provider, world.env()).outcome.exit == Exit::ok);
  CHECK(fetched == 1);
  CHECK(world.deploy(service).exit == Exit::ok);
}

TEST_CASE("engine: weights that fit are reported without a problem") {
  const World world;
  auto service = world.with_weights(2048);
  service.scale.concurrency = 3;
  const auto check = world.check(service);
  CHECK(check.problems.empty());
  REQUIRE(check.report);
  CHECK(check.report->models ==
        std::vector<std::string>{"m.gguf: GGUF, Small, 4,224 parameters, F16, context 2,048, 10.1 kB"});
  CHECK(check.report->memory.context == 2048);
  CHECK(check.report->memory.cache == 2ull * 64 * 2048 * 3);
  CHECK(check.report->limit == 1u << 30);
  CHECK(!world.check(world.service()).report);
}

TEST_CASE("engine: a model that is larger than a replica's memory is refused before anything is built") {
  World world;
  auto service = world.with_weights();
  service.resources.memory_bytes = 10'000;
  service.sources["model.0"] = {.file = "mdl.yaml", .line = 9};  // where no memory is stated
  const auto outcome = world.deploy(service);
  CHECK(outcome.exit == Exit::failed);
  CHECK(outcome.failed_stage == engine::Stage::check);
  REQUIRE(outcome.problems.size() == 1);
  CHECK(outcome.problems[0].severity == Severity::certain);
  REQUIRE(outcome.problems[0].where);
  CHECK(outcome.problems[0].where->line == 9);
  CHECK(outcome.problems[0].message.contains("the weights alone take 10.1 kB, and a replica gets 10.0 kB"));
  CHECK(world.platform.calls.empty());
}

TEST_CASE("engine: a model whose cache does not fit warns, with what is assumed") {
  const World world;
  auto service = world.with_weights();
  service.resources.memory_bytes = 1'000'000;
  const auto warned = messages(world.check(service), Severity::likely);
  REQUIRE(warned.size() == 1);
  CHECK(warned[0].contains("(2,048 tokens, assumed: model.*.context states it, × 8 at once)"));
  service.resources.memory_bytes = 1 << 30;
  service.model[0].context = 4096;
  CHECK(messages(world.check(service), Severity::likely)
            .front()
            .contains("4,096 tokens are more than the 2,048 that 'm.gguf' was made for"));
}

TEST_CASE("engine: a header that is wrong refuses, one that is not understood does not") {
  World world;
  world.folder.write("m.gguf", fakes::small_model().bytes().substr(0, 4000));
  CHECK(messages(world.check(world.with_weights()), Severity::certain).size() == 1);
  world.folder.write("m.gguf", fakes::Gguf(9).bytes());
  CHECK(messages(world.check(world.with_weights()), Severity::unknown)
            .front()
            .contains("version 9 of GGUF is not known"));
  CHECK(world.deploy(world.with_weights()).exit == Exit::ok);
}

TEST_CASE("engine: a plan says when nothing but the weights differs") {
  World world;
  const auto planned = [&](const manifest::Service& service) {
    const auto result = engine::make_plan(service, world.provider, world.env());
    REQUIRE(result);
    return result->plan;
  };
  CHECK(!planned(world.with_weights()).weights_only);
  world.deploy(world.with_weights());
  CHECK(!planned(world.with_weights()).weights_only);  // nothing differs
  world.folder.write("m.gguf", fakes::small_model().u32("x", 1).bytes());
  CHECK(planned(world.with_weights()).weights_only);
  CHECK(planned(world.with_weights(2048)).weights_only);  // the configuration is no part of the artifact
  world.folder.write("app.py", "print('two')\n");
  CHECK(!planned(world.with_weights()).weights_only);
  world.deploy(world.with_weights());
  CHECK(world.state().records[0].weights.size() == 1);
}
