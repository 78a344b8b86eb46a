#include "core/manifest/tree.hpp"

#include <doctest/doctest.h>
#include <string>

using namespace mdl::manifest;

namespace {

std::string fault_of(std::string_view text) {
  const auto tree = parse_tree(text);
  if (tree.faults.empty()) return "";
  const auto& fault = tree.faults.front();
  return std::to_string(fault.place.line) + ":" + std::to_string(fault.place.column) + ": " + fault.message;
}

int count(const Node& node) {
  int sum = 1;
  for (const auto& item : node.items) sum += count(item);
  for (const auto& member : node.members) sum += count(member.value);
  return sum;
}

std::string repeat(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

}  // namespace

TEST_CASE("manifest tree: values keep their text, their kind and their place") {
  const auto tree = parse_tree("a: 3.10\nb: [x, \"y z\"]\nc:\n  d: 'it''s'\ne:\nf: ~\n");
  REQUIRE(tree.faults.empty());
  const auto& root = tree.root;
  REQUIRE(root.members.size() == 5);
  CHECK(root.members[0].value.text == "3.10");
  CHECK_FALSE(root.members[0].value.quoted);
  CHECK(root.members[0].value.place.column == 4);
  CHECK(root.members[0].value.place.length == 4);
  const auto& list = root.members[1].value;
  CHECK(list.kind == Node::Kind::sequence);
  CHECK(list.items[1].text == "y z");
  CHECK(list.items[1].quoted);
  CHECK(list.items[1].place.column == 8);
  CHECK(list.items[1].place.length == 5);
  const auto& inner = root.find("c")->value.members[0];
  CHECK(inner.place.line == 4);
  CHECK(inner.place.column == 3);
  CHECK(inner.value.text == "it's");
  CHECK(inner.value.place.length == 7);
  CHECK(root.find("e")->value.kind == Node::Kind::null);
  CHECK(root.find("e")->value.place.line == 5);
  CHECK(root.find("f")->value.kind == Node::Kind::null);
  CHECK(root.find("g") == nullptr);
}

TEST_CASE("manifest tree: columns count bytes, after characters of several too") {
  const auto tree = parse_tree("ä: [ö, x]\n");
  REQUIRE(tree.faults.empty());
  CHECK(tree.root.members[0].name == "ä");
  CHECK(tree.root.members[0].place.length == 2);
  CHECK(tree.root.members[0].value.items[1].place.column == 10);
}

TEST_CASE("manifest tree: a byte order mark and Windows line ends do not matter") {
  const auto tree = parse_tree(
      "\xef\xbb\xbf"
      "a: 1\r\nb: 2\r\n");
  REQUIRE(tree.faults.empty());
  CHECK(tree.root.find("a")->place.column == 1);
  CHECK(tree.root.find("b")->value.text == "2");
  CHECK(tree.root.find("b")->place.line == 2);
}

TEST_CASE("manifest tree: what YAML offers and a manifest does not is a located fault, and parsing goes on") {
  CHECK(fault_of("a: 1\nb: 2\na: 3\n") == "3:1: 'a' is here twice; the first is in line 1");
  CHECK(fault_of("a: &x 1\nb: *x\n") == "2:4: aliases are not supported; write the value out");
  CHECK(fault_of("a: &x {b: 1}\nc:\n  <<: *x\n") ==
        "3:3: merge keys are not supported; write the fields out");
  CHECK(fault_of("a: !!python/object:os.system x\n") ==
        "");  // a tag below tag:yaml.org,2002 means nothing here: the value is text
  CHECK(fault_of("a: !secret x\n") == "1:4: tags such as '!secret' are not supported");
  CHECK(fault_of("a: 1\n---\nb: 2\n") == "2:1: a manifest is one YAML document; a second one begins here");
  CHECK(fault_of("[a, b]: 1\n") == "1:1: a field's name must be text, or a bracket is never closed");
  CHECK(fault_of("? {a: 1}\n: 1\n").find("a field's name must be text") != std::string::npos);
  const auto several = parse_tree("a: 1\na: 2\nb: *x\nc: 1\nc: 2\n");
  CHECK(several.faults.size() == 1);  // an unknown anchor is no YAML
  CHECK(parse_tree("a: 1\na: 2\nc: 1\nc: 2\n").faults.size() == 2);
}

TEST_CASE("manifest tree: a syntax error has the library's words, a tab its own") {
  CHECK(fault_of("a: [1, 2\nb: 3\n").find("not valid YAML: ") != std::string::npos);
  CHECK(fault_of("b: 1\na: \"x\n") == "2:4: this quote is never closed");
  CHECK(fault_of("a: 'x\n") == "1:4: this quote is never closed");
  CHECK(fault_of("a: {b: 1\n").find("not valid YAML: ") != std::string::npos);
  CHECK(fault_of("a:\n\tb: 1\n") == "2:1: a tab in the indentation; YAML takes spaces only");
  CHECK(fault_of("a:\n  b: 1\n \tc: 2\n") == "3:2: a tab in the indentation; YAML takes spaces only");
}

TEST_CASE("manifest tree: bytes that no text holds are found before parsing") {
  CHECK(fault_of(std::string_view("a: 1\nb: x\0y\n", 12)) ==
        "2:5: the control character 0x00 cannot stand in a manifest");
  CHECK(fault_of("a: \x1b[31m\n") == "1:4: the control character 0x1b cannot stand in a manifest");
  CHECK(fault_of("a: 1\nb: caf\xe9 au lait\n") == "2:7: this is not UTF-8; save the file as UTF-8");
  CHECK(fault_of("\xff\xfe"
                 "a")
            .starts_with("1:1: this is not UTF-8"));
  CHECK(fault_of(repeat("ä", 50'000) + "\xc3").starts_with("1:100001: this is not UTF-8"));
  CHECK(fault_of(repeat("\x80", 100'000)).starts_with("1:1: this is not UTF-8"));
}

TEST_CASE("manifest tree: hostile texts stop at a limit, and little of them is held") {
  const int many = 250'000;
  for (const std::string_view open : {"[", "{a: ", "- ", "? ", "[{a: "}) {
    const auto tree = parse_tree(repeat(open, many / static_cast<int>(open.size())));
    CHECK(tree.faults.size() == 1);
    CHECK(tree.faults[0].place.line == 1);
    CHECK(count(tree.root) == 1);
  }
  std::string blocks;
  for (int i = 0; i < 100; ++i) blocks += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  CHECK(fault_of(blocks) == "33:33: nested more than 32 levels deep");
  CHECK(fault_of("a: [" + repeat("x,", 15'000) + "]") == "1:20001: a manifest has at most 10,000 values");
  CHECK(fault_of("a: [" + repeat("x,", 100'000) + "]") ==
        "1:40004: this is far more than a manifest needs: over 20,000 lines, lists and fields");
  CHECK(fault_of(repeat("\n", 30'000)) ==
        "20001:1: this is far more than a manifest needs: over 20,000 lines, lists and fields");
  std::string bomb = "a: &a [x, x]\n";
  for (char c = 'b'; c < 'z'; ++c)
    bomb += std::string(1, c) + ": &" + c + " [*" + char(c - 1) + ", *" + char(c - 1) + "]\n";
  const auto aliases = parse_tree(bomb);
  CHECK(aliases.faults.size() == 48);
  CHECK(aliases.faults[0].place.line == 2);
  CHECK(count(aliases.root) < 100);
  std::string twice;
  for (int i = 0; i < 4'500; ++i) twice += "k" + std::to_string(i) + ": 1\n";
  for (int i = 0; i < 4'500; ++i) twice += "k4499: 1\n";
  CHECK(parse_tree(twice).faults.size() == 100);
}

TEST_CASE("manifest tree: an empty text is an empty root") {
  for (const std::string_view text : {"", "\n\n", "# only a comment\n", "---\n", "~"}) {
    const auto tree = parse_tree(text);
    CHECK(tree.faults.empty());
    CHECK(tree.root.kind == Node::Kind::null);
  }
}
