#include "tests/fakes/weights.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "core/model/header_cache.hpp"
#include "core/model/memory.hpp"
#include "tests/unit/oci/tree.hpp"

using namespace mdl;
using oci::test::Tree;

namespace {

model::WeightsFile file(const Tree& tree, const std::string& path) {
  return {.path = path, .source = tree.at(path), .bytes = std::filesystem::file_size(tree.at(path))};
}

void make_old(const std::string& path) {
  const timespec times[2]{{1'000'000'000, 0}, {1'000'000'000, 0}};
  REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
}

}  // namespace

TEST_CASE("model: the parts of a GGUF are one model, and a missing one is said") {
  const Tree tree;
  tree.write("m-00001-of-00002.gguf", fakes::small_model().u16("split.count", 2).bytes());
  fakes::Gguf second;
  second.u16("split.no", 1).u16("split.count", 2).tensor("x", {32, 10}, 0, 1280);
  tree.write("m-00002-of-00002.gguf", second.bytes());
  const std::vector<model::WeightsFile> both{file(tree, "m-00001-of-00002.gguf"),
                                             file(tree, "m-00002-of-00002.gguf")};
  const auto found = model::look_at(both);
  CHECK(found.faults.empty());
  REQUIRE(found.models.size() == 1);
  CHECK(found.models[0].files == 2);
  CHECK(found.models[0].bytes == both[0].bytes + both[1].bytes);
  REQUIRE(found.models[0].header);
  CHECK(found.models[0].header->parameters == 4224 + 320);
  CHECK(found.models[0].header->context == 2048);
  const auto half = model::look_at(std::span(both).subspan(1));
  REQUIRE(half.faults.size() == 1);
  CHECK(half.faults[0].error.message == "part 1 of its 2 is missing");
}

TEST_CASE(
    "model: shards of safetensors are one model with their config, and the index is held against the files") {
  const Tree tree;
  const auto shard = fakes::safetensors(R"({"a":{"dtype":"F16","shape":[8],"data_offsets":[0,16]}})", 16);
  tree.write("w/model-00001-of-00002.safetensors", shard);
  tree.write("w/model-00002-of-00002.safetensors", shard);
  tree.write("w/config.json", R"({"hidden_size":64,"num_hidden_layers":1,"num_attention_heads":1})");
  tree.write("w/model.safetensors.index.json",
             R"({"weight_map":{"a":"model-00001-of-00002.safetensors","b":"gone.safetensors"}})");
  std::vector<model::WeightsFile> files;
  for (const auto* name : {"config.json", "model-00001-of-00002.safetensors",
                           "model-00002-of-00002.safetensors", "model.safetensors.index.json"})
    files.push_back(file(tree, std::string("w/") + name));
  const auto found = model::look_at(files);
  REQUIRE(found.models.size() == 1);
  REQUIRE(found.models[0].header);
  CHECK(found.models[0].header->parameters == 16);
  CHECK(found.models[0].header->full.layers == 1);
  REQUIRE(found.faults.size() == 1);
  CHECK(found.faults[0].error.message == "it names 'gone.safetensors', which is not there");
}

TEST_CASE("model: formats that can hold pickled objects are named") {
  const Tree tree;
  for (const auto* name : {"a.pt", "b.joblib", "c.onnx", "d.PKL"}) tree.write(name);
  tree.write("e.bin", "PK\3\4 an archive");
  tree.write("f.bin", "other");
  std::vector<model::WeightsFile> files;
  for (const auto* name : {"a.pt", "b.joblib", "c.onnx", "d.PKL", "e.bin", "f.bin"})
    files.push_back(file(tree, name));
  const auto found = model::look_at(files);
  CHECK(found.pickles == std::vector<std::string>{"a.pt", "b.joblib", "d.PKL", "e.bin"});
  CHECK(found.bytes == 4 + 15 + 5);
}

TEST_CASE("model: an unchanged file is not opened again, and one with its time set back is") {
  const Tree tree;
  tree.write("m.gguf", fakes::small_model().bytes());
  make_old(tree.at("m.gguf"));
  const auto cache = tree.at("cache/headers");
  const auto later = [] { return model::file_clock_ns() + 3'000'000'000; };
  const auto look = [&](std::int64_t now) {
    return model::look_at(std::vector{file(tree, "m.gguf")}, cache, now);
  };
  CHECK(look(0).models[0].header);  // changed a moment ago: not remembered
  CHECK(!exists(cache));
  CHECK(look(later()).models[0].header->context == 2048);
  // Another header in the cache shows that the file is not asked.
  auto text = tree.read("cache/headers");
  text.replace(text.find("2048"), 4, "4242");
  tree.write("cache/headers", text);
  CHECK(look(later()).models[0].header->context == 4242);
  tree.write("m.gguf", tree.read("m.gguf"));
  make_old(tree.at("m.gguf"));  // the change time moves although the time of writing is as before
  CHECK(look(later()).models[0].header->context == 2048);
  tree.write("cache/headers", "{broken");
  CHECK(look(later()).models[0].header->context == 2048);
}

TEST_CASE("model: the memory is weights, cache and runtime, with what is assumed said") {
  model::Header header{.format = model::Format::gguf,
                       .context = 32'768,
                       .full = {.layers = 3, .width = 1536},
                       .sliding = {.layers = 15, .width = 7680},
                       .window = 512};
  model::Findings found;
  found.models.push_back({.path = "m.gguf", .bytes = 253'000'000, .header = header});
  const auto assumed = model::memory_needed(found, {0}, 4);
  REQUIRE(assumed);
  CHECK(assumed->context == 4096);
  CHECK(!assumed->context_stated);
  CHECK(assumed->cache == 4ull * 2 * (1536 * 4096 + 7680 * 1024));
  CHECK(assumed->weights == 253'000'000);
  CHECK(assumed->total() == assumed->weights + assumed->cache + assumed->runtime);
  CHECK(assumed->complete);
  const auto stated = model::memory_needed(found, {512}, 1);
  CHECK(stated->context_stated);
  CHECK(stated->cache == 2ull * (1536 + 7680) * 512);
  found.models[0].header->full.width = ~0ull;
  CHECK(model::memory_needed(found, {~0ull}, 1'000'000)->total() > 1ull << 62);
  found.models[0].header.reset();
  CHECK(!model::memory_needed(found, {}, 1)->complete);
  CHECK(!model::memory_needed({}, {}, 1));
}

TEST_CASE("model: a model is described in a line") {
  model::Model gemma{
      .path = "g.gguf",
      .bytes = 253'113'024,
      .header = model::Header{
          .name = "Gemma 3 270m", .quantisation = "Q4_K_M", .parameters = 268'098'176, .context = 32'768}};
  CHECK(model::description(gemma) ==
        "g.gguf: GGUF, Gemma 3 270m, 268 M parameters, Q4_K_M, context 32,768, 253.1 MB");
  CHECK(model::description({.path = "m.onnx", .files = 1, .bytes = 10}) == "m.onnx: 10 B");
}

TEST_CASE(
    "model: of a file that is not here the header is read from its beginning, as far as that is needed") {
  const auto small = fakes::small_model().bytes();
  const auto large = fakes::small_model().texts("tokenizer.ggml.more", 200'000).bytes();
  REQUIRE(large.size() > (2u << 20));
  for (const auto* data : {&small, &large}) {
    std::vector<std::uint64_t> asked;
    const auto beginning = [&](std::uint64_t bytes) -> Result<std::string> {
      asked.push_back(bytes);
      return data->substr(0, bytes);
    };
    const std::vector<model::WeightsFile> files{
        {.path = "m.gguf", .source = "/nowhere/m", .bytes = data->size(), .beginning = beginning}};
    const auto found = model::look_at(files);
    REQUIRE(found.models.size() == 1);
    REQUIRE(found.models[0].header);
    CHECK(found.models[0].header->parameters == 4224);
    CHECK(found.faults.empty());
    if (data == &small) CHECK(asked == std::vector<std::uint64_t>{small.size()});
    if (data == &large) CHECK(asked == std::vector<std::uint64_t>{1u << 20, large.size()});
  }
}

TEST_CASE("model: a beginning that contradicts itself is wrong, one that cannot be had is no fault") {
  const auto data = fakes::small_model().bytes();
  std::vector<model::WeightsFile> files{
      {.path = "m.gguf", .source = "", .bytes = 4000, .beginning = [&](std::uint64_t bytes) {
         return Result<std::string>(data.substr(0, bytes));
       }}};
  auto found = model::look_at(files);
  REQUIRE(found.faults.size() == 1);
  CHECK(found.faults[0].error.message.contains("the file is cut short or wrong"));
  files[0].beginning = [](std::uint64_t) { return fail(ErrorKind::refused, "no parts"); };
  found = model::look_at(files);
  CHECK(found.faults.empty());
  REQUIRE(found.models.size() == 1);
  CHECK_FALSE(found.models[0].header);
}
