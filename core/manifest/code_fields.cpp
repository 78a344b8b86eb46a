#include "core/manifest/rules.hpp"
#include "core/manifest/table.hpp"

namespace mdl::manifest::table {
namespace {

using enum FieldType;

void add_build(std::vector<Field>& fields) {
  fields.push_back(
      {.path = "build",
       .type = section,
       .summary = "What the artifact is made of. Without it the folder's files are the artifact."});
  fields.push_back(
      {.path = "build.python",
       .type = text,
       .example = "\"3.11\"",
       .summary = "The version of Python that the service runs on. Without it: the target's own.",
       .rule = &rules::version,
       .alternative = "build:python",
       .set = [](Service& s, const Value& v, std::string_view) { s.build.python = v.as_string(); }});
  fields.push_back(
      {.path = "build.requirements",
       .type = text,
       .example = "requirements.txt",
       .summary = "The file of Python packages to install, in pip's format.",
       .rule = &rules::path,
       .alternative = "build:python",
       .set = [](Service& s, const Value& v, std::string_view) { s.build.requirements = v.as_string(); }});
  fields.push_back(
      {.path = "build.include",
       .type = texts,
       .example = "[\"src/**\"]",
       .summary =
           "Patterns of the files that belong to the service. Without it: all but those that .gitignore "
           "and .mdlignore name.",
       .rule = &rules::path,
       .set = [](Service& s, const Value& v, std::string_view) { s.build.include = v.as_strings(); }});
  fields.push_back(
      {.path = "build.base",
       .type = text,
       .example = "registry.example/python:3.11-slim",
       .summary = "The image that the service's image is built on, where the target runs images.",
       .rule = &rules::image,
       .alternative = "build:python",
       .set = [](Service& s, const Value& v, std::string_view) { s.build.base = v.as_string(); }});
  fields.push_back(
      {.path = "build.dockerfile",
       .type = text,
       .example = "Dockerfile",
       .summary = "A Dockerfile that builds the image, instead of python, requirements and base.",
       .rule = &rules::path,
       .alternative = "build:dockerfile",
       .set = [](Service& s, const Value& v, std::string_view) { s.build.dockerfile = v.as_string(); }});
  fields.push_back(
      {.path = "build.image",
       .type = text,
       .example = "registry.example/risk@sha256:...",
       .summary = "An image that is there already: nothing is built.",
       .rule = &rules::image,
       .alternative = "build:image",
       .set = [](Service& s, const Value& v, std::string_view) { s.build.image = v.as_string(); }});
  fields.push_back(
      {.path = "build.command",
       .type = texts,
       .example = "[make, dist]",
       .summary = "A program to run in the folder before its files are read.",
       .set = [](Service& s, const Value& v, std::string_view) { s.build.command = v.as_strings(); }});
}

void set_model(Service& service, const Value& value, std::string_view) {
  service.model.clear();
  for (const auto& item : value.as_array())
    service.model.push_back({.path = item["path"].as_string(),
                             .from = item["from"].as_string(),
                             .sha256 = item["sha256"].as_string(),
                             .context = item["context"].as_integer()});
}

void add_model(std::vector<Field>& fields) {
  fields.push_back(
      {.path = "model",
       .type = sections,
       .summary =
           "Large files, such as weights: layers of their own, never compressed, sent only when they change.",
       .set = set_model});
  fields.push_back({.path = "model.*.path",
                    .type = text,
                    .example = "weights/",
                    .summary = "The file or folder, below the manifest's folder.",
                    .required = true,
                    .rule = &rules::path});
  fields.push_back(
      {.path = "model.*.from",
       .type = text,
       .example = "\"hf://org/repo@rev/base.gguf\"",
       .summary =
           "Where the file is fetched from: hf://organisation/repository@revision/file, or https://...",
       .rule = &rules::model_from});
  fields.push_back({.path = "model.*.sha256",
                    .type = text,
                    .example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                    .summary = "What the fetched file must be; needed with https://.",
                    .rule = &rules::sha256});
  fields.push_back(
      {.path = "model.*.context",
       .type = integer,
       .example = "8192",
       .summary = "Tokens of one request to a language model, prompt and answer together: its memory is "
                  "reckoned with them, and the service gets them as MDL_CONTEXT. Without it: what the model "
                  "was made for, at most 4096.",
       .minimum = 1,
       .maximum = 100'000'000});
}

void add_http(std::vector<Field>& fields) {
  fields.push_back(
      {.path = "http",
       .type = section,
       .summary =
           "How the service answers: exactly one of entry, handler and command, unless build.dockerfile or "
           "build.image brings a server."});
  fields.push_back(
      {.path = "http.entry",
       .type = text,
       .example = "src.app:app",
       .summary =
           "A WSGI or ASGI application, as module:variable (or module:factory()); mdl adds the server.",
       .rule = &rules::entry,
       .alternative = "http:entry",
       .set = [](Service& s, const Value& v, std::string_view) { s.http.entry = v.as_string(); }});
  fields.push_back(
      {.path = "http.handler",
       .type = text,
       .example = "lambda_function.lambda_handler",
       .summary =
           "A function handler(event, context), as module.function, with the event of an HTTP call to AWS "
           "Lambda (payload 2.0) on every target.",
       .rule = &rules::handler,
       .alternative = "http:handler",
       .set = [](Service& s, const Value& v, std::string_view) { s.http.handler = v.as_string(); }});
  fields.push_back(
      {.path = "http.command",
       .type = texts,
       .example = "[./server, --quiet]",
       .summary = "A program that listens on $PORT.",
       .alternative = "http:command",
       .set = [](Service& s, const Value& v, std::string_view) { s.http.command = v.as_strings(); }});
  fields.push_back(
      {.path = "http.interface",
       .type = choice,
       .default_text = "auto",
       .example = "asgi",
       .summary = "What kind of application http.entry is; auto finds out when it starts.",
       .choices = {"auto", "wsgi", "asgi"},
       .alternative = "http:entry",
       .set = [](Service& s, const Value& v, std::string_view) { s.http.interface = v.as_string(); }});
  fields.push_back(
      {.path = "http.health",
       .type = text,
       .default_text = "/healthz",
       .example = "/healthz",
       .summary = "The path that answers 2xx when the service is ready.",
       .rule = &rules::url_path,
       .set = [](Service& s, const Value& v, std::string_view) { s.http.health = v.as_string(); }});
  fields.push_back({.path = "http.timeout",
                    .type = duration,
                    .default_text = "30s",
                    .example = "30s",
                    .summary = "How long a request may take before the caller gets 504.",
                    .minimum = 100,
                    .maximum = day,
                    .set = [](Service& s, const Value& v, std::string_view) {
                      s.http.timeout = Milliseconds(v.as_integer());
                    }});
}

}  // namespace

void add_code(std::vector<Field>& fields) {
  fields.push_back({.path = "mdl",
                    .type = integer,
                    .example = "1",
                    .summary = "The version of the manifest's format.",
                    .minimum = 1,
                    .maximum = 1,
                    .required = true,
                    .set = [](Service&, const Value&, std::string_view) {}});
  fields.push_back({.path = "name",
                    .type = text,
                    .example = "credit-risk",
                    .summary = "The service's name, unique among the services of an account or namespace.",
                    .required = true,
                    .rule = &rules::name,
                    .set = [](Service& s, const Value& v, std::string_view) { s.name = v.as_string(); }});
  add_build(fields);
  add_model(fields);
  add_http(fields);
}

}  // namespace mdl::manifest::table
