#pragma once

#include <string>

#include "core/engine/engine.hpp"
#include "tests/fakes/bench.hpp"

// What the contract suite runs on: a provider with a service that works and one that does not.
namespace mdl::contract {

class NoEvents final : public engine::Events {
 public:
  void on(const engine::Event&) override {}
};

// The platform in memory, on virtual time.
class MemorySubject {
 public:
  static constexpr const char* name = "memory";
  provider::Provider& provider() { return bench_.provider; }
  engine::Environment& env() { return bench_.env(); }
  release::ServiceRef ref() const { return bench_.ref(); }
  manifest::Service service(const std::string& version);
  manifest::Service crashing_service();

 private:
  fakes::Bench bench_;
};

// This machine: a supervisor of its own below a temporary home, real processes, real time.
class LocalSubject {
 public:
  static constexpr const char* name = "local";
  LocalSubject();
  ~LocalSubject();
  provider::Provider& provider() { return provider_; }
  engine::Environment& env() { return env_; }
  release::ServiceRef ref() const { return {.service = "echo", .target = "local"}; }
  manifest::Service service(const std::string& version);
  manifest::Service crashing_service();

 private:
  struct Parts;
  fakes::TemporaryFolder folder_;
  std::unique_ptr<Parts> parts_;
  provider::Provider provider_;
  engine::Environment env_;
};

template <class Subject>
engine::Outcome deploy(Subject& subject, const manifest::Service& service) {
  engine::DeployRequest request;
  request.services = {service};
  return engine::deploy(request, subject.provider(), subject.env()).front();
}

}  // namespace mdl::contract
