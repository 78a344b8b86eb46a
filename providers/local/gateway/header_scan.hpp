#pragma once

#include <cstddef>
#include <string_view>

namespace mdl::local::gateway {

// Looks at a request's header before the parser does, and refuses whatever two HTTP implementations might
// read differently (request smuggling): bare CR or LF, NUL and other controls, folded lines, blanks before a
// colon, a Transfer-Encoding that is not exactly "chunked" or comes twice or beside Content-Length, several
// Content-Length or Host fields. Feeds on a growing buffer; every byte is looked at once.
class HeaderScan {
 public:
  enum class State { more, complete, bad };

  // `text` is all bytes of the header so far (and maybe more).
  State feed(std::string_view text);
  std::size_t size() const { return line_; }  // of the complete header, its empty line included
  const char* why() const { return why_; }    // bad: one phrase

 private:
  bool line(std::string_view text);  // without its CRLF
  bool field(std::string_view name, std::string_view value);
  bool refuse(const char* why) {
    why_ = why;
    return false;
  }

  std::size_t line_ = 0;  // where the line under way starts
  std::size_t seen_ = 0;  // no line end before it
  bool first_ = true;
  bool http10_ = false;
  bool length_ = false, encoding_ = false, host_ = false;
  const char* why_ = "";
};

}  // namespace mdl::local::gateway
