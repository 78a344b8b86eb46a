#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/util/clock.hpp"
#include "core/util/error.hpp"
#include "core/util/value.hpp"

namespace mdl {

// Reads the members of a JSON object that a program wrote, strictly. The first member that is missing or of
// the wrong type is kept as the error (kind invalid: "plan: 'live.revision' must be text"), and later reads
// give empty values, so a reader is written as a list of assignments with one check at its end.
class Members {
 public:
  // `what` names the document. The value must outlive the reader.
  Members(const Value& value, std::string what);

  std::string text(std::string_view name);
  std::int64_t integer(std::string_view name);
  int number(std::string_view name);  // an integer that fits an int
  double real(std::string_view name);
  bool boolean(std::string_view name);
  Milliseconds milliseconds(std::string_view name);
  Time time(std::string_view name);           // RFC 3339
  const Value& value(std::string_view name);  // of any type, but there
  const Value::Array& array(std::string_view name);
  const Value& object(std::string_view name);

  // Whether the member is there and not null: asked before an optional member is read.
  bool has(std::string_view name) const;
  // Makes `must` the error of the member `name`, unless there is an error already.
  void reject(std::string_view name, std::string_view must);
  // Takes over the error of a nested value's reader, unless there is one already.
  void check(Result<void> nested);
  // The same for a nested value that is read by a function.
  template <class T>
  T take(Result<T> nested) {
    if (nested) return std::move(*nested);
    check(std::unexpected(std::move(nested).error()));
    return T{};
  }

  bool failed() const { return error_.has_value(); }
  Result<void> result() const;

 private:
  const Value* find(std::string_view name, std::string_view must, bool (Value::*is)() const);
  const Value& object_;
  std::string what_;
  std::optional<Error> error_;
};

}  // namespace mdl
