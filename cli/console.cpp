#include "cli/console.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/util/files.hpp"
#include "core/util/text.hpp"

namespace mdl::cli {

void Console::text(std::string_view text) {
  if (style_.utf8) return bytes(text);
  bytes(ascii(text));
}

void Console::bytes(std::string_view bytes) {
  while (!bytes.empty() && !closed_ && !failed_) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EPIPE) {
      closed_ = true;
    } else if (errno != EINTR && errno != EAGAIN) {
      failed_ = true;
    }
  }
}

namespace {

bool utf8_locale() {
  std::string locale = environment("LC_ALL", environment("LC_CTYPE", environment("LANG")));
  std::ranges::transform(locale, locale.begin(), [](unsigned char c) { return std::tolower(c); });
  return locale.find("utf-8") != std::string::npos || locale.find("utf8") != std::string::npos;
}

}  // namespace

Style detect_style(int descriptor, bool no_color) {
  Style style;
  const std::string term = environment("TERM");
  style.terminal = ::isatty(descriptor) == 1 && term != "dumb" && !term.empty();
  style.colour = style.terminal && !no_color && environment("NO_COLOR").empty();
  style.utf8 = utf8_locale();
  winsize size{};
  if (style.terminal && ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    style.width = size.ws_col;
  if (const auto wanted = parse_integer(environment("COLUMNS")); wanted && *wanted > 0)
    style.width = static_cast<int>(std::min<std::int64_t>(*wanted, 1000));
  return style;
}

}  // namespace mdl::cli
