#include "core/manifest/layer.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/manifest/names.hpp"
#include "core/manifest/quote.hpp"
#include "core/manifest/rules.hpp"
#include "core/manifest/scalars.hpp"
#include "core/manifest/values.hpp"
#include "core/util/text.hpp"

namespace mdl::manifest {
namespace {

constexpr std::size_t most_targets = 200, most_services = 200;

class Reader {
 public:
  Reader(File& file, const ReadOptions& options, Problems& problems)
      : file_(file),
        options_(options),
        problems_(problems),
        scalars_(file, options, problems),
        layer_{.file = &file} {}

  Layer read(const Node& root) {
    if (root.kind == Node::Kind::broken) return std::move(layer_);
    if (root.kind != Node::Kind::map) {
      if (options_.kind == Kind::user && root.kind == Node::Kind::null) return std::move(layer_);
      const Place place = root.kind == Node::Kind::null ? Place{.line = 1, .column = 1} : root.place;
      add(place, "", fmt::format("expected fields, such as 'mdl: 1', but found {}", kind_of(root)));
      return std::move(layer_);
    }
    layer_.present = true;
    out_ = &layer_.assignments;
    for (const auto& member : root.members)
      if (!member.skip) top_member(member);
    require(root);
    check_alternatives(layer_.assignments, problems_);
    return std::move(layer_);
  }

 private:
  void add(const Place& place, std::string_view path, std::string message) {
    problems_.add({&file_, place}, path, std::move(message));
  }
  bool overriding() const { return options_.kind == Kind::overriding; }

  // ---- names

  bool allowed(const Field& field) const {
    if (in_target_)
      return field.path != "mdl" && field.path != "name" && field.path != "services" &&
             field.path != "targets";
    if (overriding()) return field.path != "services";
    if (options_.kind != Kind::user) return true;
    return field.path != "name" && field.path != "needs" && field.path != "services" &&
           field.path != "targets";
  }

  void top_member(const Member& member) {
    const auto* field = find_field(member.name);
    if (!field || !field->providers.empty() || member.name.find('.') != std::string::npos)
      return unknown(member, fields_below(""), "");
    if (!allowed(*field))
      return add(member.place, member.name, fmt::format("'{}' has no place in this file", member.name));
    if (options_.kind == Kind::root && (member.name == "name" || member.name == "needs"))
      return add(member.place, member.name,
                 fmt::format("a manifest with services has no {0} of its own; each service states its {0}",
                             member.name));
    if (options_.kind == Kind::part && member.name == "services")
      return add(member.place, member.name, "a service of a project cannot have services itself");
    if (member.name == "targets") return targets(member);
    read_field(*field, member.name, "", member.place, member.value);
  }

  void unknown(const Member& member, const std::vector<const Field*>& known, std::string_view path) {
    if (problems_.many()) return add(member.place, path, "unknown field");  // not shown any more
    std::vector<std::string_view> names;
    for (const auto* field : known)
      if (!path.empty() || allowed(*field)) names.push_back(last_name(field->path));
    add(member.place, below(path, member.name), unknown_field(member.name, path, names, in_target_));
  }

  // ---- values

  void read_field(const Field& field, const std::string& path, std::string_view key, const Place& name,
                  const Node& node) {
    if (node.kind == Node::Kind::broken) return;
    switch (field.type) {
      case FieldType::section:
        return section(field, path, key, name, node);
      case FieldType::map:
        return map(field, path, node);
      case FieldType::sections:
        return sections(field, path, node);
      case FieldType::texts:
      case FieldType::shares:
        return list(field, path, node);
      default:
        break;
    }
    if (auto value = scalar(field, path, node))
      out_->push_back({.field = &field,
                       .path = path,
                       .key = std::string(key),
                       .value = std::move(*value),
                       .at = {&file_, node.place},
                       .parts = {}});
  }

  bool is_fields(const std::string& path, const Node& node) {
    if (node.kind == Node::Kind::map) return true;
    if (node.kind != Node::Kind::null && node.kind != Node::Kind::broken)
      add(node.place, path, fmt::format("{}: expected fields below it, not {}", path, kind_of(node)));
    return false;
  }

  Assignment assignment(const Field& field, const std::string& path, Value value, const Place& place) {
    return {.field = &field,
            .path = path,
            .key = {},
            .value = std::move(value),
            .at = {&file_, place},
            .parts = {}};
  }

  void section(const Field& field, const std::string& path, std::string_view key, const Place& name,
               const Node& node) {
    if (field.path == "secrets.*" && node.kind != Node::Kind::map)
      return scalars_.literal_secret(path, key, name, node);
    if (field.set && (node.kind == Node::Kind::map || node.kind == Node::Kind::null))
      out_->push_back(assignment(field, path, Value::object(), name));
    if (!is_fields(path, node)) return;
    const auto& known = fields_below(field.path);
    for (const auto& member : node.members) {
      if (member.skip) continue;
      const auto found =
          std::ranges::find(known, member.name, [](const Field* f) { return last_name(f->path); });
      if (found == known.end()) {
        if (field.path == "secrets.*")  // it may be the secret itself
          for (const int line : {member.place.line, member.value.place.line}) file_.hide(line);
        unknown(member, known, path);
        continue;
      }
      read_field(**found, below(path, member.name), key, member.place, member.value);
    }
    for (const auto* child : known)
      if (child->required && !node.find(last_name(child->path)))
        add(name, path, fmt::format("{}: '{}' is missing", path, last_name(child->path)));
  }

  void map(const Field& field, const std::string& path, const Node& node) {
    if (field.path == "secrets" && node.kind != Node::Kind::map) file_.hide(node.place.line);
    if (!is_fields(path, node)) return;
    const auto* entry = fields_below(field.path).front();
    for (const auto& member : node.members) {
      if (member.skip) continue;
      if (field.rule && !field.rule->accepts(member.name))
        add(member.place, path,
            fmt::format("{}: expected {}, not {}", path, field.rule->expects, quote(member.name)));
      else if (member.name.empty())
        add(member.place, path, fmt::format("{}: a name is empty", path));
      else
        read_field(*entry, below(path, member.name), member.name, member.place, member.value);
    }
  }

  void list(const Field& field, const std::string& path, const Node& node) {
    if (node.kind != Node::Kind::sequence)
      return add(node.place, path,
                 fmt::format("{}: expected a list such as {}, not {}", path, field.example, kind_of(node)));
    if (field.path == "services" && node.items.size() > most_services)
      return add(node.items[most_services].place, path,
                 fmt::format("a project has at most {} services", most_services));
    auto out = assignment(field, path, Value::array(), node.place);
    bool good = true;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const auto item = below(path, std::to_string(i));
      auto value = scalar(field, item, node.items[i]);
      good = good && value;
      if (!value) continue;
      out.value.push(std::move(*value));
      out.parts.emplace_back(item, At{&file_, node.items[i].place});
    }
    const bool command =
        field.path == "http.command" || field.path == "build.command" || field.path.starts_with("hooks.");
    if (command && node.items.empty())
      return add(node.place, path, fmt::format("{}: the program is missing", path));
    if (good) out_->push_back(std::move(out));
  }

  void sections(const Field& field, const std::string& path, const Node& node) {
    const auto item_path = below(field.path, "*");
    const auto& known = fields_below(item_path);
    const auto example = fmt::format("- {}: {}", last_name(known.front()->path), known.front()->example);
    if (node.kind != Node::Kind::sequence)
      return add(node.place, path,
                 fmt::format("{}: expected a list such as '{}', not {}", path, example, kind_of(node)));
    auto out = assignment(field, path, Value::array(), node.place);
    bool good = true;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const auto item = below(path, std::to_string(i));
      auto value = section_item(known, item, node.items[i], example, out.parts);
      good = good && value;
      if (value) out.value.push(std::move(*value));
    }
    if (good) out_->push_back(std::move(out));
  }

  std::optional<Value> section_item(const std::vector<const Field*>& known, const std::string& path,
                                    const Node& node, const std::string& example,
                                    std::vector<std::pair<std::string, At>>& parts) {
    if (node.kind == Node::Kind::broken) return std::nullopt;
    if (node.kind != Node::Kind::map) {
      add(node.place, path,
          fmt::format("{}: expected fields such as '{}', not {}", path, example, kind_of(node)));
      return std::nullopt;
    }
    Value out = Value::object();
    bool good = true;
    for (const auto& member : node.members) {
      if (member.skip) continue;
      const auto found =
          std::ranges::find(known, member.name, [](const Field* f) { return last_name(f->path); });
      if (found == known.end()) {
        unknown(member, known, path);
        good = false;
        continue;
      }
      auto value = scalar(**found, below(path, member.name), member.value);
      good = good && value;
      if (!value) continue;
      out.set(member.name, std::move(*value));
      parts.emplace_back(below(path, member.name), At{&file_, member.value.place});
    }
    parts.emplace_back(path, At{&file_, node.place});
    for (const auto* field : known) {
      if (!field->required || node.find(last_name(field->path))) continue;
      add(node.place, path, fmt::format("{}: '{}' is missing", path, last_name(field->path)));
      good = false;
    }
    return good ? std::optional(std::move(out)) : std::nullopt;
  }

  std::optional<Value> scalar(const Field& field, const std::string& path, const Node& node) {
    return scalars_.read(field, path, node, in_use_);
  }

  // ---- targets

  void targets(const Member& member) {
    if (!is_fields("targets", member.value)) return;
    std::size_t count = 0;
    for (const auto& target : member.value.members) {
      if (target.skip) continue;
      if (++count > most_targets)
        return add(target.place, "targets", fmt::format("a manifest has at most {} targets", most_targets));
      if (!rules::name.accepts(target.name))
        add(target.place, "targets",
            fmt::format("targets: expected {}, not {}", rules::name.expects, quote(target.name)));
      else
        read_target(target);
    }
  }

  void read_target(const Member& target) {
    TargetLayer out{.name = target.name, .provider = {}, .at = {&file_, target.place}, .assignments = {}};
    const auto path = below("targets", target.name);
    if (overriding() && target.name != options_.target)
      return add(target.place, path, fmt::format("{} is not the target in use", quote(target.name)));
    in_use_ = target.name == options_.target;
    in_target_ = true;
    out.provider = provider(target, path);
    out_ = &out.assignments;
    if (is_fields(path, target.value))
      for (const auto& member : target.value.members)
        if (!member.skip && member.name != "provider") target_member(member, path, out.provider);
    check_alternatives(out.assignments, problems_);
    in_use_ = true;
    in_target_ = false;
    out_ = &layer_.assignments;
    if (target.value.kind != Node::Kind::broken) layer_.targets.push_back(std::move(out));
  }

  std::string provider(const Member& target, const std::string& path) {
    const auto known = providers();
    const auto* shared = options_.root ? options_.root->find(target.name) : nullptr;
    const auto* member = target.value.kind == Node::Kind::map ? target.value.find("provider") : nullptr;
    if (overriding()) return options_.provider;
    if (member) {
      const auto value = scalar(*find_field("targets.*.provider"), path + ".provider", member->value);
      if (!value) return "";
      if (shared && !shared->provider.empty() && shared->provider != value->as_string())
        add(member->value.place, path,
            fmt::format("{}: the project's manifest says that this target's provider is {}", path,
                        shared->provider));
      return value->as_string();
    }
    if (shared) return shared->provider;
    if (std::ranges::find(known, target.name) != known.end()) return target.name;
    if (target.value.kind == Node::Kind::broken) return "";
    const auto hint = suggestion(target.name, {known.begin(), known.end()});
    add(target.place, path,
        fmt::format("{}: 'provider' is missing; it is one of {}{}", path, fmt::join(known, ", "), hint));
    return "";
  }

  void target_member(const Member& member, const std::string& path, const std::string& provider) {
    if (member.name.find('.') == std::string::npos) {
      const auto setting_path = below("targets.*", member.name);
      if (const auto* setting = find_field(setting_path, provider); setting && !provider.empty())
        return read_field(*setting, member.name, "", member.place, member.value);
      const auto* field = find_field(member.name);
      if (field && allowed(*field)) return read_field(*field, member.name, "", member.place, member.value);
      if (provider.empty() && find_field(setting_path)) return;  // cannot be judged; what is missing was said
      if (find_field(setting_path))
        return add(member.place, below(path, member.name),
                   fmt::format("'{}' is a setting of {}; target '{}' is {}", member.name,
                               fmt::join(providers_of(setting_path), " and "), last_name(path), provider));
      if (field)
        return add(member.place, below(path, member.name),
                   fmt::format("'{}' cannot be different in a target", member.name));
    }
    std::vector<const Field*> known;
    for (const auto* field : fields_below(""))
      if (allowed(*field)) known.push_back(field);
    for (const auto* field : fields_below("targets.*"))
      if (field->providers.empty() || std::ranges::find(field->providers, provider) != field->providers.end())
        known.push_back(field);
    unknown(member, known, "");
  }

  // ---- what is missing or too much

  void require(const Node& root) {
    if (options_.kind == Kind::user || overriding()) return;
    for (const auto* field : fields_below("")) {
      if (!field->required || root.find(field->path)) continue;
      if (options_.kind == Kind::root && field->path == "name") continue;
      add({.line = 1, .column = 1}, field->path,
          fmt::format("'{0}' is missing; add {0}: {1}", field->path, field->example));
    }
  }

  File& file_;
  const ReadOptions& options_;
  Problems& problems_;
  Scalars scalars_;
  Layer layer_;
  std::vector<Assignment>* out_ = nullptr;
  bool in_target_ = false, in_use_ = true;
};

}  // namespace

const TargetLayer* Layer::find(std::string_view target) const {
  const auto found = std::ranges::find(targets, target, &TargetLayer::name);
  return found == targets.end() ? nullptr : &*found;
}

Layer read_layer(const Node& node, File& file, const ReadOptions& options, Problems& problems) {
  return Reader(file, options, problems).read(node);
}

}  // namespace mdl::manifest
