#include "providers/local/supervisor/failure.hpp"

#include "core/util/text.hpp"

namespace mdl::local::supervisor {

namespace {

Value failure(const std::string& replica, const char* code, const std::string& what,
              const std::vector<std::string>& lines) {
  return Value::object({{"state", "failed"},
                        {"detail", replica + " " + what},
                        {"resource", replica},
                        {"code", code},
                        {"lines", Value(lines)}});
}

std::string join_ports(const std::set<int>& ports) {
  std::vector<std::string> texts;
  for (const auto port : ports) texts.push_back(std::to_string(port));
  return join(texts, " and ");
}

}  // namespace

std::string describe(const Answer& answer, const std::string& health) {
  switch (answer.outcome) {
    case Answer::Outcome::answered:
      return health + " answered " + std::to_string(answer.status);
    case Answer::Outcome::refused:
      return "connection refused";
    case Answer::Outcome::silent:
      return health + " did not answer";
    case Answer::Outcome::unasked:
      return "it could not be asked: this machine has no file descriptors left";
    case Answer::Outcome::broken:
      break;
  }
  return health + " gave no HTTP answer";
}

Value launch_failure(const std::string& replica, const std::string& why) {
  return failure(replica, "exited", "was not started: " + why, {});
}

Value exit_failure(const std::string& replica, int status, const std::string& reason,
                   const std::string& health, std::vector<std::string> lines) {
  const auto why = reason.empty() ? "" : ": " + reason;
  return failure(replica, "exited",
                 "exited " + std::to_string(status) + " before " + health + " answered" + why, lines);
}

Value timeout_failure(const std::string& replica, const Answer& last, const std::string& health,
                      Milliseconds timeout, int port, const std::set<int>& listening,
                      std::vector<std::string> lines) {
  const auto within = "was not healthy within " + readable_duration(timeout) + ": ";
  const auto port_text = "$PORT (" + std::to_string(port) + ")";
  if (last.outcome == Answer::Outcome::answered)
    return failure(replica, "unhealthy", within + describe(last, health), lines);
  if (last.outcome != Answer::Outcome::refused)
    return failure(replica, "timeout", within + describe(last, health), lines);
  if (listening.empty() || listening.contains(port))
    return failure(replica, "timeout", within + "nothing listens on " + port_text, lines);
  return failure(replica, "timeout",
                 within + "it listens on " + join_ports(listening) + ", not on " + port_text, lines);
}

}  // namespace mdl::local::supervisor
