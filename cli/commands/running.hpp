#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/commands/context.hpp"
#include "cli/views/outcome.hpp"
#include "cli/views/progress.hpp"
#include "core/engine/engine.hpp"

namespace mdl::cli {

// What a run of the engine is given: the journal, the view of its progress, the author, Ctrl-C.
class Running {
 public:
  // `services` and `heading` are for the progress view. `context` outlives it.
  Running(Context& context, const std::string& heading, const std::vector<manifest::Service>& services);
  engine::Environment& environment() { return *environment_; }
  // Ends the progress view: what follows is the result.
  void finish();

 private:
  std::unique_ptr<engine::Journal> journal_;
  std::unique_ptr<engine::Events> events_;
  ProgressView* view_ = nullptr;
  std::unique_ptr<engine::Environment> environment_;
};

// Who runs: "ci 412" from a pipeline's number, else the user's name; the commit of `folder`.
release::Author author(const Context& context, const std::string& folder);
// The part of it that needs no git.
std::string author_name(const Variables& variables);

// What the views of outcomes need to know of a service.
OutcomeContext outcome_context(const Context& context, const manifest::Service& service);

// "credit-risk → prod (aws 123456789012, eu-central-1)"; the names of several services separated by commas.
std::string heading_of(const std::vector<manifest::Service>& services, const provider::Provider& provider);

}  // namespace mdl::cli
