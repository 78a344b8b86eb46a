#include "cli/commands/running.hpp"

#include <algorithm>
#include <filesystem>
#include <pwd.h>
#include <unistd.h>

#include "cli/interrupt.hpp"
#include "cli/wiring.hpp"
#include "core/util/digest.hpp"
#include "core/util/files.hpp"
#include "core/util/git.hpp"
#include "core/util/text.hpp"

namespace mdl::cli {

Running::Running(Context& context, const std::string& heading, const std::vector<manifest::Service>& services)
    : journal_(engine::open_journal(state_path(context, "journal.db"))) {
  if (context.events) {
    events_ = std::make_unique<EventLines>([&out = context.out](std::string_view text) { out.bytes(text); });
  } else if (context.quiet) {
    events_ = std::make_unique<NoEvents>();
  } else {
    std::vector<std::string> names;
    for (const auto& service : services) names.push_back(service.name);
    auto view = std::make_unique<ProgressView>(
        [&err = context.err](std::string_view text) { err.text(text); }, context.err.style(),
        ProgressView::Options{.heading = heading, .services = std::move(names), .verbose = context.verbose});
    view_ = view.get();
    events_ = std::move(view);
  }
  environment_ = std::make_unique<engine::Environment>(engine::Environment{
      .clock = context.clock,
      .sleeper = context.sleeper,
      .interrupt = catch_interrupts(),
      .journal = *journal_,
      .events = *events_,
      .run_id = to_rfc3339(context.clock.now()) + "-" + random_hex(4),
      .author = [&context, folder = services.empty()
                                        ? std::string(".")
                                        : services.front().folder] { return author(context, folder); },
      .stat_cache = state_path(context, "files.cache")});
}

void Running::finish() {
  if (view_ != nullptr) view_->finish();
}

std::string author_name(const Variables& variables) {
  for (const auto* name : {"GITHUB_RUN_NUMBER", "CI_PIPELINE_IID", "BUILD_NUMBER"})
    if (const auto number = variables(name); number && !number->empty()) return "ci " + *number;
  for (const auto* name : {"LOGNAME", "USER"})
    if (const auto user = variables(name); user && !user->empty()) return *user;
  if (const auto* entry = ::getpwuid(::getuid())) return entry->pw_name;
  return "uid " + std::to_string(::getuid());
}

release::Author author(const Context& context, const std::string& folder) {
  release::Author out{.name = author_name(context.variables)};
  // A record without a commit is better than no deploy: git may be missing, or the folder no repository.
  if (auto commit = git_commit(folder); commit && *commit) {
    out.commit = (*commit)->hash;
    out.dirty = (*commit)->dirty;
  }
  return out;
}

namespace {

std::string from_here(const std::string& path) {
  std::error_code ignored;
  const auto relative = std::filesystem::relative(path, ignored);
  return ignored || relative.empty() ? path : relative.string();
}

// The first file of a request that the service's folder offers as an example.
std::string example_file(const std::string& folder) {
  std::vector<std::string> found;
  std::error_code ignored;
  for (const auto* sub : {"examples", "."})
    for (const auto& entry : std::filesystem::directory_iterator(folder + "/" + sub, ignored)) {
      const std::string name = entry.path().filename();
      const bool wanted = std::string_view(sub) == "examples" || name == "request.json";
      if (entry.path().extension() == ".json" && wanted)
        found.push_back(std::string_view(sub) == "." ? name : std::string(sub) + "/" + name);
    }
  std::ranges::sort(found);
  return found.empty() ? "" : from_here(folder + "/" + found.front());
}

// A golden request as options of invoke; "" when it is too long to be typed or cannot be read.
std::string golden_options(const manifest::Service& service, const manifest::Golden& golden) {
  constexpr std::size_t longest = 160;
  const auto file = service.folder + "/" + golden.request;
  const auto text = read_file(file);
  const auto request = text ? parse_json(*text) : std::unexpected(text.error());
  if (!request) return "";
  if (!(*request)["path"].is_string()) return "--data " + shell_quote("@" + from_here(file));
  std::string options = "--path " + shell_quote((*request)["path"].as_string());
  if (const auto& body = (*request)["body"]; !body.is_null())
    options += " --data " + shell_quote(body.is_string() ? body.as_string() : dump(body));
  if (const auto& method = (*request)["method"]; method.is_string())
    options += " --method " + shell_quote(method.as_string());
  return options.size() > longest ? "" : options;
}

// A request to try. A handler takes an event, so it gets one even where none is known.
std::string example_options(const manifest::Service& service) {
  if (const auto file = example_file(service.folder); !file.empty())
    return "--data " + shell_quote("@" + file);
  for (const auto& golden : service.golden)
    if (auto options = golden_options(service, golden); !options.empty()) return options;
  return service.http.handler.empty() ? "" : "--data '{}'";
}

}  // namespace

OutcomeContext outcome_context(const Context& context, const manifest::Service& service) {
  OutcomeContext out{.command = context.command, .scope = context.scope, .now = context.clock.now()};
  out.manifest = service.file.empty() ? "mdl.yaml" : service.file;
  out.requirements = service.build.requirements;
  out.health = service.http.health;
  out.example = example_options(service);
  return out;
}

std::string heading_of(const std::vector<manifest::Service>& services, const provider::Provider& provider) {
  std::vector<std::string> names;
  for (const auto& service : services) names.push_back(service.name);
  const std::string target = services.empty() ? "" : services.front().target.name;
  return heading(join(names, ", "), target, provider.name, provider.place);
}

}  // namespace mdl::cli
