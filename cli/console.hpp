#pragma once

#include <string_view>

#include "cli/views/style.hpp"

namespace mdl::cli {

// One of the standard streams. Writes at once: what was printed is seen even when the program is killed.
class Console {
 public:
  Console(int descriptor, Style style) : descriptor_(descriptor), style_(style) {}
  void text(std::string_view text);  // mdl's own words: its signs become ASCII where the locale is not UTF-8
  void bytes(std::string_view bytes);      // as they are
  bool closed() const { return closed_; }  // the reader is gone (a broken pipe is not an error)
  bool failed() const { return failed_; }  // could not be written for another reason, as on a full disk
  const Style& style() const { return style_; }

 private:
  int descriptor_;
  Style style_;
  bool closed_ = false, failed_ = false;
};

// The style of a stream from the terminal behind it and from NO_COLOR, TERM, LC_ALL, LC_CTYPE, LANG, COLUMNS.
Style detect_style(int descriptor, bool no_color);

}  // namespace mdl::cli
