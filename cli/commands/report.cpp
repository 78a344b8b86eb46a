#include "cli/commands/report.hpp"

#include "cli/views/document.hpp"
#include "cli/views/error.hpp"
#include "cli/views/problems.hpp"

namespace mdl::cli {

namespace {

Milliseconds since_start(const Context& context) {
  return std::chrono::duration_cast<Milliseconds>(context.clock.elapsed() - context.started);
}

}  // namespace

Value document(const Context& context, const Report& report) {
  const bool ok = report.exit == 0 || (report.exit == 2 && report.data);
  Value out = Value::object({{"command", context.command}, {"ok", ok}, {"exit", report.exit}});
  for (const auto& [name, value] : report.document.as_object()) out.set(name, value);
  if (!out.contains("duration_ms"))
    out.set("duration_ms", static_cast<std::int64_t>(since_start(context).count()));
  return out;
}

int finish(Context& context, const Report& report) {
  if (context.events) {
    Value last = Value::object({{"time", to_rfc3339(context.clock.now())}, {"event", "result"}});
    const Value whole = document(context, report);  // a temporary's members would be gone in the loop
    for (const auto& [name, value] : whole.as_object()) last.set(name, value);
    context.out.bytes(dump(last) + "\n");
  } else {
    switch (context.format) {
      case Format::text:
        (report.exit == 0 || report.data ? context.out : context.err).text(report.text);
        break;
      case Format::json:
        context.out.bytes(dump(document(context, report), 2) + "\n");
        break;
      case Format::yaml:
        context.out.bytes(to_yaml(document(context, report)));
        break;
      case Format::markdown:
        context.out.bytes(report.markdown);
        break;
    }
  }
  if (!context.out.failed()) return report.exit;
  context.err.text("mdl: stdout could not be written\n");
  return report.exit == 0 ? 1 : report.exit;
}

Report error_report(const Context& context, const Error& error) {
  Report report;
  report.exit = error.kind == ErrorKind::conflict ? 5 : error.kind == ErrorKind::interrupted ? 130 : 1;
  const auto next = next_commands(error, context.command, std::nullopt, context.scope);
  report.document.set("error", error_value(error));
  report.document.set("next", next);
  report.text = error_text(error, next, context.err.style());
  report.markdown = report.text;
  return report;
}

Report problems_report(const Context& context, const std::vector<manifest::Problem>& problems) {
  Report report;
  report.exit = 1;
  report.document.set("error",
                      Value::object({{"kind", "invalid"}, {"message", problems_sentence(problems)}}));
  report.document.set("problems", problems_value(problems));
  report.document.set("next", std::vector<std::string>{context.scope.command("validate")});
  report.text = problems_text(problems, context.err.style());
  report.markdown = report.text;
  return report;
}

Report usage_report(const Context& context, const std::string& message) {
  Report report;
  report.exit = 2;
  const std::string help = context.command.empty() ? "mdl --help" : "mdl " + context.command + " --help";
  report.document.set("error", Value::object({{"kind", "usage"}, {"message", message}}));
  report.document.set("next", std::vector<std::string>{help});
  report.text = "mdl" + (context.command.empty() ? "" : " " + context.command) + ": " + message +
                "\n\nSee:  " + help + "\n";
  report.markdown = report.text;
  return report;
}

}  // namespace mdl::cli
