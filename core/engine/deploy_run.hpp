#pragma once

#include <memory>

#include "core/engine/apply.hpp"
#include "core/engine/planner.hpp"

namespace mdl::engine {

// One service's way through a deploy: a value that the stages fill one after the other. Stages run side by
// side for the services of a project; none looks at another's run.
class DeployRun {
 public:
  DeployRun(const Service& service, const DeployRequest& request, Provider& provider, Environment& env,
            const std::string& command = "deploy");

  // Each stage returns false when the run is over: failed (the outcome says how) or nothing to do.
  bool check();   // preflight against the manifest
  bool build();   // layers → artifact digest, preflight against the artifact
  bool plan();    // reads what is there; compares
  bool upload();  // makes the artifact available
  bool apply();   // record, secrets, resources beside what serves
  bool verify();  // healthy, golden requests
  bool promote();
  void finish();  // updates of what serves, prune, history, post-deploy hook

  // After a failure: removes what this run made and marks its record, as far as the fence allows.
  void give_up();
  // Returns traffic to what was live, because another service of the project failed.
  void take_back();

  bool wants_release() const { return plan_.release != 0; }
  bool promoted() const { return promoted_; }
  bool failed() const { return outcome.exit != Exit::ok; }
  const plan::Plan& planned() const { return plan_; }
  const oci::LayerPlan& layers() const { return layers_; }
  const std::string& build_summary() const { return build_summary_; }
  const std::optional<WeightsReport>& weights() const { return weights_; }

  const Service& service;
  Outcome outcome;

 private:
  bool stop(Error error, Stage stage);
  void tell_interrupted();
  void say_once(manifest::Problem problem);
  void look_at_weights(const oci::LayerPlan* layers);
  void warn_of_code_in_weights();
  std::vector<plan::Fetch> fetches() const;  // of weights that are not here
  bool adopt_saved_plan();
  Result<void> look();
  // Whether a few reads show that nothing is to be done.
  Result<bool> glance();
  // Plans again when the new release cannot start beside what serves.
  void consider_room();
  Result<void> make_room();
  Result<void> make(std::span<const plan::Change> changes);
  // Starts what was put to rest. What cannot be woken needs attention.
  void wake(const plan::Split& split);
  Result<void> append_record();
  Result<void> make_release();
  Result<void> hook(Stage at, const std::string& name, const std::vector<std::string>& command, int release);

  const DeployRequest& request_;
  Provider& provider_;
  Environment& env_;
  Calls calls_;
  oci::LayerPlan layers_;
  std::uint64_t missing_ = 0;
  std::optional<Snapshot> snapshot_;
  std::optional<Wanted> wanted_;
  plan::Plan plan_;
  plan::Live live_;
  plan::Live before_;
  const bool changes_nothing_;  // it only plans
  bool recorded_ = false;
  int contested_ = 0;  // the number of the history that another run had first
  bool promoted_ = false;
  std::optional<std::chrono::nanoseconds> away_since_;  // put to rest by this run
  std::optional<std::chrono::nanoseconds> created_at_;
  std::optional<Milliseconds> started_;  // how long the new release took until it was healthy
  std::string build_summary_;
  std::optional<WeightsReport> weights_;
  std::optional<manifest::Problem> runs_code_;
};

}  // namespace mdl::engine
