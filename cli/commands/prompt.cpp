#include "cli/commands/prompt.hpp"

#include <algorithm>
#include <unistd.h>

#include "core/util/text.hpp"

namespace mdl::cli {

namespace {

// One line of stdin without its end.
std::string read_line() {
  std::string out;
  char c = 0;
  while (::read(STDIN_FILENO, &c, 1) == 1 && c != '\n') out += c;
  const auto start = out.find_first_not_of(" \t\r");
  if (start == std::string::npos) return "";
  return out.substr(start, out.find_last_not_of(" \t\r") - start + 1);
}

}  // namespace

bool ask_yes(Context& context, const std::string& question) {
  context.err.text(question + " [y/N] ");
  std::string answer = read_line();
  std::ranges::transform(answer, answer.begin(), [](unsigned char c) { return std::tolower(c); });
  return answer == "y" || answer == "yes";
}

std::optional<std::size_t> ask_choice(Context& context, const std::string& question,
                                      const std::vector<std::string>& choices) {
  context.err.text(question + "\n");
  for (std::size_t i = 0; i < choices.size(); ++i)
    context.err.text("  " + std::to_string(i + 1) + "  " + choices[i] + "\n");
  context.err.text("Number: ");
  const auto number = parse_integer(read_line());
  if (!number || *number < 1 || *number > static_cast<std::int64_t>(choices.size())) return std::nullopt;
  return static_cast<std::size_t>(*number - 1);
}

}  // namespace mdl::cli
