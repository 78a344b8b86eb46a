#include "cli/views/hints.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <string_view>

#include "core/util/text.hpp"

namespace mdl::cli {

namespace {

// The text between the first two quotes of a line after `start`; "" when there is none.
std::string quoted_after(const std::string& line, std::string_view start) {
  const auto at = line.find(start);
  if (at == std::string::npos) return "";
  const auto open = line.find('\'', at + start.size());
  if (open == std::string::npos) return "";
  const auto close = line.find('\'', open + 1);
  return close == std::string::npos ? "" : line.substr(open + 1, close - open - 1);
}

// Modules that are installed under another name than they are imported by.
std::string package_of(const std::string& module) {
  const std::string top = module.substr(0, module.find('.'));
  if (top == "sklearn") return "scikit-learn";
  if (top == "cv2") return "opencv-python-headless";
  if (top == "PIL") return "pillow";
  if (top == "yaml") return "pyyaml";
  if (top == "bs4") return "beautifulsoup4";
  if (top == "dotenv") return "python-dotenv";
  if (top == "jwt") return "pyjwt";
  if (top == "google") return "the google package";
  return top;
}

std::optional<std::string> of_python(const std::string& line, const Failure& failure) {
  if (const auto module = quoted_after(line, "No module named"); !module.empty()) {
    const std::string package = printable(package_of(module));
    if (failure.requirements.empty())
      return fmt::format(
          "The manifest names no requirements file, so {} is not installed. Add one under build.requirements",
          package);
    return fmt::format("{} does not name {}. Add it", failure.requirements, package);
  }
  if (line.find("cannot import name") != std::string::npos && line.find("ImportError") != std::string::npos)
    return "An installed package is another version than the code was written for. Pin it in " +
           (failure.requirements.empty() ? "the requirements" : failure.requirements);
  return std::nullopt;
}

std::optional<std::string> of_system(const std::string& line) {
  const std::string text = lower_case(line);
  const auto says = [&](std::string_view what) { return text.find(what) != std::string::npos; };
  if (says("address already in use") || says("eaddrinuse"))
    return "The service listens on a fixed port that is taken. Let it listen on $PORT";
  if (says("address family not supported") || says("eafnosupport"))
    return "The service listens on IPv6, which is off here. Let it listen on 0.0.0.0";
  if (says("cannot assign requested address") || says("eaddrnotavail"))
    return "The service listens on an address that this machine does not have. Let it listen on 0.0.0.0";
  if (says("permission denied") && (says("bind") || says("listen") || says("port")))
    return "Ports below 1024 need root. Let it listen on $PORT";
  if (says("permission denied"))
    return "The service may not read or run one of its files. Check the file's mode, or write below $TMPDIR";
  if (says("out of memory") || says("memoryerror") || says("bad_alloc") || says("oom-kill") ||
      says("oomkill"))
    return "The service ran out of memory. Raise resources.memory";
  return std::nullopt;
}

}  // namespace

std::optional<std::string> hint(const Failure& failure) {
  // The last lines say what ended the program, so they are looked at first.
  for (auto line = failure.lines.rbegin(); line != failure.lines.rend(); ++line) {
    if (auto found = of_python(*line, failure)) return found;
    if (auto found = of_system(*line)) return found;
  }
  const std::string message = lower_case(failure.message);
  if (message.find("exited 137") != std::string::npos || message.find("out of memory") != std::string::npos)
    return "The service was killed, most likely for lack of memory. Raise resources.memory";
  if (message.find("refused") != std::string::npos)
    return "Nothing listens on $PORT. Let the service listen there, on 127.0.0.1 or 0.0.0.0";
  if (message.find("404") != std::string::npos)
    return fmt::format("The service has no {}. Add it, or name another path under http.health",
                       failure.health);
  return std::nullopt;
}

}  // namespace mdl::cli
