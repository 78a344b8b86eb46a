#include "core/util/value.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace mdl {

namespace {

const Value null_value;
const std::string empty_string;
const Value::Array empty_array;
const Value::Object empty_object;

// Builds a Value from the parser's events, so that no second tree is made.
class Builder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Builder(int max_depth) : max_depth_(max_depth) {}

  bool null() override { return add({}); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(std::int64_t value) override { return add(value); }
  bool number_unsigned(std::uint64_t value) override {
    return value <= INT64_MAX ? add(static_cast<std::int64_t>(value)) : add(static_cast<double>(value));
  }
  bool number_float(double value, const std::string&) override { return add(value); }
  bool string(std::string& value) override { return add(std::move(value)); }
  bool binary(nlohmann::json::binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Value::object()); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(Value::array()); }
  bool end_array() override { return close(); }
  bool key(std::string& name) override {
    if (open_.back().value.contains(name)) {
      error_ = "duplicate member '" + name + "'";
      return false;
    }
    open_.back().key = std::move(name);
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception& e) override {
    std::string_view text = e.what();  // "[json.exception.parse_error.101] parse error at line …"
    if (auto end = text.find("] "); end != std::string_view::npos) text.remove_prefix(end + 2);
    error_ = text;
    return false;
  }

  Value root;
  const std::string& error() const { return error_; }

 private:
  struct Open {
    Value value;
    std::string key;
  };

  bool add(Value value) {
    if (open_.empty()) {
      root = std::move(value);
    } else if (auto* items = open_.back().value.array_if()) {
      items->push_back(std::move(value));
    } else {
      open_.back().value.object_if()->emplace_back(std::move(open_.back().key), std::move(value));
    }
    return true;
  }
  bool open(Value value) {
    if (static_cast<int>(open_.size()) >= max_depth_) {
      error_ = "nested deeper than " + std::to_string(max_depth_) + " levels";
      return false;
    }
    open_.push_back({std::move(value), {}});
    return true;
  }
  bool close() {
    Value value = std::move(open_.back().value);
    open_.pop_back();
    return add(std::move(value));
  }

  int max_depth_;
  std::vector<Open> open_;
  std::string error_;
};

void write(std::string& out, const Value& value, int indent, int level, bool sorted);

void write_string(std::string& out, const std::string& text) {
  out += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void new_line(std::string& out, int indent, int level) {
  if (indent == 0) return;
  out += '\n';
  out.append(static_cast<std::size_t>(indent) * level, ' ');
}

void write_array(std::string& out, const Value& value, int indent, int level, bool sorted) {
  if (value.as_array().empty()) {
    out += "[]";
    return;
  }
  out += '[';
  const char* separator = "";
  for (const auto& item : value.as_array()) {
    out += separator;
    separator = ",";
    new_line(out, indent, level + 1);
    write(out, item, indent, level + 1, sorted);
  }
  new_line(out, indent, level);
  out += ']';
}

void write_object(std::string& out, const Value& value, int indent, int level, bool sorted) {
  std::vector<const Value::Member*> members;
  for (const auto& member : value.as_object()) members.push_back(&member);
  if (members.empty()) {
    out += "{}";
    return;
  }
  if (sorted) std::ranges::sort(members, {}, [](auto* m) -> const std::string& { return m->first; });
  out += '{';
  const char* separator = "";
  for (const auto* member : members) {
    out += separator;
    separator = ",";
    new_line(out, indent, level + 1);
    write_string(out, member->first);
    out += indent == 0 ? ":" : ": ";
    write(out, member->second, indent, level + 1, sorted);
  }
  new_line(out, indent, level);
  out += '}';
}

void write(std::string& out, const Value& value, int indent, int level, bool sorted) {
  if (value.is_array()) {
    write_array(out, value, indent, level, sorted);
  } else if (value.is_object()) {
    write_object(out, value, indent, level, sorted);
  } else if (value.is_string()) {
    write_string(out, value.as_string());
  } else if (value.is_bool()) {
    out += value.as_bool() ? "true" : "false";
  } else if (value.is_integer()) {
    out += std::to_string(value.as_integer());
  } else if (value.is_number()) {
    out += nlohmann::json(value.as_number()).dump();
  } else {
    out += "null";
  }
}

}  // namespace

Value::Value(const std::vector<std::string>& strings) : data_(Array(strings.begin(), strings.end())) {}

Value Value::object(std::initializer_list<Member> members) { return Value(Object(members)); }
Value Value::array(std::initializer_list<Value> items) { return Value(Array(items)); }

bool Value::as_bool(bool fallback) const {
  const auto* value = std::get_if<bool>(&data_);
  return value ? *value : fallback;
}

std::int64_t Value::as_integer(std::int64_t fallback) const {
  if (const auto* value = std::get_if<std::int64_t>(&data_)) return *value;
  if (const auto* value = std::get_if<double>(&data_); value && *value > -9.2e18 && *value < 9.2e18)
    return static_cast<std::int64_t>(*value);
  return fallback;
}

double Value::as_number(double fallback) const {
  if (const auto* value = std::get_if<double>(&data_)) return *value;
  if (const auto* value = std::get_if<std::int64_t>(&data_)) return static_cast<double>(*value);
  return fallback;
}

const std::string& Value::as_string() const {
  const auto* value = std::get_if<std::string>(&data_);
  return value ? *value : empty_string;
}

const Value::Array& Value::as_array() const {
  const auto* value = std::get_if<Array>(&data_);
  return value ? *value : empty_array;
}

const Value::Object& Value::as_object() const {
  const auto* value = std::get_if<Object>(&data_);
  return value ? *value : empty_object;
}

std::vector<std::string> Value::as_strings() const {
  std::vector<std::string> strings;
  for (const auto& item : as_array())
    if (item.is_string()) strings.push_back(item.as_string());
  return strings;
}

const Value& Value::operator[](std::string_view name) const {
  for (const auto& member : as_object())
    if (member.first == name) return member.second;
  return null_value;
}

bool Value::contains(std::string_view name) const {
  return std::ranges::any_of(as_object(), [&](const Member& member) { return member.first == name; });
}

Value& Value::set(std::string_view name, Value value) {
  if (!is_object()) data_ = Object();
  auto& members = std::get<Object>(data_);
  for (auto& member : members)
    if (member.first == name) return member.second = std::move(value);
  return members.emplace_back(std::string(name), std::move(value)).second;
}

void Value::erase(std::string_view name) {
  if (auto* members = object_if()) std::erase_if(*members, [&](const Member& m) { return m.first == name; });
}

void Value::push(Value value) {
  if (!is_array()) data_ = Array();
  std::get<Array>(data_).push_back(std::move(value));
}

Value::Array* Value::array_if() { return std::get_if<Array>(&data_); }
Value::Object* Value::object_if() { return std::get_if<Object>(&data_); }

bool Value::operator==(const Value& other) const {
  if (is_number() && other.is_number()) {
    if (is_integer() && other.is_integer()) return as_integer() == other.as_integer();
    return as_number() == other.as_number();
  }
  if (!is_object() || !other.is_object()) return data_ == other.data_;
  return as_object().size() == other.as_object().size() &&
         std::ranges::all_of(as_object(), [&](const Member& member) {
           return other.contains(member.first) && other[member.first] == member.second;
         });
}

Result<Value> parse_json(std::string_view text, int max_depth) {
  Builder builder(max_depth);
  if (nlohmann::json::sax_parse(text, &builder)) return std::move(builder.root);
  return fail(ErrorKind::invalid, "not valid JSON: " + builder.error());
}

std::string dump(const Value& value, int indent) {
  std::string out;
  write(out, value, indent, 0, false);
  return out;
}

std::string dump_canonical(const Value& value) {
  std::string out;
  write(out, value, 0, 0, true);
  return out;
}

}  // namespace mdl
