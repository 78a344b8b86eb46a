#include "core/manifest/layer.hpp"
#include "core/manifest/load.hpp"
#include "core/manifest/resolve.hpp"
#include "tests/fuzz/targets.hpp"

namespace mdl::fuzz {

std::string manifest(std::string_view bytes) {
  using namespace mdl::manifest;
  if (bytes.size() > Limits{}.bytes) return "";
  std::vector<std::unique_ptr<File>> files;
  files.push_back(std::make_unique<File>("mdl.yaml", std::string(bytes)));
  const auto tree = parse_tree(files[0]->text());
  Problems problems;
  for (const auto& fault : tree.faults) problems.add({files[0].get(), fault.place}, "", fault.message);
  const std::map<std::string, std::string> environment{{"A", "value"}, {"EMPTY", ""}};
  for (const auto kind : {Kind::manifest, Kind::root, Kind::part, Kind::user, Kind::overriding}) {
    const ReadOptions options{
        .kind = kind, .target = "local", .environment = &environment, .root = nullptr, .provider = "local"};
    const auto layer = read_layer(tree.root, *files[0], options, problems);
    Resolved resolved;
    resolved.file = files[0].get();
    resolved.service.target.name = "local";
    std::vector<const std::vector<Assignment>*> layers{&layer.assignments};
    if (const auto* target = layer.find("local")) layers.push_back(&target->assignments);
    assign(layers, resolved);
    dump_canonical(release_config(resolved.service));
  }
  const auto shown = problems.take(files);
  if (shown.size() > 51) return "more problems than may be shown";
  for (const auto& problem : shown) {
    const auto text = format(problem);
    if (text.size() > 8'000) return "a problem that is too long: " + text;
    for (const char c : text)
      if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t')
        return "a control character in: " + text;
    if (!problem.where) continue;
    if (problem.where->line < 1 || problem.where->column < 1 || problem.where->length < 1)
      return "no place: " + text;
  }
  return "";
}

}  // namespace mdl::fuzz
