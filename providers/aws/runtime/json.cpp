#include "providers/aws/runtime/json.hpp"

#include <cstdint>
#include <cstring>

namespace mdl::aws::runtime {

namespace {

constexpr int deepest = 256;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// Four hex digits; -1 for anything else.
int hex4(std::string_view text) {
  if (text.size() < 4) return -1;
  int value = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = hex_digit(text[static_cast<std::size_t>(i)]);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

class Checker {
 public:
  explicit Checker(std::string_view text) : text_(text) {}

  bool document() {
    blanks();
    const auto begin = at_;
    if (!value(0)) return false;
    found_ = text_.substr(begin, at_ - begin);
    blanks();
    return at_ == text_.size();
  }
  std::string_view found() const { return found_; }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (peek() != c || at_ >= text_.size()) return false;
    ++at_;
    return true;
  }
  void blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }
  bool word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  bool value(int depth) {
    switch (peek()) {
      case '{':
        return depth < deepest && object(depth);
      case '[':
        return depth < deepest && array(depth);
      case '"':
        return string();
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }

  bool object(int depth) {
    ++at_;
    blanks();
    if (take('}')) return true;
    do {
      blanks();
      if (!string()) return false;
      blanks();
      if (!take(':')) return false;
      blanks();
      if (!value(depth + 1)) return false;
      blanks();
    } while (take(','));
    return take('}');
  }

  bool array(int depth) {
    ++at_;
    blanks();
    if (take(']')) return true;
    do {
      blanks();
      if (!value(depth + 1)) return false;
      blanks();
    } while (take(','));
    return take(']');
  }

  bool string() {
    if (!take('"')) return false;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c == '\\' && !escape()) return false;
    }
    return false;
  }

  bool escape() {
    const char c = peek();
    ++at_;
    if (c != 'u') return c != '\0' && std::strchr("\"\\/bfnrt", c) != nullptr;
    if (hex4(text_.substr(std::min(at_, text_.size()))) < 0) return false;
    at_ += 4;
    return true;
  }

  bool digits() {
    const auto begin = at_;
    while (is_digit(peek())) ++at_;
    return at_ > begin;
  }

  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      return digits();
    }
    return true;
  }

  std::string_view text_, found_;
  std::size_t at_ = 0;
};

// Behind the string that begins at `at`. The text is known to be valid.
std::size_t skip_string(std::string_view text, std::size_t at) {
  for (auto from = at + 1;;) {
    const auto quote = text.find('"', from);
    auto before = quote;
    while (text[before - 1] == '\\') --before;
    if ((quote - before) % 2 == 0 || before == at) return quote + 1;
    from = quote + 1;
  }
}

std::size_t skip_value(std::string_view text, std::size_t at) {
  int depth = 0;
  do {
    const char c = text[at];
    if (c == '"') {
      at = skip_string(text, at);
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    ++at;
    if (depth == 0 && c != '}' && c != ']')
      while (at < text.size() && std::strchr(",]} \t\r\n", text[at]) == nullptr) ++at;
  } while (depth > 0);
  return at;
}

std::size_t skip_blanks(std::string_view text, std::size_t at) {
  while (at < text.size() && (is_blank(text[at]) || text[at] == ',' || text[at] == ':')) ++at;
  return at;
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xC0 | code >> 6);
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 63));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 63));
    put(0x80 | (code >> 6 & 63));
  }
  put(0x80 | (code & 63));
}

// Appends what an escape stands for; `at` is behind the backslash. Returns where the text goes on.
std::size_t append_escaped(std::string& out, std::string_view text, std::size_t at) {
  constexpr std::string_view names = "bfnrt", values = "\b\f\n\r\t";
  if (text[at] != 'u') {
    const auto known = names.find(text[at]);
    out += known == std::string_view::npos ? text[at] : values[known];
    return at + 1;
  }
  auto code = static_cast<std::uint32_t>(hex4(text.substr(at + 1)));
  at += 5;
  if (code >= 0xD800 && code < 0xDC00 && text.substr(at, 2) == "\\u") {
    const int low = hex4(text.substr(at + 2));
    if (low >= 0xDC00 && low < 0xE000) {
      code = 0x10000 + ((code - 0xD800) << 10) + (static_cast<std::uint32_t>(low) - 0xDC00);
      at += 6;
    }
  }
  append_utf8(out, code >= 0xD800 && code < 0xE000 ? 0xFFFD : code);
  return at;
}

// How many bytes the character at the beginning has; 0 when it is not UTF-8.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  const auto second = byte(1);
  const bool wrong = (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
                     (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F);
  return wrong ? 0 : length;
}

}  // namespace

std::optional<Json> Json::parse(std::string_view text) {
  Checker checker(text);
  if (!checker.document()) return std::nullopt;
  return Json(checker.found());
}

Json::Type Json::type() const {
  switch (raw_.front()) {
    case '{':
      return Type::object;
    case '[':
      return Type::array;
    case '"':
      return Type::string;
    case 't':
    case 'f':
      return Type::boolean;
    case 'n':
      return Type::null;
    default:
      return Type::number;
  }
}

std::vector<Json::Member> Json::members() const {
  std::vector<Member> all;
  if (!is_object()) return all;
  for (auto at = skip_blanks(raw_, 1); raw_[at] != '}'; at = skip_blanks(raw_, at)) {
    const auto colon = skip_string(raw_, at);
    const auto begin = skip_blanks(raw_, colon);
    const auto end = skip_value(raw_, begin);
    all.emplace_back(Json(raw_.substr(at, colon - at)).text(), Json(raw_.substr(begin, end - begin)));
    at = end;
  }
  return all;
}

Json Json::operator[](std::string_view name) const {
  Json found;
  for (const auto& [key, value] : members())
    if (key == name) found = value;
  return found;
}

std::vector<Json> Json::items() const {
  std::vector<Json> all;
  if (type() != Type::array) return all;
  for (auto at = skip_blanks(raw_, 1); raw_[at] != ']'; at = skip_blanks(raw_, at)) {
    const auto end = skip_value(raw_, at);
    all.push_back(Json(raw_.substr(at, end - at)));
    at = end;
  }
  return all;
}

std::string Json::text() const {
  if (type() == Type::null) return {};
  if (!is_string()) return std::string(raw_);
  const auto inner = raw_.substr(1, raw_.size() - 2);
  std::string out;
  out.reserve(inner.size());
  for (std::size_t at = 0; at < inner.size();) {
    const auto escape = std::min(inner.find('\\', at), inner.size());
    out.append(inner, at, escape - at);
    at = escape == inner.size() ? escape : append_escaped(out, inner, escape + 1);
  }
  return out;
}

void append_quoted(std::string& out, std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  out += '"';
  while (!text.empty()) {
    const char c = text.front();
    const auto length = utf8_length(text);
    if (length == 0)
      out += "\xEF\xBF\xBD";
    else if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (c == '\n')
      out += "\\n";
    else if (c == '\r')
      out += "\\r";
    else if (c == '\t')
      out += "\\t";
    else if (static_cast<unsigned char>(c) < 0x20)
      ((out += "\\u00") += hex[static_cast<unsigned char>(c) >> 4]) += hex[c & 15];
    else
      out += text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

std::string minified(Json value) {
  const auto text = value.raw();
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text[at] == '"' ? skip_string(text, at) : at + 1;
    if (!is_blank(text[at])) out += text.substr(at, end - at);
    at = end;
  }
  return out;
}

bool is_valid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto length = utf8_length(text.substr(at, 4));
    if (length == 0) return false;
    at += length;
  }
  return true;
}

}  // namespace mdl::aws::runtime
