#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// JSON as a view of the text it was parsed from: an event of 6 MB is read without being copied, and what is
// not looked at stays byte for byte what it was.
namespace mdl::aws::runtime {

class Json {
 public:
  enum class Type { null, boolean, number, string, array, object };
  using Member = std::pair<std::string, Json>;

  // One document with nothing but blanks around it, nested at most 256 deep; nullopt for anything else. The
  // text must outlive what is made from it.
  static std::optional<Json> parse(std::string_view text);
  Json() = default;  // null

  Type type() const;
  bool is_string() const { return type() == Type::string; }
  bool is_object() const { return type() == Type::object; }
  bool is_true() const { return raw_ == "true"; }
  std::string_view raw() const { return raw_; }

  // The member; null when this is no object or has none of that name. Of several with one name the last.
  Json operator[](std::string_view name) const;
  std::vector<Member> members() const;  // empty when this is no object
  std::vector<Json> items() const;      // empty when this is no array
  // A string's text as UTF-8, with U+FFFD for half a surrogate pair; of other values the raw text, of null
  // "".
  std::string text() const;

 private:
  explicit Json(std::string_view raw) : raw_(raw) {}
  std::string_view raw_ = "null";
};

// In quotes, and valid whatever the bytes are: those that are not UTF-8 become U+FFFD.
void append_quoted(std::string& out, std::string_view text);
// The same value without blanks between its parts.
std::string minified(Json value);
bool is_valid_utf8(std::string_view text);

}  // namespace mdl::aws::runtime
