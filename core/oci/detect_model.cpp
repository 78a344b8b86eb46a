#include <algorithm>
#include <array>
#include <string_view>

#include "core/oci/detect_files.hpp"
#include "core/oci/directory.hpp"
#include "core/oci/ignore.hpp"
#include "core/oci/selection_rules.hpp"

namespace mdl::oci {

namespace {

constexpr std::uint64_t large = 10'000'000;
constexpr int deepest = 8;
constexpr int most_entries =
    50'000;  // looked at in all: detection is a help, and a huge tree need not be known by heart

constexpr std::array<std::string_view, 10> weight_ends{".gguf", ".safetensors", ".onnx", ".pkl",   ".joblib",
                                                       ".pt",   ".pth",         ".h5",   ".keras", ".tflite"};
constexpr std::array<std::string_view, 3> weight_folders{"weights", "model", "models"};

bool ends_like_weights(std::string_view name) {
  return std::ranges::any_of(weight_ends, [&](std::string_view end) { return name.ends_with(end); });
}

struct Content {
  DetectedModel all;  // every file of the folder
  bool ignored = false;
  bool code = false;                   // it has Python files: a package, whatever its name
  std::vector<DetectedModel> weights;  // file by file
};

class Search {
 public:
  // `ignored`: a rule excludes the folder itself.
  Content look(const Directory& directory, const std::string& folder, FolderRules rules, bool ignored,
               int depth) {
    Content content{.all = {.path = folder + '/'}, .ignored = ignored};
    const auto entries = directory.entries();
    if (!entries || has_file(*entries, "pyvenv.cfg") || depth > deepest) return content;
    // Rules that cannot be read hold nothing back here; a deploy reports them.
    if (has_file(*entries, ".gitignore")) (void)rules.add_gitignore(directory.path() + "/.gitignore", folder);
    if (has_file(*entries, ".mdlignore")) (void)rules.add_mdlignore(directory.path() + "/.mdlignore", folder);
    for (const auto& entry : *entries) {
      if (++seen_ > most_entries) break;
      if (is_never_selected(entry.name) || entry.name == "node_modules" || entry.name.starts_with('.'))
        continue;
      const auto path = path_below(folder, entry.name);
      if (entry.type == EntryType::file) look_at_file(directory, entry.name, path, rules, content);
      if (entry.type == EntryType::folder) look_at_folder(directory, entry.name, path, rules, depth, content);
    }
    return content;
  }

 private:
  void look_at_file(const Directory& directory, const std::string& name, const std::string& path,
                    const FolderRules& rules, Content& content) {
    content.code = content.code || name.ends_with(".py");
    const auto status = directory.status(name);
    if (!status) return;
    const DetectedModel file{.path = path, .files = 1, .bytes = static_cast<std::uint64_t>(status->st_size)};
    ++content.all.files;
    content.all.bytes += file.bytes;
    // Weights are often kept out of the repository; any other large file that is ignored is not meant to be
    // deployed.
    const bool weights = ends_like_weights(name) ||
                         (file.bytes > large && !content.ignored && !rules.ignore(path).value_or(false));
    if (weights) content.weights.push_back(file);
  }

  void look_at_folder(const Directory& directory, const std::string& name, const std::string& path,
                      const FolderRules& rules, int depth, Content& content) {
    const auto inner = directory.enter(name);
    if (!inner) return;
    const bool ignored = content.ignored || rules.ignore(path + '/').value_or(false);
    auto found = look(*inner, path, rules, ignored, depth + 1);
    content.code = content.code || found.code;
    content.all.files += found.all.files;
    content.all.bytes += found.all.bytes;
    const bool named = std::ranges::find(weight_folders, name) != weight_folders.end();
    if (named && !found.code && found.all.files > 0) found.weights = {found.all};
    std::ranges::move(found.weights, std::back_inserter(content.weights));
  }

  int seen_ = 0;
};

}  // namespace

std::vector<DetectedModel> detect_model(const std::string& folder) {
  const auto directory = Directory::open(folder);
  if (!directory) return {};
  auto weights = Search().look(*directory, "", FolderRules(), false, 0).weights;
  std::ranges::sort(weights, [](const DetectedModel& a, const DetectedModel& b) {
    return a.bytes != b.bytes ? a.bytes > b.bytes : a.path < b.path;
  });
  return weights;
}

}  // namespace mdl::oci
