#pragma once

#include <map>
#include <string>

#include "providers/aws/client/client.hpp"
#include "tests/fakes/time.hpp"
#include "tests/fakes/transport.hpp"

namespace mdl::test {

// A machine for the AWS provider: variables, files, programs and a scripted network.
struct Around {
  fakes::FakeClock clock;
  fakes::FakeSleeper sleeper{clock};
  std::map<std::string, std::string> variables{{"HOME", "/home/dev"}};
  std::map<std::string, std::string> files;
  std::map<std::string, std::string> programs;  // first word → stdout; "!" at its start: exit 1
  std::vector<Command> ran;
  fakes::ScriptedTransport::Script script;

  aws::Surroundings surroundings() {
    return {.variable = [this](const std::string& name) -> std::optional<std::string> {
              const auto found = variables.find(name);
              return found == variables.end() ? std::nullopt : std::optional(found->second);
            },
            .read = [this](const std::string& path) -> Result<std::string> {
              const auto found = files.find(path);
              if (found == files.end()) return fail(ErrorKind::not_found, path + " does not exist");
              return found->second;
            },
            .run = [this](const Command& command) -> Result<Finished> {
              ran.push_back(command);
              const auto found = programs.find(command.arguments.at(0));
              if (found == programs.end()) return fail(ErrorKind::not_found, "no such program");
              if (found->second.starts_with('!')) return Finished{.status = 1};
              return Finished{.output = found->second};
            },
            .clock = clock};
  }

  aws::ClientOptions client_options() {
    return {.transport = std::make_unique<fakes::ScriptedTransport>(script),
            .clock = clock,
            .sleeper = sleeper,
            .uniform = [] { return 0.5; },
            .around = surroundings()};
  }

  // Credentials from the chain as it stands.
  Result<aws::Credentials> find(const std::string& profile = "") {
    auto shared = aws::load_shared_config(surroundings());
    if (!shared) return std::unexpected(shared.error());
    const auto name = aws::profile_name(surroundings(), profile);
    const auto region = aws::region_of(surroundings(), *shared, name, "");
    transport_ = std::make_unique<fakes::ScriptedTransport>(script);
    chain_ = std::make_unique<aws::CredentialChain>(aws::ChainOptions{.around = surroundings(),
                                                                      .shared = *shared,
                                                                      .profile = name,
                                                                      .profile_chosen = !profile.empty(),
                                                                      .region = region},
                                                    *transport_);
    return chain_->get();
  }
  aws::CredentialChain& chain() { return *chain_; }

 private:
  std::unique_ptr<http::Transport> transport_;
  std::unique_ptr<aws::CredentialChain> chain_;
};

}  // namespace mdl::test
