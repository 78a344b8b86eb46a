#include "providers/aws/note.hpp"

#include <algorithm>
#include <doctest/doctest.h>

#include "providers/aws/render.hpp"

using namespace mdl;

namespace {

std::vector<plan::Desired> rendered(int retention, const std::string& tag = "x") {
  manifest::Service service;
  service.name = "hello";
  service.http.handler = "app.handler";
  service.target = {
      .name = "eu",
      .provider = "aws",
      .settings = Value::object({{"log-retention", retention}, {"tags", Value::object({{"team", tag}})}})};
  return aws::render(service, {.number = 3, .artifact = "abc"},
                     aws::names_of({"hello", "eu"}, "eu-central-1"));
}

std::vector<plan::Observed> as_they_are(const std::vector<plan::Desired>& all) {
  std::vector<plan::Observed> seen;
  for (const auto& one : all) seen.push_back({.id = one.id, .release = one.release, .spec = one.spec});
  return seen;
}

const auto names = aws::names_of({"hello", "eu"}, "eu-central-1");

}  // namespace

TEST_CASE("aws note: it comes after all that it names, and says nothing of what a release owns") {
  const auto note = rendered(30).back();
  CHECK(note.id == plan::ResourceId{"parameter", "/mdl/hello/eu/shared"});
  CHECK(note.follows);
  CHECK(note.serves);
  const auto told = aws::noted(dump(note.spec));
  REQUIRE(told.size() == 4);
  CHECK(note.needs.size() == 4);
  for (const auto& one : told) CHECK(aws::is_noted(one.id.kind));
  const auto other = aws::note_for(
      names, aws::render({}, {.number = 9, .artifact = "z"}, aws::names_of({"hello", "eu"}, "eu-central-1")));
  REQUIRE(other);
  CHECK(other->spec["digest"].as_string().size() == 16);
}

TEST_CASE("aws note: it differs when a shared setting does, and when what is there is not what it says") {
  const auto thirty = rendered(30), seven = rendered(7);
  CHECK(thirty.back().spec["digest"] != seven.back().spec["digest"]);
  auto there = as_they_are(thirty);
  const auto text = dump(thirty.back().spec);
  CHECK(aws::differences(thirty.back(), aws::note_seen(names, text, there)).empty());
  CHECK(aws::differences(seven.back(), aws::note_seen(names, text, there)).size() == 1);
  for (auto& one : there)
    if (one.id.kind == "log-group") one.spec.set("retention_days", 1);
  CHECK(aws::differences(thirty.back(), aws::note_seen(names, text, there)).size() == 1);
  CHECK(aws::differences(thirty.back(), aws::note_seen(names, "no note", there)).size() == 1);
}

TEST_CASE("aws note: without room for it there is none") {
  CHECK(rendered(30, std::string(5'000, 'x')).back().id.kind == "url");
}
