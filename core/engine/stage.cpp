#include "core/engine/stage.hpp"

namespace mdl::engine {

std::string_view to_string(Stage stage) {
  switch (stage) {
    case Stage::check:
      return "check";
    case Stage::build:
      return "build";
    case Stage::upload:
      return "upload";
    case Stage::apply:
      return "apply";
    case Stage::rest:
      return "rest";
    case Stage::start:
      return "start";
    case Stage::verify:
      return "verify";
    case Stage::canary:
      return "canary";
    case Stage::promote:
      return "promote";
    case Stage::prune:
      return "prune";
  }
  return "check";
}

StageScope::StageScope(Environment& env, std::string service, Stage stage)
    : env_(env), service_(std::move(service)), stage_(stage), begun_(env.clock.elapsed()) {
  tell(Event::Kind::begin, {}, {});
}

StageScope::~StageScope() {
  if (!ended_) tell(Event::Kind::end, {}, elapsed());
}

Milliseconds StageScope::elapsed() const {
  return std::chrono::duration_cast<Milliseconds>(env_.clock.elapsed() - begun_);
}

void StageScope::tell(Event::Kind kind, const std::string& text, Milliseconds duration, bool failed) {
  env_.events.on({.kind = kind,
                  .time = env_.clock.now(),
                  .service = service_,
                  .stage = stage_,
                  .text = text,
                  .duration = duration,
                  .failed = failed});
}

void StageScope::progress(provider::Progress progress) {
  env_.events.on({.kind = Event::Kind::progress,
                  .time = env_.clock.now(),
                  .service = service_,
                  .stage = stage_,
                  .progress = std::move(progress)});
}

void StageScope::waiting(const std::string& what) { progress({.what = what}); }

void StageScope::line(const std::string& text, Milliseconds duration) {
  tell(Event::Kind::line, text, duration);
}

void StageScope::end(const std::string& text) {
  ended_ = true;
  tell(Event::Kind::end, text, elapsed());
}

void StageScope::fail(const std::string& text) {
  ended_ = true;
  tell(Event::Kind::end, text, elapsed(), true);
}

}  // namespace mdl::engine
