#pragma once

#include <expected>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mdl {

// A place in a text the user wrote. Lines and columns count from 1; column and length are in bytes.
struct Source {
  std::string file;
  int line = 0;
  int column = 0;
  int length = 1;
  std::string text;  // the whole line, for the excerpt below an error

  bool operator==(const Source&) const = default;
};

// What a caller may do about an error; the words for people are in the other members.
enum class ErrorKind {
  invalid,      // the input is wrong; trying again gives the same
  not_found,    // it is certain that the thing is not there
  conflict,     // a precondition did not hold: someone else changed the thing
  denied,       // the platform refused these credentials
  unavailable,  // could not be asked or did not answer; absence must not be concluded
  timeout,
  refused,      // a rule of mdl forbids it (see the message)
  failed,       // it was tried, and the platform or a program said no
  interrupted,
  internal,
};

// An error is a value. `message` is one sentence without a full stop, `code` and `quoted` are the platform's own
// code and words, `resource` names what failed, `where` the place in the manifest it comes from, `next` commands
// that the user can run. No member may hold a secret.
struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string message;
  std::string code;
  std::string quoted;
  std::string resource;
  std::optional<Source> where;
  std::vector<std::string> lines;  // the last output of the program that failed
  std::vector<std::string> next;
};

template <class T>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(ErrorKind kind, std::string message) {
  return std::unexpected(Error{.kind = kind, .message = std::move(message)});
}
[[nodiscard]] inline std::unexpected<Error> fail(Error error) { return std::unexpected(std::move(error)); }

// "invalid", "not-found", … : stable words, used in JSON output.
[[nodiscard]] std::string_view to_string(ErrorKind kind);

}  // namespace mdl

#define MDL_JOIN_(a, b) a##b
#define MDL_JOIN(a, b) MDL_JOIN_(a, b)
// MDL_TRY(auto x, f()) declares x from the value of f(), or returns its error from the enclosing function.
#define MDL_TRY(declaration, ...) MDL_TRY_(MDL_JOIN(mdl_try_, __LINE__), declaration, __VA_ARGS__)
#define MDL_TRY_(name, declaration, ...)                                    \
  auto name = __VA_ARGS__;                                                  \
  if (!name) return std::unexpected(std::move(name).error());               \
  declaration = std::move(*name) /* NOLINT(bugprone-macro-parentheses) */
// MDL_CHECK(f()) returns the error of f(), a Result, from the enclosing function.
#define MDL_CHECK(...)                                                      \
  do {                                                                      \
    if (auto mdl_check_result = __VA_ARGS__; !mdl_check_result)             \
      return std::unexpected(std::move(mdl_check_result).error());          \
  } while (false)
