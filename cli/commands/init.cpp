#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

#include "cli/commands/options.hpp"
#include "cli/commands/prompt.hpp"
#include "cli/commands/report.hpp"
#include "cli/commands/scaffold.hpp"
#include "cli/views/style.hpp"
#include "core/util/files.hpp"
#include "core/util/text.hpp"

namespace mdl::cli {

namespace {

// What is to be written, and how it is told.
struct Scaffold {
  std::string found;           // the sentence about what was detected; empty for a template
  std::string service, words;  // "WSGI app:app"
  std::vector<ScaffoldFile> files;
};

std::string health_words(const oci::Detected& found) {
  return found.health.empty() ? "" : ", health check " + found.health;
}

std::vector<std::string_view> names_of_templates() {
  std::vector<std::string_view> names;
  for (const auto& known : template_names()) names.push_back(known.name);
  return names;
}

Report nothing_found(const Context& context, const std::string& folder) {
  std::string names;
  for (const auto name : names_of_templates()) names += (names.empty() ? "" : ", ") + std::string(name);
  Error error{.kind = ErrorKind::not_found,
              .message = "no application, handler or program was found in " + printable(folder) +
                         "; start from a template: " + names};
  error.next = {"mdl init --template python-wsgi"};
  return error_report(context, error);
}

std::expected<Scaffold, Report> from_template(const std::string& name, const std::string& service) {
  Scaffold out{.service = service, .words = "template " + name, .files = template_files(name, service)};
  if (std::ranges::find(out.files, ".mdlignore", &ScaffoldFile::path) == out.files.end())
    out.files.push_back({.path = ".mdlignore", .content = ignore_file()});
  return out;
}

std::expected<Scaffold, Report> choose(Context& context, const Arguments& arguments,
                                       const std::string& folder, const std::string& service) {
  if (arguments.has("template")) return from_template(arguments.text("template"), service);
  const auto found = oci::detect(folder);
  const bool startable = found.kind == oci::DetectedKind::entry || found.kind == oci::DetectedKind::handler ||
                         found.kind == oci::DetectedKind::dockerfile || !found.command.empty();
  if (startable)
    return Scaffold{.found = found.sentence(),
                    .service = service,
                    .words = detected_words(found) + health_words(found),
                    .files = {{.path = "mdl.yaml", .content = detected_manifest(found, service)},
                              {.path = ".mdlignore", .content = ignore_file()}}};
  if (!context.interactive) return stop(nothing_found(context, folder));
  std::vector<std::string> choices;
  for (const auto& known : template_names())
    choices.push_back(pad(known.name, 12) + "  " + std::string(known.summary));
  const auto choice =
      ask_choice(context, "Nothing was found here to deploy. Start from a template:", choices);
  if (!choice) return stop(nothing_found(context, folder));
  return from_template(std::string(template_names()[*choice].name), service);
}

// Files that are there already; .mdlignore may be, and then stays as it is.
std::vector<std::string> in_the_way(const std::string& folder, std::vector<ScaffoldFile>& files) {
  std::erase_if(
      files, [&](const auto& file) { return file.path == ".mdlignore" && exists(folder + "/.mdlignore"); });
  std::vector<std::string> out;
  for (const auto& file : files)
    if (exists(folder + "/" + file.path)) out.push_back(file.path);
  return out;
}

Report told(const Context& context, const Scaffold& scaffold, const std::string& folder) {
  Report report;
  if (!scaffold.found.empty()) report.text = scaffold.found + "\n\n";
  std::size_t width = 0;
  for (const auto& file : scaffold.files) width = std::max(width, file.path.size());
  std::vector<std::string> written;
  for (const auto& file : scaffold.files) {
    const bool manifest = file.path == "mdl.yaml";
    report.text += "Wrote " +
                   (manifest ? pad(file.path, static_cast<int>(width)) + "   service " + scaffold.service +
                                   ": " + scaffold.words + ", target local"
                             : file.path) +
                   "\n";
    written.push_back(file.path);
  }
  const std::string next =
      (folder == "." ? "" : "cd " + shell_quote(folder) + " && ") + std::string("mdl deploy");
  report.text += "\nNext: " + next + "\n";
  report.document = Value::object({{"folder", folder},
                                   {"service", scaffold.service},
                                   {"found", scaffold.found.empty() ? Value() : Value(scaffold.found)},
                                   {"written", written},
                                   {"next", std::vector<std::string>{next}}});
  (void)context;
  return report;
}

Report write_all(const Context& context, const Scaffold& scaffold, const std::string& folder) {
  if (auto made = make_folders(folder, 0755); !made) return error_report(context, made.error());
  for (const auto& file : scaffold.files)
    if (auto done = write_file(folder + "/" + file.path, file.content, file.executable ? 0755 : 0644); !done)
      return error_report(context, done.error());
  return told(context, scaffold, folder);
}

int init(Context& context, const Arguments& arguments) {
  const std::string folder = arguments.text("folder", ".");
  if (exists(folder + "/mdl.yaml")) {
    Error error{
        .kind = ErrorKind::refused,
        .message = "there is already a " + printable(folder == "." ? "mdl.yaml" : folder + "/mdl.yaml")};
    error.next = {folder == "." ? "mdl deploy" : "mdl deploy -f " + shell_quote(folder)};
    return finish(context, error_report(context, error));
  }
  std::error_code ignored;
  const auto absolute =
      std::filesystem::weakly_canonical(std::filesystem::absolute(folder, ignored), ignored);
  const std::string name = arguments.text("name", service_name(absolute.filename().string()));
  if (!valid_service_name(name))
    return finish(context, usage_report(context, "--name: '" + printable(name) +
                                                     "' is no service name; one is " + service_name(name)));
  auto scaffold = choose(context, arguments, folder, name);
  if (!scaffold) return finish(context, scaffold.error());
  if (const auto there = in_the_way(folder, scaffold->files); !there.empty()) {
    Error error{.kind = ErrorKind::refused,
                .message = "already here and not overwritten: " + printable(join(there, ", "))};
    error.next = {"mdl init new-folder --template " + arguments.text("template", "python-wsgi")};
    return finish(context, error_report(context, error));
  }
  return finish(context, write_all(context, *scaffold, folder));
}

}  // namespace

Command init_command() {
  return {
      .name = "init",
      .group = Group::start,
      .summary = "Write mdl.yaml for the code here, or start from a template",
      .description = "Looks at the files and runs nothing. Never overwrites a file.",
      .positionals = {{.name = "FOLDER", .help = "Where (default: here)", .completes = Completes::folders}},
      .options = {{.names = "--template",
                   .type = OptionType::choice,
                   .value = "NAME",
                   .help = "Start from a template",

                   .choices = names_of_templates()},
                  {.names = "--name",
                   .type = OptionType::text,
                   .value = "NAME",
                   .help = "The service's name (default: the folder's)"},
                  no_input_option(),
                  output_option(),
                  common_options().back()},
      .examples = {{"mdl init", "In a folder with code"},
                   {"mdl init my-model --template sklearn", "A new folder with a model to replace by yours"}},
      .run = init};
}

}  // namespace mdl::cli
