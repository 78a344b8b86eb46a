#include "cli/views/error.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "core/util/text.hpp"

namespace mdl::cli {

std::string error_sentence(const Error& error) {
  std::string out;
  // "replica 9/1 exited 1" reads as a sentence; of anything else it is said what was tried.
  if (!error.resource.empty() && error.message.find(error.resource) == std::string::npos)
    out += error.resource + (error.resource.starts_with("replica ") ? " " : ": ");
  out += error.message;
  std::string words = error.quoted;
  if (!error.code.empty() && words.find(error.code) == std::string::npos && !words.empty())
    words = error.code + ": " + words;
  if (!words.empty()) out += ": \"" + words + "\"";
  return printable(out);
}

std::string lines_text(std::string_view title, const std::vector<std::string>& lines) {
  if (lines.empty()) return "";
  std::string out = fmt::format("  {}:\n", title);
  for (const auto& line : lines) out += "    " + printable(line) + "\n";
  return out;
}

std::string next_text(const std::vector<std::string>& next) {
  std::string out;
  for (const auto& command : next)
    out += fmt::format("{}{}", out.empty() ? "Next:  " : "        Or:  ", command);
  return out.empty() ? out : out + "\n";
}

std::string error_text(const Error& error, const std::vector<std::string>& next, const Style& style) {
  std::string out;
  if (error.where && error.where->line > 0)
    out += fmt::format("{}:{}:{}: ", printable(error.where->file), error.where->line, error.where->column);
  out += paint(style, Colour::red, error_sentence(error)) + "\n";
  if (!error.lines.empty()) out += "\n" + lines_text("Its last lines", error.lines);
  if (!next.empty()) out += "\n" + next_text(next);
  return out;
}

namespace {

// "mdl status" of an error becomes "mdl status -t prod"; anything else stays as it is.
std::string in_scope(const std::string& command, const Scope& scope) {
  if (!command.starts_with("mdl ")) return command;
  const std::string rest = command.substr(4);
  const auto options = rest.find(" -");
  return scope.command(rest.substr(0, options), options == std::string::npos ? "" : rest.substr(options + 1));
}

}  // namespace

std::vector<std::string> next_commands(const Error& error, std::string_view command,
                                       std::optional<engine::Stage> stage, const Scope& scope) {
  std::vector<std::string> out;
  const auto add = [&](const std::string& next) {
    if (std::ranges::find(out, next) == out.end()) out.push_back(next);
  };
  for (const auto& next : error.next) add(in_scope(next, scope));
  if (!out.empty()) return out;
  const bool about_replicas = stage == engine::Stage::start || stage == engine::Stage::verify;
  switch (error.kind) {
    case ErrorKind::invalid:
      add(scope.command("validate"));
      break;
    case ErrorKind::not_found:
      if (command == "init" || command == "validate") break;
      add(error.code == "no-manifest"       ? "mdl init"
          : error.code == "no-such-release" ? scope.command("releases")
                                            : scope.command("deploy"));
      break;
    case ErrorKind::conflict:
      add(scope.command("status"));
      add(scope.command(command));
      break;
    case ErrorKind::denied:
    case ErrorKind::unavailable:
      add(scope.command("doctor"));
      break;
    case ErrorKind::timeout:
    case ErrorKind::failed:
      if (about_replicas)
        add(scope.command("logs"));
      else
        add(scope.command("doctor"));
      break;
    case ErrorKind::interrupted:
      add(scope.command("resume"));
      add(scope.command("resume", "--abort"));
      break;
    case ErrorKind::refused:
      break;
    case ErrorKind::internal:
      add(scope.command(command, "-v"));
      break;
  }
  return out;
}

}  // namespace mdl::cli
