#include "cli/views/status.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "cli/views/document.hpp"
#include "cli/views/error.hpp"
#include "cli/views/outcome.hpp"
#include "core/util/text.hpp"

namespace mdl::cli {

std::string split_words(const plan::Split& split) {
  if (split.empty()) return "-";
  if (split.size() == 1) return std::to_string(split.front().release);
  std::string out;
  for (const auto& share : split)
    out += fmt::format("{}{} {:.3g} %", out.empty() ? "" : ", ", share.release, share.weight * 100);
  return out;
}

std::optional<StatusRow::Load> load_of(const provider::MetricsReport& report) {
  const double seconds = std::chrono::duration<double>(report.to - report.from).count();
  if (seconds <= 0) return std::nullopt;
  StatusRow::Load load;
  double requests = 0, errors = 0;
  for (const auto& release : report.releases) {
    requests += release.total.requests;
    errors += release.total.errors;
    if (release.total.requests > 0) load.p95_ms = std::max(load.p95_ms, release.total.p95_ms);
  }
  load.requests_per_second = requests / seconds;
  load.error_share = requests > 0 ? errors / requests : 0;
  return load;
}

namespace {

Colour health_colour(const std::string& health) {
  if (health == "ok" || health == "asleep") return Colour::green;
  return health == "starting" || health == "resting" ? Colour::yellow : Colour::red;
}

std::vector<std::string> cells(const StatusRow& row, const Style& style) {
  const auto& status = row.status;
  if (row.error)
    return {row.ref.service, row.ref.target, "?", paint(style, Colour::red, "unknown"), "", "", "", "", ""};
  std::vector<std::string> out = {
      row.ref.service, row.ref.target, split_words(row.live.split),
      paint(style, health_colour(status.health), printable(status.health)),
      status.wanted == 0 && status.replicas == 0 && status.health != "asleep" && status.health != "resting"
          ? "-"
          : fmt::format("{}/{}", status.replicas, status.wanted)};
  const bool served = row.load && row.load->requests_per_second > 0;
  out.push_back(row.load ? fmt::format("{:.1f}", row.load->requests_per_second) : "-");
  out.push_back(served ? fmt::format("{} ms", std::lround(row.load->p95_ms)) : "-");
  out.push_back(served ? fmt::format("{:.1f} %", row.load->error_share * 100) : "-");
  out.push_back(status.url.empty() ? "-" : printable(status.url));
  return out;
}

// "starting, 0.9s of about 1.6s last time: waiting for /healthz: connection refused"
std::string waiting_words(const provider::Status& status) {
  std::string words;
  if (status.starting.count() > 0) {
    words = "starting, " + readable_duration(status.starting);
    if (status.last_start.count() > 0)
      words += fmt::format(" of about {} last time", readable_duration(status.last_start));
    if (!status.detail.empty()) words += ": ";
  }
  return words + printable(status.detail);
}

std::string row_scope(const StatusRow& row, const Scope& scope, bool many_targets, bool many_services,
                      std::string_view verb, std::string_view rest) {
  Scope own = scope;
  if (many_targets) own.target = row.ref.target;
  if (many_services) own.service = row.ref.service;
  return own.command(verb, rest);
}

}  // namespace

std::string status_text(const std::vector<StatusRow>& rows, const Scope& scope, Time now,
                        const Style& style) {
  std::vector<std::vector<std::string>> lines = {
      {"SERVICE", "TARGET", "LIVE", "HEALTH", "REPLICAS", "REQ/S", "P95", "ERRORS", "URL"}};
  const auto differs = [&](auto member) {
    return std::ranges::any_of(rows,
                               [&](const auto& row) { return row.ref.*member != rows.front().ref.*member; });
  };
  const bool targets = differs(&release::ServiceRef::target),
             services = differs(&release::ServiceRef::service);
  for (const auto& row : rows) lines.push_back(cells(row, style));
  std::string out = table(lines, {false, false, false, false, false, true, true, true, false}) + "\n";
  std::vector<std::pair<std::string, std::string>> notes;
  for (const auto& row : rows) {
    const std::string name = services && targets ? row.ref.service + " on " + row.ref.target
                             : services          ? row.ref.service
                                                 : row.ref.target;
    const auto command = [&](std::string_view verb, std::string_view rest = "") {
      return row_scope(row, scope, targets, services, verb, rest);
    };
    std::string note;
    if (row.error) {
      note = error_sentence(*row.error) + ":  " + command("doctor");
    } else if (row.live.rests_for != 0) {
      note = fmt::format(
          "release {} is at rest, to make room for release {}: what started that is under way or was "
          "stopped; "
          "finish it:  {}    or undo it:  {}",
          row.live.release(), row.live.rests_for, command("resume"), command("resume", "--abort"));
    } else if (row.live.split.empty()) {
      note = "nothing is live:  " + command("deploy");
    } else if (row.previous) {
      note =
          fmt::format("previous {} is {}", row.previous->runs, rehearsal_words(row.previous->rehearsal, now));
      if (!row.previous->rehearsal) note += ":  " + command("rollback", "--rehearse");
    } else {
      note = "there is no earlier release to go back to";
    }
    if (!row.error)
      if (const auto waiting = waiting_words(row.status); !waiting.empty()) note = waiting + "; " + note;
    if (row.status.held > 0)
      note = fmt::format("{} request{} wait{}; ", row.status.held, plural(row.status.held),
                         row.status.held == 1 ? "s" : "") +
             note;
    notes.emplace_back(name + ":", note);
  }
  int width = 0;
  for (const auto& [name, note] : notes) width = std::max(width, columns(name));
  for (const auto& [name, note] : notes) out += pad(name, width) + " " + note + "\n";
  return out;
}

Value status_value(const std::vector<StatusRow>& rows) {
  Value services = Value::array();
  for (const auto& row : rows) {
    Value one = Value::object({{"service", row.ref.service}, {"target", row.ref.target}});
    if (row.error) {
      one.set("error", error_value(*row.error));
      services.push(one);
      continue;
    }
    one.set("live", plan::to_value(row.live.split));
    if (row.live.rests_for != 0) one.set("rests_for", row.live.rests_for);
    one.set("health", row.status.health);
    one.set("replicas", row.status.replicas);
    one.set("wanted", row.status.wanted);
    one.set("held", row.status.held);
    if (!row.status.detail.empty()) one.set("detail", row.status.detail);
    if (row.status.starting.count() > 0) {
      one.set("starting_ms", std::int64_t{row.status.starting.count()});
      one.set("last_start_ms", row.status.last_start.count() > 0
                                   ? Value(std::int64_t{row.status.last_start.count()})
                                   : Value());
    }
    one.set("url", row.status.url.empty() ? Value() : Value(row.status.url));
    Value load;
    if (row.load)
      load = Value::object({{"requests_per_second", row.load->requests_per_second},
                            {"p95_ms", row.load->p95_ms},
                            {"error_share", row.load->error_share}});
    one.set("load", load);
    Value previous;
    if (row.previous)
      previous = Value::object({{"release", row.previous->runs},
                                {"restorable", true},
                                {"rehearsal", rehearsal_value(row.previous->rehearsal)}});
    one.set("previous", previous);
    services.push(one);
  }
  return Value::object({{"services", services}});
}

}  // namespace mdl::cli
