#pragma once

#include <string>
#include <vector>

#include "cli/views/scope.hpp"
#include "cli/views/style.hpp"
#include "core/engine/engine.hpp"

// What a run came to (deploy, rollback, promote, scale, destroy, resume), as its closing lines and as a
// document.
namespace mdl::cli {

// What a view needs besides the outcome.
struct OutcomeContext {
  std::string command;  // "deploy"
  Scope scope;
  Time now{};
  std::string manifest = "mdl.yaml";  // as the user gave it
  std::string requirements;           // the service's requirements file, for hints
  std::string health = "/healthz";
  std::string
      example;  // a request to try, as options of invoke: "--data @examples/applicant.json"; may be empty
  std::string saved_plan;  // of `deploy --plan`
};

std::string deploy_text(const engine::Outcome& outcome, const OutcomeContext& context, const Style& style);
std::string rollback_text(const engine::Outcome& outcome, bool rehearse, const OutcomeContext& context,
                          const Style& style);
std::string promote_text(const engine::Outcome& outcome, double share, const OutcomeContext& context,
                         const Style& style);
std::string scale_text(const engine::Outcome& outcome, const manifest::Scale& now,
                       const OutcomeContext& context, const Style& style);
std::string destroy_text(const engine::Outcome& outcome, const OutcomeContext& context, const Style& style);
std::string abort_text(const engine::Outcome& outcome, const OutcomeContext& context, const Style& style);
// Any outcome with exit other than ok.
std::string failure_text(const engine::Outcome& outcome, const OutcomeContext& context, const Style& style);

// {"service","target","serving","release",…,"failed":{…},"next":[…],"duration_ms"}
Value outcome_value(const engine::Outcome& outcome, const OutcomeContext& context);
// The commands to run next, as the text and the document name them.
std::vector<std::string> outcome_next(const engine::Outcome& outcome, const OutcomeContext& context);

// "restorable, rehearsed 3h ago in 0.9s" or "restorable, never rehearsed".
std::string rehearsal_words(const std::optional<release::Rehearsal>& rehearsal, Time now);

}  // namespace mdl::cli
