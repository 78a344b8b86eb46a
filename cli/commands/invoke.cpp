#include "cli/views/invoke.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <unistd.h>

#include "cli/commands/connecting.hpp"
#include "cli/commands/options.hpp"
#include "core/util/files.hpp"
#include "core/util/text.hpp"

namespace mdl::cli {

namespace {

Result<std::string> read_stdin() {
  std::string out;
  char block[65536];
  while (true) {
    const ssize_t got = ::read(STDIN_FILENO, block, sizeof block);
    if (got == 0) return out;
    if (got < 0) return fail(ErrorKind::unavailable, "stdin cannot be read");
    out.append(block, static_cast<std::size_t>(got));
  }
}

// --data: the text itself, @file, or @- for stdin.
Result<std::string> body_of(const std::string& data) {
  if (!data.starts_with('@')) return data;
  return data == "@-" ? read_stdin() : read_file(data.substr(1), 1u << 30);
}

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

// Adds "Name: value" to the headers; the message of what is wrong with it otherwise.
std::optional<std::string> add_header(provider::HttpRequest& request, const std::string& text) {
  const auto colon = text.find(':');
  if (colon == std::string::npos || colon == 0 || text.find_first_of("\r\n") != std::string::npos)
    return "-H: '" + printable(text) + "' is not 'Name: value'";
  const auto value = text.find_first_not_of(" \t", colon + 1);
  request.headers.emplace_back(text.substr(0, colon), value == std::string::npos ? "" : text.substr(value));
  return std::nullopt;
}

std::string content_type(const std::string& body) {
  if (parse_json(body)) return "application/json";
  return is_utf8(body) ? "text/plain; charset=utf-8" : "application/octet-stream";
}

std::expected<provider::HttpRequest, Report> request_of(const Context& context, const Arguments& arguments) {
  provider::HttpRequest request{.path = arguments.text("path", "/")};
  if (!request.path.starts_with('/')) return stop(usage_report(context, "--path: it starts with /"));
  for (const auto& header : arguments.texts("header"))
    if (const auto wrong = add_header(request, header)) return stop(usage_report(context, *wrong));
  const bool has_body = arguments.has("data");
  if (has_body) {
    auto body = body_of(arguments.text("data"));
    if (!body) {
      if (body.error().message.empty()) body.error().message = "--data cannot be read";
      body.error().next = {"mdl invoke --help"};
      return stop(error_report(context, body.error()));
    }
    request.body = std::move(*body);
    if (std::ranges::none_of(request.headers,
                             [](const auto& h) { return same_name(h.first, "content-type"); }))
      request.headers.emplace_back("Content-Type", content_type(request.body));
  }
  request.method = arguments.text("method", has_body ? "POST" : "GET");
  return request;
}

int invoke(Context& context, const Arguments& arguments) {
  auto request = request_of(context, arguments);
  if (!request) return finish(context, request.error());
  auto single = select_one(context, arguments);
  if (!single) return finish(context, single.error());
  const auto timeout =
      arguments.duration("timeout").value_or(single->service.http.timeout + Milliseconds{5'000});
  char last = '\n';
  std::function<void(std::string_view)> stream;
  if (context.format == Format::text)
    stream = [&](std::string_view part) {
      context.out.bytes(part);
      if (!part.empty()) last = part.back();
    };
  auto response = single->connection.provider.invoke->send(single->ref, arguments.integer("release"),
                                                           *request, timeout, stream);
  if (!response) return finish(context, error_report(context, response.error()));
  const bool ok = response->status < 400;
  if (context.format != Format::text)
    return finish(context,
                  {.exit = ok ? 0 : 1, .document = invoke_value(single->ref, *response), .data = true});
  if (context.out.style().terminal && last != '\n') context.out.bytes("\n");
  if (context.verbose || !ok) context.err.text(invoke_sentence(*response) + "\n");
  if (!ok && !context.quiet) context.err.text("\nNext:  " + context.scope.command("logs") + "\n");
  return ok ? 0 : 1;
}

}  // namespace

Command invoke_command() {
  return {.name = "invoke",
          .group = Group::start,
          .summary = "Send the service one request and print its answer",
          .description =
              "The answer alone goes to stdout, as it arrives. Exit 1 when its status is 400 or more. "
              "Without --data "
              "the request is a GET, with it a POST; both to / unless --path says otherwise.",
          .options = with({{.names = "-d,--data",
                            .type = OptionType::text,
                            .value = "DATA",
                            .help = "The body: a text, @FILE, or @- for stdin",
                            .completes = Completes::files},
                           {.names = "--path",
                            .type = OptionType::text,
                            .value = "PATH",
                            .help = "Path and query (default: /): /predict?explain=1"},
                           {.names = "-X,--method",
                            .type = OptionType::text,
                            .value = "METHOD",
                            .help = "GET, POST, … (default: POST with --data, else GET)"},
                           {.names = "-H,--header",
                            .type = OptionType::text,
                            .value = "HEADER",
                            .help = "'Name: value'; may be repeated",
                            .repeatable = true},
                           {.names = "--release",
                            .type = OptionType::integer,
                            .value = "N",
                            .help = "Ask this release, whether it has traffic or not",
                            .completes = Completes::releases},
                           file_option(),
                           target_option(),
                           service_option(),
                           timeout_option("How long to wait for the answer (default: http.timeout and 5s)"),
                           output_option()},
                          common_options()),
          .examples = {{"mdl invoke --data @examples/applicant.json", "POST a file to /"},
                       {"mdl invoke --data '{\"name\":\"John\"}'", "POST a text"},
                       {"mdl invoke --path /healthz -v", "GET a path; status and time on stderr"},
                       {"mdl invoke --release 9 --data @a.json", "Ask a release that has no traffic yet"}},
          .run = invoke};
}

}  // namespace mdl::cli
