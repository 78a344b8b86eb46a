#pragma once

#include <string>
#include <vector>

#include "core/provider/provider.hpp"
#include "core/util/clock.hpp"

// What a run tells while it goes. Views turn it into lines, bars or JSON lines.
namespace mdl::engine {

enum class Stage { check, build, upload, apply, rest, start, verify, canary, promote, prune };
std::string_view to_string(Stage stage);

struct Event {
  enum class Kind { begin, progress, line, end } kind = Kind::begin;
  Time time{};
  std::string service;
  Stage stage = Stage::check;
  std::string text;  // end: what the stage did, "9 limits, 0 problems"; empty: it did nothing, show nothing
  provider::Progress progress;  // of kind progress
  Milliseconds duration{0};     // of kind end and line
  bool failed = false;
};

class Events {
 public:
  virtual ~Events() = default;
  virtual void on(const Event& event) = 0;  // called from one thread at a time
};

}  // namespace mdl::engine
