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

// The first request that the service's folder offers as an example.
std::string example_request(const std::string& folder) {
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
  if (found.empty()) return "";
  const auto from_here = std::filesystem::relative(folder + "/" + found.front(), ignored);
  return ignored || from_here.empty() ? folder + "/" + found.front() : from_here.string();
}

}  // namespace

OutcomeContext outcome_context(const Context& context, const manifest::Service& service) {
  OutcomeContext out{.command = context.command, .scope = context.scope, .now = context.clock.now()};
  out.manifest = service.file.empty() ? "mdl.yaml" : service.file;
  out.requirements = service.build.requirements;
  out.health = service.http.health;
  if (const auto request = example_request(service.folder); !request.empty()) out.example = "@" + request;
  return out;
}

std::string heading_of(const std::vector<manifest::Service>& services, const provider::Provider& provider) {
  std::vector<std::string> names;
  for (const auto& service : services) names.push_back(service.name);
  const std::string target = services.empty() ? "" : services.front().target.name;
  return heading(join(names, ", "), target, provider.name, provider.place);
}

}  // namespace mdl::cli
