#include "core/util/members.hpp"

#include <climits>

namespace mdl {

namespace {
const Value empty_object = Value::object();
const Value nothing;
}  // namespace

Members::Members(const Value& value, std::string what) : object_(value), what_(std::move(what)) {
  if (!value.is_object())
    error_ = Error{.kind = ErrorKind::invalid, .message = what_ + ": must be an object"};
}

void Members::reject(std::string_view name, std::string_view must) {
  if (error_) return;
  error_ = Error{.kind = ErrorKind::invalid,
                 .message = what_ + ": '" + std::string(name) + "' " + std::string(must)};
}

const Value* Members::find(std::string_view name, std::string_view must, bool (Value::*is)() const) {
  if (error_) return nullptr;
  const Value& found = object_[name];
  if ((found.*is)()) return &found;
  reject(name, object_.contains(name) ? must : "is missing");
  return nullptr;
}

std::string Members::text(std::string_view name) {
  const auto* found = find(name, "must be text", &Value::is_string);
  return found ? found->as_string() : std::string();
}

std::int64_t Members::integer(std::string_view name) {
  const auto* found = find(name, "must be an integer", &Value::is_integer);
  return found ? found->as_integer() : 0;
}

int Members::number(std::string_view name) {
  const auto wide = integer(name);
  if (wide >= INT_MIN && wide <= INT_MAX) return static_cast<int>(wide);
  reject(name, "is out of range");
  return 0;
}

double Members::real(std::string_view name) {
  const auto* found = find(name, "must be a number", &Value::is_number);
  return found ? found->as_number() : 0;
}

bool Members::boolean(std::string_view name) {
  const auto* found = find(name, "must be true or false", &Value::is_bool);
  return found && found->as_bool();
}

Milliseconds Members::milliseconds(std::string_view name) { return Milliseconds{integer(name)}; }

Time Members::time(std::string_view name) {
  const auto* found = find(name, "must be a time", &Value::is_string);
  if (!found) return {};
  const auto parsed = parse_rfc3339(found->as_string());
  if (!parsed) reject(name, "must be a time (RFC 3339)");
  return parsed.value_or(Time{});
}

const Value& Members::value(std::string_view name) {
  if (!error_ && !object_.contains(name)) reject(name, "is missing");
  return error_ ? nothing : object_[name];
}

const Value::Array& Members::array(std::string_view name) {
  const auto* found = find(name, "must be a list", &Value::is_array);
  return found ? found->as_array() : nothing.as_array();
}

const Value& Members::object(std::string_view name) {
  const auto* found = find(name, "must be an object", &Value::is_object);
  return found ? *found : empty_object;
}

bool Members::has(std::string_view name) const { return !object_[name].is_null(); }

void Members::check(Result<void> nested) {
  if (!error_ && !nested) error_ = std::move(nested).error();
}

Result<void> Members::result() const {
  if (error_) return std::unexpected(*error_);
  return {};
}

}  // namespace mdl
