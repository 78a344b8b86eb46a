#pragma once

#include <memory>

#include "tests/contract/subject.hpp"

namespace mdl::contract {

// AWS as an emulator has it: where the standard variables (AWS_ENDPOINT_URL, keys, region) point to. Each
// subject is a service of its own. Real functions, real time.
class AwsSubject {
 public:
  static constexpr const char* name = "aws";
  AwsSubject();
  ~AwsSubject();
  provider::Provider& provider() { return provider_; }
  engine::Environment& env() { return env_; }
  release::ServiceRef ref() const { return {.service = name_, .target = "aws"}; }
  manifest::Service service(const std::string& version);
  manifest::Service crashing_service();

 private:
  struct Parts;
  std::string name_;
  fakes::TemporaryFolder folder_;
  std::unique_ptr<Parts> parts_;
  provider::Provider provider_;
  engine::Environment env_;
};

}  // namespace mdl::contract
