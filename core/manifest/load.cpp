#include "core/manifest/load.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>

#include "core/manifest/expand.hpp"
#include "core/manifest/layer.hpp"
#include "core/manifest/overrides.hpp"
#include "core/manifest/quote.hpp"
#include "core/manifest/resolve.hpp"
#include "core/manifest/rules.hpp"
#include "core/manifest/values.hpp"
#include "core/util/files.hpp"
#include "core/util/text.hpp"

namespace mdl::manifest {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view file_name = "mdl.yaml";

struct Document {
  File* file = nullptr;
  Tree tree;
  std::string folder;  // absolute
};

class Loader {
 public:
  explicit Loader(const LoadOptions& options) : options_(options) {}

  std::expected<Project, std::vector<Problem>> load(const std::string& path) {
    const auto main = read_document(shown_path(path), {});
    if (!main) return std::unexpected(problems_.take(files_));
    const auto parts = read_parts(*main);
    choose_target(*main, parts);
    ReadOptions read{.kind = is_project(*main) ? Kind::root : Kind::manifest,
                     .target = target_,
                     .environment = &options_.environment,
                     .root = nullptr,
                     .provider = {}};
    const Layer shared = read_layer(main->tree.root, *main->file, read, problems_);
    const Layer user = read_user_config(read);
    std::vector<Resolved> services;
    if (read.kind == Kind::manifest) {
      services.push_back(resolve(*main, nullptr, shared, user));
    } else {
      read.kind = Kind::part;
      read.root = &shared;
      for (const auto& part : parts)
        services.push_back(
            resolve(part, &shared, read_layer(part.tree.root, *part.file, read, problems_), user));
    }
    services = order_by_needs(std::move(services), all_read_, problems_);
    if (problems_.any()) return std::unexpected(problems_.take(files_));
    return project(main->folder, std::move(services));
  }

  std::vector<std::string> target_names(const std::string& path) {
    if (const auto main = read_document(shown_path(path), {})) choose_target(*main, read_parts(*main));
    return targets_;
  }

 private:
  // ---- files

  static std::string shown_path(const std::string& path) {
    std::error_code error;
    if (!fs::is_directory(path.empty() ? "." : path, error)) return path;
    if (path.empty() || path == ".") return std::string(file_name);
    return (fs::path(path) / file_name).string();
  }

  std::optional<Document> read_document(const std::string& shown, const At& named_at) {
    auto text = read_file(shown, Limits{}.bytes);
    if (!text) {
      const bool absent = text.error().kind == ErrorKind::not_found,
                 large = text.error().kind == ErrorKind::invalid;
      const auto message = absent  ? fmt::format("there is no manifest {}{}", quote(shown),
                                                named_at.file ? "" : "; mdl init writes one")
                           : large ? std::string("a manifest has at most 256 KiB")
                                   : fmt::format("cannot read {}: {}", quote(shown), text.error().quoted);
      if (large) files_.push_back(std::make_unique<File>(shown, ""));
      problems_.add(large ? At{files_.back().get(), {.line = 1, .column = 1}} : named_at, "", message);
      return std::nullopt;
    }
    files_.push_back(std::make_unique<File>(shown, std::move(*text)));
    Document out{.file = files_.back().get(), .tree = {}, .folder = {}};
    out.tree = parse_tree(out.file->text());
    for (auto& fault : out.tree.faults) problems_.add({out.file, fault.place}, "", std::move(fault.message));
    std::error_code error;
    out.folder = fs::canonical(fs::absolute(shown, error).parent_path(), error).string();
    return out;
  }

  static bool is_project(const Document& document) { return document.tree.root.find("services") != nullptr; }

  // The manifests that `services` names. What is wrong with the list itself is said when the table reads it.
  std::vector<Document> read_parts(const Document& main) {
    std::vector<Document> out;
    const auto* list = main.tree.root.find("services");
    if (!list || list->value.items.size() > 200) return out;
    std::set<std::string> seen;
    for (const auto& item : list->value.items) {
      const auto folder =
          item.kind == Node::Kind::scalar ? expand(item.text, options_.environment) : Expanded{};
      if (!folder || !rules::path.accepts(folder->text)) continue;
      const auto base = fs::path(main.file->shown()).parent_path();
      const auto shown = (base / folder->text / file_name).lexically_normal().string();
      const At at{main.file, item.place};
      if (!seen.insert(shown).second)
        problems_.add(at, "services", fmt::format("services: {} is here twice", quote(folder->text)));
      else if (auto part = read_document(shown, at))
        out.push_back(std::move(*part));
      else
        all_read_ = false;
    }
    if (list->value.kind == Node::Kind::sequence && list->value.items.empty())
      problems_.add({main.file, list->value.place}, "services", "services: the list is empty");
    return out;
  }

  Layer read_user_config(ReadOptions read) {
    if (options_.user_config.empty() || !exists(options_.user_config)) return {};
    const auto document = read_document(options_.user_config, {});
    if (!document) return {};
    read.kind = Kind::user;
    return read_layer(document->tree.root, *document->file, read, problems_);
  }

  // ---- targets

  void add_targets(const Document& document) {
    const auto* member = document.tree.root.find("targets");
    if (!member) return;
    for (const auto& target : member->value.members)
      if (rules::name.accepts(target.name) && target_names_.insert(target.name).second)
        targets_.push_back(target.name);
  }

  void choose_target(const Document& main, const std::vector<Document>& parts) {
    add_targets(main);
    for (const auto& part : parts) add_targets(part);
    implied_ = targets_.empty();
    if (implied_) targets_.emplace_back("local");
    const auto has = [this](std::string_view name) {
      return std::ranges::find(targets_, name) != targets_.end();
    };
    target_ = !options_.target.empty() ? options_.target
              : targets_.size() == 1   ? targets_.front()
              : has("local")           ? "local"
                                       : "";
    if (has(target_)) return;
    std::vector<std::string_view> known(targets_.begin(), targets_.end());
    if (known.size() > 20) known.resize(20);
    const auto list = fmt::format("{} has {}{}", main.file->shown(), fmt::join(known, ", "),
                                  known.size() < targets_.size() ? ", ..." : "");
    if (target_.empty())
      return problems_.add({}, "targets", fmt::format("choose a target with -t: {}", list));
    const auto hint = suggestion(target_, known);
    problems_.add({}, "targets",
                  fmt::format("unknown target {}{}", quote(target_), hint.empty() ? "; " + list : hint));
  }

  // ---- services

  Resolved resolve(const Document& document, const Layer* root, const Layer& own, const Layer& user) {
    Resolved out{.service = {}, .places = {}, .file = document.file, .files = {document.file, user.file}};
    if (root) out.files.push_back(root->file);
    out.service.folder = document.folder;
    out.service.file = document.file->shown();
    const auto* shared_target = root ? root->find(target_) : nullptr;
    const auto* own_target = own.find(target_);
    out.service.target = {.name = target_, .provider = implied_ ? "local" : "", .settings = {}};
    for (const auto* target : {shared_target, own_target})
      if (target) out.service.target.provider = target->provider;
    if (own.present && !implied_ && !shared_target && !own_target && target_names_.contains(target_))
      problems_.add({document.file, {.line = 1, .column = 1}}, "targets",
                    fmt::format("this service has no target '{}'", target_));
    const auto overrides = read_overrides(out.service.target.provider);
    std::vector<const std::vector<Assignment>*> layers{&user.assignments};
    if (root) layers.push_back(&root->assignments);
    layers.push_back(&own.assignments);
    for (const auto* target : {shared_target, own_target})
      if (target) layers.push_back(&target->assignments);
    for (const auto& layer : overrides) {
      layers.push_back(&layer.assignments);
      for (const auto& target : layer.targets) layers.push_back(&target.assignments);
    }
    assign(layers, out);
    if (own.present && !document.folder.empty()) check_service(out, problems_);
    return out;
  }

  // Weaker first: the environment, then --set in the order given.
  std::vector<Layer> read_overrides(const std::string& provider) {
    if (!overrides_) {
      overrides_ = read_environment(options_.environment, targets_, target_, problems_, files_);
      for (auto& set : read_sets(options_.sets, problems_, files_)) overrides_->push_back(std::move(set));
    }
    const ReadOptions read{.kind = Kind::overriding,
                           .target = target_,
                           .environment = &options_.environment,
                           .root = nullptr,
                           .provider = provider};
    std::vector<Layer> out;
    for (const auto& item : *overrides_) out.push_back(read_layer(item.root, *item.file, read, problems_));
    return out;
  }

  Project project(const std::string& folder, std::vector<Resolved> services) const {
    Project out{.folder = folder, .target = target_, .services = {}, .targets = targets_};
    for (auto& resolved : services) {
      for (const auto& [path, at] : resolved.places)
        resolved.service.sources.emplace(path, at.file->source(at.place));
      out.services.push_back(std::move(resolved.service));
    }
    return out;
  }

  const LoadOptions& options_;
  std::vector<std::unique_ptr<File>> files_;
  Problems problems_;
  std::string target_;
  std::vector<std::string> targets_;
  std::set<std::string> target_names_;
  bool all_read_ = true;  // every service that the project names was read
  bool implied_ = false;  // no manifest names a target: local
  std::optional<std::vector<Override>> overrides_;
};

}  // namespace

std::expected<Project, std::vector<Problem>> load(const std::string& path, const LoadOptions& options) {
  return Loader(options).load(path);
}

std::vector<std::string> target_names(const std::string& path, const LoadOptions& options) {
  return Loader(options).target_names(path);
}

}  // namespace mdl::manifest
