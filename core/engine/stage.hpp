#pragma once

#include <string>

#include "core/engine/engine.hpp"

namespace mdl::engine {

// One stage of a run: tells its begin, progress and end, with the time it took. Ends silently when nothing
// was said.
class StageScope {
 public:
  StageScope(Environment& env, std::string service, Stage stage);
  ~StageScope();
  StageScope(const StageScope&) = delete;
  StageScope& operator=(const StageScope&) = delete;

  void progress(provider::Progress progress);
  void waiting(const std::string& what);                      // "waiting for /healthz: connection refused"
  void line(const std::string& text, Milliseconds duration);  // one step within the stage
  void end(const std::string& text);
  void fail(const std::string& text);

 private:
  void tell(Event::Kind kind, const std::string& text, Milliseconds duration, bool failed = false);
  Milliseconds elapsed() const;

  Environment& env_;
  std::string service_;
  Stage stage_;
  std::chrono::nanoseconds begun_;
  bool ended_ = false;
};

}  // namespace mdl::engine
