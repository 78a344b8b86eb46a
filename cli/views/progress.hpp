#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cli/views/style.hpp"
#include "core/engine/events.hpp"

namespace mdl::cli {

using Write = std::function<void(std::string_view)>;

// A run's progress for people: a line a stage when it ends, seconds at the right edge. On a terminal a
// running stage shows what it waits for, rewritten in place. Nothing is printed, not even the heading, before
// more than checks has happened, so that a run with nothing to do is silent.
class ProgressView final : public engine::Events {
 public:
  struct Options {
    std::string heading;                // "credit-risk → local"
    std::vector<std::string> services;  // of the run; each line names its own when there are several
    bool verbose = false;               // single steps of all stages
  };
  ProgressView(Write write, const Style& style, Options options);
  ~ProgressView() override;
  void on(const engine::Event& event) override;
  // Takes away the line of what is running; whether anything was printed.
  bool finish();

 private:
  using Key = std::pair<std::string, engine::Stage>;
  void add(const engine::Event& event);  // a line that stays
  void print(const std::string& line);
  void draw(const engine::Event& event);  // the line that moves
  void erase();
  std::string lead(const engine::Event& event, bool repeat);

  Write write_;
  Style style_;
  Options options_;
  int service_width_ = 0;
  bool committed_ = false;
  bool drawn_ = false;
  Time last_draw_{};
  Key last_{"", engine::Stage::check};
  bool any_ = false;
  std::string last_text_;
  std::vector<std::string> held_;
  std::map<Key, Time> begun_;
};

// The same as JSON lines: {"time","event":"stage.end","service","stage","text","duration_ms"}.
class EventLines final : public engine::Events {
 public:
  explicit EventLines(Write write) : write_(std::move(write)) {}
  void on(const engine::Event& event) override;

 private:
  Write write_;
};

// Tells nothing: -q.
class NoEvents final : public engine::Events {
 public:
  void on(const engine::Event&) override {}
};

// "[####······] 3.1 MB of 8.1 MB, 4.2 MB/s, 1s left"
std::string bar(const provider::Progress& progress, Milliseconds elapsed);
// "  check     9 limits, 0 problems                            0.0s"
std::string stage_line(std::string_view lead, std::string_view text, Milliseconds duration);

}  // namespace mdl::cli
