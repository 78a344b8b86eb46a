#include "cli/commands/project.hpp"

#include <algorithm>
#include <unistd.h>

#include "core/util/files.hpp"
#include "core/util/text.hpp"

extern char** environ;  // POSIX: no header declares it under strict C++

namespace mdl::cli {

namespace {

std::map<std::string, std::string> whole_environment() {
  std::map<std::string, std::string> out;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) out.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

Report unknown_service(const Context& context, const std::string& name,
                       const std::vector<manifest::Service>& services) {
  std::vector<std::string_view> names;
  std::string list;
  for (const auto& service : services) {
    names.push_back(service.name);
    list += (list.empty() ? "" : ", ") + service.name;
  }
  const auto near = nearest(name, names);
  return usage_report(context, "-s: there is no service '" + printable(name) + "'" +
                                   (near ? "; did you mean '" + *near + "'?" : "; there is " + list));
}

}  // namespace

release::ServiceRef ref_of(const manifest::Service& service) {
  return {.service = service.name, .target = service.target.name};
}

manifest::LoadOptions load_options(const Context& context, const Arguments& arguments) {
  (void)context;
  return {.target = arguments.text("target"),
          .sets = arguments.texts("set"),
          .environment = whole_environment(),
          .user_config = config_folder() + "/config.yaml"};
}

std::string manifest_path(const Arguments& arguments) { return arguments.text("file", "mdl.yaml"); }

std::expected<Selection, Report> select(const Context& context, const Arguments& arguments,
                                        const std::optional<std::string>& target) {
  const std::string path = manifest_path(arguments);
  if (!exists(path)) {
    Error error{
        .kind = ErrorKind::not_found, .message = "there is no " + printable(path), .code = "no-manifest"};
    return stop(error_report(context, error));
  }
  auto options = load_options(context, arguments);
  if (target) options.target = *target;
  auto project = manifest::load(path, options);
  if (!project) return stop(problems_report(context, project.error()));
  Selection selection{.project = std::move(*project)};
  const auto names = arguments.texts("service");
  for (const auto& name : names)
    if (std::ranges::find(selection.project.services, name, &manifest::Service::name) ==
        selection.project.services.end())
      return stop(unknown_service(context, name, selection.project.services));
  for (const auto& service : selection.project.services)
    if (names.empty() || std::ranges::find(names, service.name) != names.end())
      selection.services.push_back(service);
  return selection;
}

std::expected<Selection, Report> select_single(const Context& context, const Arguments& arguments) {
  auto selection = select(context, arguments);
  if (!selection || selection->services.size() == 1) return selection;
  std::vector<std::string> names;
  for (const auto& service : selection->services) names.push_back(service.name);
  return stop(
      usage_report(context, "the project has several services; choose one with -s: " + join(names, ", ")));
}

}  // namespace mdl::cli
