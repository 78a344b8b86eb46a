#include "providers/aws/client/xml.hpp"

#include <cstdint>

#include "core/util/text.hpp"

namespace mdl::aws {

namespace {

constexpr int max_depth = 64;
constexpr std::string_view blanks = " \t\r\n";

void append_utf8(std::string& out, std::uint32_t code) {
  const auto more = [&](int shift) { out += static_cast<char>(0x80 | ((code >> shift) & 0x3f)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | (code >> 6));
    more(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | (code >> 12));
    more(6), more(0);
  } else {
    out += static_cast<char>(0xf0 | (code >> 18));
    more(12), more(6), more(0);
  }
}

std::optional<std::uint32_t> code_point(std::string_view entity) {
  const bool hex = entity.starts_with("#x") || entity.starts_with("#X");
  const auto digits = entity.substr(hex ? 2 : 1);
  if (digits.empty() || digits.size() > 7) return std::nullopt;
  std::uint32_t code = 0;
  for (const char c : digits) {
    const auto digit = std::string_view("0123456789abcdefABCDEF").find(c);
    if (digit == std::string_view::npos || (!hex && digit > 9)) return std::nullopt;
    code = code * (hex ? 16 : 10) + static_cast<std::uint32_t>(digit > 15 ? digit - 6 : digit);
  }
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  if (code == 0 || code > 0x10ffff || surrogate) return std::nullopt;
  return code;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  std::optional<Xml> document() {
    skip_misc();
    Xml root;
    if (!element(root, 0)) return std::nullopt;
    skip_misc();
    if (!rest_.empty()) return std::nullopt;
    return root;
  }

 private:
  bool take(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  void skip_blanks() {
    const auto end = rest_.find_first_not_of(blanks);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end);
  }
  // Everything up to and including `end`; false when it does not come.
  bool skip_past(std::string_view end, std::string* into = nullptr) {
    const auto found = rest_.find(end);
    if (found == std::string_view::npos) return false;
    if (into) into->append(rest_.substr(0, found));
    rest_.remove_prefix(found + end.size());
    return true;
  }
  void skip_misc() {
    for (;;) {
      skip_blanks();
      if (rest_.starts_with("<?")) {
        if (!skip_past("?>")) return;
      } else if (!rest_.starts_with("<!--") || !skip_past("-->")) {
        return;
      }
    }
  }
  // A name without its prefix.
  std::string name() {
    const auto end = std::min(rest_.find_first_of(" \t\r\n/>=<"), rest_.size());
    auto found = rest_.substr(0, end);
    rest_.remove_prefix(end);
    if (const auto colon = found.rfind(':'); colon != std::string_view::npos) found.remove_prefix(colon + 1);
    return std::string(found);
  }
  bool attributes() {
    for (skip_blanks(); !rest_.empty() && rest_[0] != '>' && rest_[0] != '/'; skip_blanks()) {
      if (name().empty()) return false;
      skip_blanks();
      if (!take("=")) return false;
      skip_blanks();
      if (rest_.empty() || (rest_[0] != '"' && rest_[0] != '\'')) return false;
      const char quote = rest_[0];
      rest_.remove_prefix(1);
      if (!skip_past(std::string_view(&quote, 1))) return false;
    }
    return true;
  }
  bool element(Xml& into, int depth) {
    if (depth >= max_depth || !take("<")) return false;
    into.name = name();
    if (into.name.empty() || !attributes()) return false;
    if (take("/>")) return true;
    return take(">") && content(into, depth);
  }
  bool content(Xml& into, int depth) {
    while (!rest_.empty()) {
      if (take("</")) {
        const bool closes = name() == into.name;
        skip_blanks();
        return closes && take(">");
      }
      if (take("<!--")) {
        if (!skip_past("-->")) return false;
      } else if (take("<![CDATA[")) {
        if (!skip_past("]]>", &into.text)) return false;
      } else if (take("<?")) {
        if (!skip_past("?>")) return false;
      } else if (rest_[0] == '<') {
        if (!element(into.children.emplace_back(), depth + 1)) return false;
      } else if (!characters(into.text)) {
        return false;
      }
    }
    return false;
  }
  bool characters(std::string& into) {
    const auto end = std::min(rest_.find_first_of("<&"), rest_.size());
    into.append(rest_.substr(0, end));
    rest_.remove_prefix(end);
    if (rest_.empty() || rest_[0] != '&') return true;
    const auto semicolon = rest_.find(';');
    if (semicolon == std::string_view::npos) return false;
    const auto entity = rest_.substr(1, semicolon - 1);
    rest_.remove_prefix(semicolon + 1);
    if (entity == "lt") return into += '<', true;
    if (entity == "gt") return into += '>', true;
    if (entity == "amp") return into += '&', true;
    if (entity == "quot") return into += '"', true;
    if (entity == "apos") return into += '\'', true;
    const auto code = entity.starts_with('#') ? code_point(entity) : std::nullopt;
    if (code) append_utf8(into, *code);
    return code.has_value();
  }

  std::string_view rest_;
};

}  // namespace

const Xml* Xml::find(std::string_view wanted) const {
  for (const auto& child : children) {
    if (child.name == wanted) return &child;
    if (const auto* below = child.find(wanted)) return below;
  }
  return nullptr;
}

const std::string& Xml::text_of(std::string_view wanted) const {
  static const std::string none;
  const auto* found = find(wanted);
  return found ? found->text : none;
}

std::optional<Xml> parse_xml(std::string_view text) { return Parser(text).document(); }

}  // namespace mdl::aws
