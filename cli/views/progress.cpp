#include "cli/views/progress.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "core/util/text.hpp"
#include "core/util/value.hpp"

namespace mdl::cli {

using engine::Event;
using engine::Stage;

namespace {

constexpr int right_edge = 64;
constexpr Milliseconds between_draws{60};

Milliseconds to_ms(std::chrono::nanoseconds duration) {
  return std::chrono::duration_cast<Milliseconds>(duration);
}

// Steps are worth a line where they are what the user waits for.
bool shows_steps(Stage stage) { return stage == Stage::apply || stage == Stage::canary; }

}  // namespace

std::string bar(const provider::Progress& progress, Milliseconds elapsed) {
  constexpr int cells = 12;
  const double share =
      std::min(1.0, static_cast<double>(progress.done) / static_cast<double>(progress.total));
  std::string out = "[";
  for (int i = 0; i < cells; ++i) out += i < static_cast<int>(share * cells) ? "█" : "░";
  out += fmt::format("] {} of {}", readable_bytes(progress.done), readable_bytes(progress.total));
  if (elapsed.count() < 500 || progress.done == 0) return out;
  const double rate = static_cast<double>(progress.done) * 1000 / static_cast<double>(elapsed.count());
  const double left = static_cast<double>(progress.total - std::min(progress.done, progress.total)) / rate;
  return out + fmt::format(", {}/s, {} left", readable_bytes(static_cast<std::uint64_t>(rate)),
                           readable_duration(Milliseconds(static_cast<std::int64_t>(left * 1000))));
}

std::string stage_line(std::string_view lead, std::string_view text, Milliseconds duration) {
  const std::string start = std::string(lead) + std::string(text);
  const std::string seconds = readable_duration(duration);
  const int room = right_edge - columns(start) - columns(seconds);
  return start + std::string(static_cast<std::size_t>(std::max(2, room)), ' ') + seconds;
}

ProgressView::ProgressView(Write write, const Style& style, Options options)
    : write_(std::move(write)), style_(style), options_(std::move(options)) {
  if (options_.services.size() < 2) return;
  for (const auto& service : options_.services)
    service_width_ = std::max(service_width_, columns(service) + 2);
}

ProgressView::~ProgressView() { finish(); }

bool ProgressView::finish() {
  erase();
  if (committed_ && any_) write_("\n");
  any_ = false;
  return committed_;
}

std::string ProgressView::lead(const Event& event, bool repeat) {
  std::string out = "  ";
  if (service_width_ > 0) out += pad(repeat ? "" : event.service, service_width_);
  return out + pad(repeat ? std::string_view() : engine::to_string(event.stage), 10);
}

void ProgressView::print(const std::string& line) {
  erase();
  write_(line + "\n");
  any_ = true;
}

void ProgressView::add(const Event& event) {
  const Key key{event.service, event.stage};
  const bool repeat = (any_ || !held_.empty()) && last_ == key;
  last_ = key;
  last_text_ = event.text;
  std::string line = stage_line(lead(event, repeat), printable(event.text), event.duration);
  if (event.failed) line = paint(style_, Colour::red, line);
  if (!committed_ && event.stage == Stage::check && !event.failed) {
    held_.push_back(std::move(line));
    return;
  }
  if (!committed_) {
    committed_ = true;
    if (!options_.heading.empty()) print(paint(style_, Colour::bold, options_.heading) + "\n");
    for (const auto& held : held_) print(held);
    held_.clear();
  }
  print(line);
}

void ProgressView::on(const Event& event) {
  const Key key{event.service, event.stage};
  switch (event.kind) {
    case Event::Kind::begin:
      begun_[key] = event.time;
      draw(event);
      break;
    case Event::Kind::progress:
      draw(event);
      break;
    case Event::Kind::line:
      if (options_.verbose || shows_steps(event.stage)) add(event);
      break;
    case Event::Kind::end:
      if (!event.text.empty() && !(last_ == key && last_text_ == event.text)) add(event);
      erase();
      break;
  }
}

void ProgressView::draw(const Event& event) {
  if (!style_.terminal) return;
  if (drawn_ && event.kind == Event::Kind::progress && event.time - last_draw_ < between_draws) return;
  last_draw_ = event.time;
  const auto begun = begun_.find({event.service, event.stage});
  const auto elapsed = begun == begun_.end() ? Milliseconds{0} : to_ms(event.time - begun->second);
  std::string text = printable(event.progress.what);
  if (event.progress.total > 0) text = (text.empty() ? "" : text + "  ") + bar(event.progress, elapsed);
  const std::string start = lead(event, false);
  const std::string seconds = elapsed.count() < 1000 ? "" : "  " + readable_duration(elapsed);
  text = shorten(text, style_.width - columns(start) - columns(seconds) - 1);
  write_("\r\x1b[K" + paint(style_, Colour::dim, start + text + seconds));
  drawn_ = true;
}

void ProgressView::erase() {
  if (drawn_) write_("\r\x1b[K");
  drawn_ = false;
}

void EventLines::on(const Event& event) {
  Value line = Value::object({{"time", to_rfc3339(event.time)}});
  switch (event.kind) {
    case Event::Kind::begin:
      line.set("event", "stage.begin");
      break;
    case Event::Kind::progress:
      line.set("event", "stage.progress");
      break;
    case Event::Kind::line:
      line.set("event", "stage.line");
      break;
    case Event::Kind::end:
      line.set("event", "stage.end");
      break;
  }
  line.set("service", event.service);
  line.set("stage", engine::to_string(event.stage));
  if (event.kind == Event::Kind::progress) {
    line.set("what", event.progress.what);
    if (event.progress.total > 0) {
      line.set("done", event.progress.done);
      line.set("total", event.progress.total);
    }
  } else if (event.kind != Event::Kind::begin) {
    line.set("text", event.text);
    line.set("duration_ms", static_cast<std::int64_t>(event.duration.count()));
    if (event.failed) line.set("failed", true);
  }
  write_(dump(line) + "\n");
}

}  // namespace mdl::cli
