#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/util/error.hpp"

namespace mdl {

// A JSON value. Objects keep the order in which members were added, so that output reads as it was written;
// dump_canonical sorts them. The JSON library stays behind value.cpp, because including it costs seconds a file.
class Value {
 public:
  using Array = std::vector<Value>;
  using Member = std::pair<std::string, Value>;
  using Object = std::vector<Member>;

  Value() = default;
  Value(std::nullptr_t) {}
  Value(bool value) : data_(value) {}
  Value(int value) : data_(std::int64_t{value}) {}
  Value(std::int64_t value) : data_(value) {}
  Value(std::uint64_t value) : data_(static_cast<std::int64_t>(value)) {}
  Value(double value) : data_(value) {}
  Value(const char* value) : data_(std::string(value)) {}
  Value(std::string_view value) : data_(std::string(value)) {}
  Value(std::string value) : data_(std::move(value)) {}
  Value(Array value) : data_(std::move(value)) {}
  Value(Object value) : data_(std::move(value)) {}
  Value(const std::vector<std::string>& strings);

  // Object literal: Value::object({{"a", 1}, {"b", "x"}}). Array literal: Value::array({1, "x"}).
  static Value object(std::initializer_list<Member> members = {});
  static Value array(std::initializer_list<Value> items = {});

  bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
  bool is_bool() const { return std::holds_alternative<bool>(data_); }
  bool is_integer() const { return std::holds_alternative<std::int64_t>(data_); }
  bool is_number() const { return is_integer() || std::holds_alternative<double>(data_); }
  bool is_string() const { return std::holds_alternative<std::string>(data_); }
  bool is_array() const { return std::holds_alternative<Array>(data_); }
  bool is_object() const { return std::holds_alternative<Object>(data_); }

  // Reading never throws: a value of another type gives the fallback.
  bool as_bool(bool fallback = false) const;
  std::int64_t as_integer(std::int64_t fallback = 0) const;  // a double is truncated
  double as_number(double fallback = 0) const;
  const std::string& as_string() const;                      // "" when not a string
  const Array& as_array() const;                             // empty when not an array
  const Object& as_object() const;                           // empty when not an object
  std::vector<std::string> as_strings() const;               // the strings among an array's items

  // The member, or null when this is no object or has none of that name.
  const Value& operator[](std::string_view name) const;
  bool contains(std::string_view name) const;
  // Adds or replaces a member; turns null into an object first. Returns the member's value.
  Value& set(std::string_view name, Value value);
  void erase(std::string_view name);
  // Appends to an array; turns null into an array first.
  void push(Value value);
  Array* array_if();
  Object* object_if();

  // Objects are equal when they have the same members in any order; 1 and 1.0 are equal.
  bool operator==(const Value& other) const;

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> data_;
};

// Parses one JSON document of at most `max_depth` nested containers. Errors: invalid, with line and column in the
// message. Duplicate member names are errors. Integers outside int64 become doubles.
Result<Value> parse_json(std::string_view text, int max_depth = 200);

// UTF-8; invalid bytes are replaced by U+FFFD. Compact when indent is 0, else that many spaces a level.
std::string dump(const Value& value, int indent = 0);
// Compact, members sorted by name: the same value gives the same bytes. Used for digests.
std::string dump_canonical(const Value& value);

}  // namespace mdl
