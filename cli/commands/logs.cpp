#include "cli/views/logs.hpp"

#include "cli/commands/connecting.hpp"
#include "cli/commands/options.hpp"
#include "cli/views/document.hpp"
#include "cli/views/times.hpp"
#include "core/util/text.hpp"

namespace mdl::cli {

namespace {

constexpr int default_tail = 100;
constexpr Milliseconds follow_every{200};

provider::LogQuery query_of(const Context& context, const Arguments& arguments) {
  provider::LogQuery query{.release = arguments.integer("release"),
                           .tail = arguments.integer("tail"),
                           .grep = arguments.text("grep")};
  if (const auto since = arguments.duration("since")) query.since = context.clock.now() - *since;
  if (!query.tail && !query.since) query.tail = default_tail;
  return query;
}

// The entry of a rollback has no replicas of its own: its lines are those of the release that it runs.
void ask_what_runs(Single& single, provider::LogQuery& query) {
  if (!query.release) return;
  const auto records = single.connection.provider.releases->list(single.ref);
  if (!records) return;  // the lines can be read all the same
  for (const auto& record : *records)
    if (record.number == *query.release) query.release = record.runs;
}

// Prints page after page until the reader has gone or a read fails.
int follow(Context& context, Single& single, provider::LogQuery query) {
  LogText text(context.out.style(), local_date(context.clock.now()));
  std::string cursor;
  while (!context.out.closed()) {
    auto page = single.connection.provider.logs->read(single.ref, query, cursor);
    if (!page) return finish(context, error_report(context, page.error()));
    for (const auto& entry : page->entries) {
      if (context.format == Format::text)
        context.out.text(text.line(entry));
      else if (context.format == Format::yaml)
        context.out.bytes("---\n" + to_yaml(log_value(entry)));
      else
        context.out.bytes(dump(log_value(entry)) + "\n");
    }
    cursor = page->cursor;
    query.tail.reset();  // only the beginning is cut
    if (page->entries.empty()) context.sleeper.sleep(follow_every);
  }
  return 0;
}

// All pages of a bounded query.
Result<provider::LogPage> read_all(Single& single, provider::LogQuery query) {
  auto& logs = *single.connection.provider.logs;
  MDL_TRY(auto all, logs.read(single.ref, query, ""));
  if (query.tail) return all;
  while (true) {
    MDL_TRY(auto page, logs.read(single.ref, query, all.cursor));
    if (page.entries.empty()) return all;
    all.entries.insert(all.entries.end(), page.entries.begin(), page.entries.end());
    all.cursor = page.cursor;
  }
}

Report snapshot(Context& context, Single& single, const provider::LogQuery& query) {
  auto page = read_all(single, query);
  if (!page) return error_report(context, page.error());
  Report report;
  Value lines = Value::array();
  LogText text(context.out.style(), local_date(context.clock.now()));
  for (const auto& entry : page->entries) {
    if (context.format == Format::text)
      report.text += text.line(entry);
    else
      lines.push(log_value(entry));
  }
  report.document =
      Value::object({{"service", single.ref.service},
                     {"target", single.ref.target},
                     {"lines", lines},
                     {"truncated", page->truncated},
                     {"empty_reason", page->entries.empty() ? Value(page->empty_reason) : Value()}});
  if (context.format != Format::text || context.quiet) return report;
  if (page->entries.empty())
    context.err.text("No lines" + (page->empty_reason.empty() ? "" : ": " + printable(page->empty_reason)) +
                     "\n");
  else if (page->truncated && context.err.style().terminal)
    context.err.text(paint(context.err.style(), Colour::dim,
                           "----------- earlier lines are left out; --tail N or --since 1h shows more") +
                     "\n");
  return report;
}

int logs(Context& context, const Arguments& arguments) {
  if (const auto tail = arguments.integer("tail"); tail && *tail < 1)
    return finish(context, usage_report(context, "--tail: at least 1"));
  auto single = select_one(context, arguments);
  if (!single) return finish(context, single.error());
  auto query = query_of(context, arguments);
  ask_what_runs(*single, query);
  if (arguments.has("follow")) return follow(context, *single, query);
  return finish(context, snapshot(context, *single, query));
}

}  // namespace

Command logs_command() {
  return {.name = "logs",
          .group = Group::trouble,
          .summary = "What the service wrote, all replicas merged by time",
          .description =
              "Without -f a bounded snapshot: the last 100 lines, unless --since or --tail say otherwise.",
          .options = with({{.names = "-f,--follow",
                            .help = "Go on with new lines until interrupted (with -o json: a line each)"},
                           {.names = "--since",
                            .type = OptionType::duration,
                            .value = "DURATION",
                            .help = "Lines of the last 10m, 2h, …"},
                           {.names = "--tail",
                            .type = OptionType::integer,
                            .value = "N",
                            .help = "The last N lines (default: 100)"},
                           {.names = "--release",
                            .type = OptionType::integer,
                            .value = "N",
                            .help = "Of this release only",
                            .completes = Completes::releases},
                           {.names = "--grep",
                            .type = OptionType::text,
                            .value = "REGEX",
                            .help = "Lines whose text matches this regular expression"},
                           long_file_option(),
                           target_option(),
                           service_option(),
                           output_option()},
                          common_options()),
          .examples = {{"mdl logs", "The last 100 lines"},
                       {"mdl logs -f", "Follow"},
                       {"mdl logs --since 10m --grep 'scored .*'", "What matches, of the last ten minutes"},
                       {"mdl logs --release 9", "What a failed release wrote"}},
          .run = logs};
}

}  // namespace mdl::cli
