#include "core/manifest/tree.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <istream>
#include <optional>
#include <streambuf>
#include <unordered_set>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "core/manifest/quote.hpp"
#include "core/util/text.hpp"

namespace mdl::manifest {
namespace {

constexpr std::size_t most_faults = 100;

// Thrown through the library by the handler; caught in parse_tree.
struct Stop {
  Fault fault;
};

class Bytes : public std::streambuf {
 public:
  explicit Bytes(std::string_view text) {
    auto* begin = const_cast<char*>(text.data());  // NOLINT: only read
    setg(begin, begin, begin + text.size());
  }
};

Place place_of(const YAML::Mark& mark) { return {.line = mark.line + 1, .column = mark.column + 1}; }

class Builder : public YAML::EventHandler {
 public:
  Builder(std::string_view text, const Limits& limits, Tree& tree)
      : text_(text), limits_(limits), tree_(tree) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1)
      throw Stop{{place_of(mark), "a manifest is one YAML document; a second one begins here"}};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    Place place = place_of(mark);
    // The mark of an empty value is that of whatever comes next: its name is the better place.
    if (in_value()) place = frames_.back().node->members.back().place;
    if (awaits_name()) throw Stop{{place, "a field's name is empty"}};
    add({.kind = Node::Kind::null, .place = place});
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    const Place place = place_of(mark);
    if (awaits_name()) throw Stop{{place, "an alias cannot be a field's name"}};
    const bool merge = in_value() && frames_.back().node->members.back().name == "<<";
    if (!merge) fault({place, "aliases are not supported; write the value out"});
    add({.kind = Node::Kind::broken, .place = place});
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& value) override {
    Place place = place_of(mark);
    place.length = length_at(mark, value);
    if (awaits_name()) return name(place, value);
    check_tag(place, tag);
    add({.kind = Node::Kind::scalar,
         .quoted = tag == "!" || tag == "tag:yaml.org,2002:str",
         .place = place,
         .text = value});
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    open(Node::Kind::sequence, mark, tag);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    open(Node::Kind::map, mark, tag);
  }
  void OnSequenceEnd() override { frames_.pop_back(); }
  void OnMapEnd() override { frames_.pop_back(); }

 private:
  struct Frame {
    Node* node;
    bool value_next = false;  // of a map: the name was read, its value comes
    std::unordered_set<std::string> names = {};
  };

  bool awaits_name() const {
    return !frames_.empty() && frames_.back().node->kind == Node::Kind::map && !frames_.back().value_next;
  }
  bool in_value() const { return !frames_.empty() && frames_.back().value_next; }

  void fault(Fault fault) {
    if (tree_.faults.size() < most_faults) tree_.faults.push_back(std::move(fault));
  }

  void check_tag(const Place& place, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!" || tag.starts_with("tag:yaml.org,2002:")) return;
    fault({place, fmt::format("tags such as {} are not supported", quote(tag))});
  }

  void name(const Place& place, const std::string& text) {
    Frame& frame = frames_.back();
    frame.value_next = true;
    const bool merge = text == "<<", repeated = !frame.names.insert(text).second;
    if (merge) fault({place, "merge keys are not supported; write the fields out"});
    if (!merge && repeated && tree_.faults.size() < most_faults) {
      const int line = frame.node->find(text)->place.line;
      fault({place, fmt::format("{} is here twice; the first is in line {}", quote(text), line)});
    }
    frame.node->members.push_back({.name = text, .place = place, .skip = merge || repeated, .value = {}});
  }

  Node& add(Node node) {
    if (++nodes_ > limits_.nodes)
      throw Stop{
          {node.place, fmt::format("a manifest has at most {} values", readable_count(limits_.nodes))}};
    if (frames_.empty()) return tree_.root = std::move(node);
    Frame& frame = frames_.back();
    if (frame.node->kind == Node::Kind::sequence) return frame.node->items.emplace_back(std::move(node));
    frame.value_next = false;
    return frame.node->members.back().value = std::move(node);
  }

  void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag) {
    const Place place = place_of(mark);
    if (awaits_name()) throw Stop{{place, "a field's name must be text, or a bracket is never closed"}};
    if (static_cast<int>(frames_.size()) >= limits_.depth)
      throw Stop{{place, fmt::format("nested more than {} levels deep", limits_.depth)}};
    check_tag(place, tag);
    frames_.push_back({.node = &add({.kind = kind, .place = place})});
  }

  // Of the scalar as it stands in the text, up to the end of its line.
  int length_at(const YAML::Mark& mark, const std::string& value) const {
    const auto begin = static_cast<std::size_t>(mark.pos);
    if (mark.pos < 0 || begin >= text_.size()) return 1;
    if (text_.substr(begin, value.size()) == value) {
      const auto end = value.find('\n');
      return std::max<int>(1, static_cast<int>(end == std::string::npos ? value.size() : end));
    }
    if (text_[begin] != '"' && text_[begin] != '\'') return 1;
    const auto end = closing_quote(begin);
    // The library takes the end of the text for the missing quote.
    if (end == std::string_view::npos) throw Stop{{place_of(mark), "this quote is never closed"}};
    return static_cast<int>(std::min(end + 1, text_.find('\n', begin)) - begin);
  }

  std::size_t closing_quote(std::size_t begin) const {
    const char quote = text_[begin];
    for (std::size_t i = begin + 1; i < text_.size(); ++i) {
      const bool escaped = quote == '"' ? text_[i] == '\\' : text_.substr(i).starts_with("''");
      if (escaped)
        ++i;
      else if (text_[i] == quote)
        return i;
    }
    return std::string_view::npos;
  }

  std::string_view text_;
  const Limits& limits_;
  Tree& tree_;
  std::vector<Frame> frames_;
  int documents_ = 0;
  int nodes_ = 0;
};

Place place_at(std::string_view text, std::size_t position) {
  const auto before = text.substr(0, position);
  const auto newline = before.rfind('\n');
  return {
      .line = static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1,
      .column = static_cast<int>(newline == std::string_view::npos ? position : position - newline - 1) + 1};
}

// The first byte that no manifest holds: control characters other than tab and line ends, and bytes that are
// no UTF-8.
std::optional<Fault> bad_byte(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7f)
      return Fault{place_at(text, i),
                   fmt::format("the control character 0x{:02x} cannot stand in a manifest", byte)};
  }
  if (is_utf8(text)) return std::nullopt;
  // The longest valid beginning, by bisection: a cut inside a character is at most three bytes long.
  std::size_t good = 0, bad = text.size();
  while (bad - good > 4) {
    std::size_t middle = good + (bad - good) / 2;
    while (middle > good && (static_cast<unsigned char>(text[middle]) & 0xc0) == 0x80) --middle;
    if (middle == good) break;
    (is_utf8(text.substr(good, middle - good)) ? good : bad) = middle;
  }
  while (good < bad) {
    std::size_t next = good + 1;
    while (next < text.size() && next < good + 4 && !is_utf8(text.substr(good, next - good))) ++next;
    if (!is_utf8(text.substr(good, next - good))) break;
    good = next;
  }
  return Fault{place_at(text, good), "this is not UTF-8; save the file as UTF-8"};
}

// The library costs most by the token, and takes a whole nest of brackets in before it gives out the first.
std::optional<Fault> too_many_marks(std::string_view text, int most) {
  for (std::size_t i = text.find_first_of("\n,[{"); i != std::string_view::npos;
       i = text.find_first_of("\n,[{", i + 1))
    if (most-- == 0)
      return Fault{place_at(text, i),
                   "this is far more than a manifest needs: over 20,000 lines, lists and fields"};
  return std::nullopt;
}

std::string_view line_at(std::string_view text, int line) {
  for (; line > 1; --line) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

// The library's words for a tab in the indentation speak of something else.
Fault syntax_fault(std::string_view text, const YAML::Exception& error) {
  Place place = error.mark.is_null() ? Place{.line = 1, .column = 1} : place_of(error.mark);
  for (int line = std::max(1, place.line - 1); line <= place.line; ++line) {
    const auto content = line_at(text, line);
    const auto indent = content.substr(0, content.find_first_not_of(" \t"));
    if (const auto tab = indent.find('\t'); tab != std::string_view::npos && indent.size() < content.size())
      return {{.line = line, .column = static_cast<int>(tab) + 1},
              "a tab in the indentation; YAML takes spaces only"};
  }
  return {place, "not valid YAML: " + printable(std::string_view(error.msg).substr(0, 120))};
}

}  // namespace

const Member* Node::find(std::string_view name) const {
  for (const auto& member : members)
    if (member.name == name) return &member;
  return nullptr;
}

Tree parse_tree(std::string_view text, const Limits& limits) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  Tree tree;
  const auto broken = [&tree](Fault fault) {
    tree.root = {.kind = Node::Kind::broken, .place = fault.place};
    tree.faults = {std::move(fault)};
    return std::move(tree);
  };
  if (auto fault = bad_byte(text)) return broken(std::move(*fault));
  if (auto fault = too_many_marks(text, limits.marks)) return broken(std::move(*fault));
  Bytes bytes(text);
  std::istream stream(&bytes);
  Builder builder(text, limits, tree);
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (Stop& stop) {
    return broken(std::move(stop.fault));
  } catch (const YAML::Exception& error) {
    return broken(syntax_fault(text, error));
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    return broken({{.line = 1, .column = 1}, std::string("not valid YAML: ") + error.what()});
  }
  return tree;
}

}  // namespace mdl::manifest
