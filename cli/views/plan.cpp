#include "cli/views/plan.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>

#include "cli/views/document.hpp"
#include "core/engine/drain.hpp"
#include "core/util/text.hpp"

namespace mdl::cli {

namespace {

constexpr std::size_t shown_digits = 8;

bool is_digest(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string scalar_text(const std::string& field, const Value& value) {
  if (value.is_null()) return "(none)";
  if (value.is_string()) {
    const std::string& text = value.as_string();
    return is_digest(text) ? text.substr(0, shown_digits) : printable(text);
  }
  if (value.is_number() && field.ends_with("_bytes"))
    return readable_bytes(static_cast<std::uint64_t>(value.as_integer()));
  if (value.is_number() && field.ends_with("_ms")) return readable_duration(Milliseconds(value.as_integer()));
  return shorten(printable(dump(value)), 40);
}

// The unit stands in the values.
std::string_view field_name(std::string_view field) {
  for (const std::string_view unit : {"_bytes", "_ms"})
    if (field.ends_with(unit)) return field.substr(0, field.size() - unit.size());
  return field;
}

std::string position(const std::optional<Source>& where) {
  if (!where) return "";
  return where->line > 0 ? fmt::format("{}:{}", printable(where->file), where->line) : printable(where->file);
}

std::string split_text(const plan::Split& split) {
  if (split.empty()) return "(none)";
  if (split.size() == 1) return std::to_string(split.front().release);
  std::string out;
  for (const auto& share : split)
    out += fmt::format("{}{} {:.3g} %", out.empty() ? "" : ", ", share.release, share.weight * 100);
  return out;
}

struct Row {
  char sign = '+';
  std::string kind, name;
  struct Field {
    std::string name, change, where;
  };
  std::vector<Field> fields;
};

std::vector<Row::Field> field_rows(const std::vector<plan::FieldDiff>& fields) {
  std::vector<Row::Field> out;
  for (const auto& field : fields)
    out.push_back({printable(field_name(field.field)),
                   scalar_text(field.field, field.from) + " → " + scalar_text(field.field, field.to),
                   position(field.where)});
  return out;
}

struct ToRow {
  Row operator()(const plan::Create& change) const {
    return {'+', change.desired.id.kind, printable(change.desired.id.name), {}};
  }
  Row operator()(const plan::Update& change) const {
    return {'~', change.desired.id.kind, change.desired.id.name, field_rows(change.fields)};
  }
  Row operator()(const plan::Replace& change) const {
    Row row{'~', change.desired.id.kind, change.desired.id.name, field_rows(change.fields)};
    row.fields.push_back({"", "made anew", ""});
    return row;
  }
  Row operator()(const plan::Delete& change) const {
    return {'-', change.id.kind, printable(change.id.name), {}};
  }
  Row operator()(const plan::Promote& change) const {
    return {'>', "live", "", {{"", split_text(change.from) + " → " + split_text(change.to), ""}}};
  }
  Row operator()(const plan::Rest& change) const {
    return {'!', "release", std::to_string(change.release), {{"", "stops", ""}}};
  }
};

Row to_row(const plan::Change& change, const plan::Plan& plan) {
  Row row = std::visit(ToRow{}, change);
  if (row.sign == '>' && plan.live.rests_for != 0)
    row.fields.front().change =
        fmt::format("{} (at rest) → {}", plan.live.release(), split_text(std::get<plan::Promote>(change).to));
  if (row.sign == '>' && !plan.live.revision.empty() && !plan.live.split.empty())
    row.fields.front().where = "if it has not moved until then";
  return row;
}

Colour colour_of(char sign) {
  return sign == '+'   ? Colour::green
         : sign == '-' ? Colour::red
         : sign == '!' ? Colour::red
         : sign == '~' ? Colour::yellow
                       : Colour::blue;
}

// "role, log group, 2 permissions"
std::string unchanged_text(const std::vector<plan::ResourceId>& unchanged) {
  std::vector<std::pair<std::string, int>> kinds;
  for (const auto& id : unchanged) {
    const auto found = std::ranges::find(kinds, id.kind, &std::pair<std::string, int>::first);
    if (found == kinds.end())
      kinds.emplace_back(id.kind, 1);
    else
      ++found->second;
  }
  std::string out;
  for (const auto& [kind, count] : kinds)
    out += (out.empty() ? "" : ", ") +
           (count == 1 ? kind : fmt::format("{} {}{}", count, kind, kind.ends_with('s') ? "" : "s"));
  return out;
}

std::string changes_text(const plan::Plan& plan, const Style& style) {
  std::vector<Row> rows;
  for (const auto& change : plan.changes) rows.push_back(to_row(change, plan));
  int kind = 0, name = 0, field = 0, text = 0;
  for (const auto& row : rows) {
    kind = std::max(kind, columns(row.kind));
    name = std::max(name, columns(row.name));
    for (const auto& f : row.fields) {
      field = std::max(field, columns(f.name));
      text = std::max(text, columns(f.change));
    }
  }
  std::string out;
  for (const auto& row : rows) {
    const std::string sign = paint(style, colour_of(row.sign), std::string(1, row.sign));
    std::string lead = pad(row.kind, kind) + "  " + pad(row.name, name);
    std::string margin = "  " + sign + " ";
    for (std::size_t i = 0; i < std::max<std::size_t>(1, row.fields.size()); ++i) {
      std::string line = margin + lead;
      if (i < row.fields.size()) {
        const auto& f = row.fields[i];
        line += "  " + (field > 0 ? pad(f.name, field) + "  " : "") +
                (f.where.empty() ? f.change : pad(f.change, text) + "  " + f.where);
      }
      line.erase(line.find_last_not_of(' ') + 1);
      out += line + "\n";
      margin = "    ";
      lead = std::string(static_cast<std::size_t>(kind + name + 2), ' ');
    }
  }
  if (!plan.unchanged.empty())
    out += "  " + paint(style, Colour::dim, "=") + " " + unchanged_text(plan.unchanged) + "\n";
  return out;
}

std::string plan_heading(const plan::Plan& plan) {
  std::string out = heading(plan.service.service, plan.service.target, plan.provider, plan.place);
  const int live = plan.live.release();
  return out + (live == 0 ? ", nothing is live" : fmt::format(", live: release {}", live));
}

std::string downtime_sentence(const plan::Plan& plan) {
  if (plan.drains.empty())
    return plan.live.rests_for == 0
               ? "No downtime."
               : fmt::format("Release {} is at rest: the service is away until it is started again.",
                             plan.live.release());
  return fmt::format("Release {} is stopped first ({}); {}.", plan.live.release(), printable(plan.drains),
                     engine::away_words(plan.downtime, plan.measured));
}

}  // namespace

std::string plan_sentence(const plan::Plan& plan) {
  std::string out = plan.weights_only ? "Weights only: code and dependencies stay as they are. " : "";
  out += plan.upload_bytes == 0 ? "Uploads nothing."
                                : fmt::format("Uploads {}.", readable_bytes(plan.upload_bytes));
  out += " " + downtime_sentence(plan);
  if (const int live = plan.live.release(); live != 0 && plan.release != 0) {
    if (plan.restorable)
      out += fmt::format(" Release {} stays restorable.", live);
    else
      out += fmt::format(" Release {} could not be restored: {}.", live, printable(plan.restorable_reason));
  }
  const auto calls = static_cast<std::int64_t>(plan.changes.size());
  return out + fmt::format(" {} call{}.", calls, plural(calls));
}

std::string plan_text(const plan::Plan& plan, const Scope& scope, const Style& style) {
  std::string out = paint(style, Colour::bold, plan_heading(plan)) + "\n\n";
  if (plan.empty())
    return out + fmt::format("No changes: release {} matches the manifest.\n", plan.live.release());
  out += changes_text(plan, style) + "\n" + plan_sentence(plan) + "\n";
  for (const auto& fetch : plan.fetches)
    out += fmt::format("Fetches {} from {}{}\n", printable(fetch.path), printable(fetch.from),
                       fetch.bytes == 0 ? "" : ", " + readable_bytes(fetch.bytes));
  return out + fmt::format("Apply exactly this:  {}  &&  {}\n", scope.command("plan", "--out p.json"),
                           scope.command("deploy", "--plan p.json"));
}

std::string plan_markdown(const plan::Plan& plan) {
  const auto cell = [](std::string text) {
    for (std::size_t i = 0; (i = text.find('|', i)) != std::string::npos; i += 2) text.insert(i, 1, '\\');
    return text;
  };
  std::string out = fmt::format("### {}\n\n", plan_heading(plan));
  if (plan.empty())
    return out + fmt::format("No changes: release {} matches the manifest.\n", plan.live.release());
  out += "| | resource | field | change | from |\n| --- | --- | --- | --- | --- |\n";
  for (const auto& change : plan.changes) {
    const Row row = to_row(change, plan);
    std::string lead = fmt::format("| `{}` | {} {} ", row.sign, cell(row.kind), cell(row.name));
    if (row.fields.empty()) out += lead + "| | | |\n";
    for (const auto& field : row.fields) {
      out +=
          lead + fmt::format("| {} | {} | {} |\n", cell(field.name), cell(field.change), cell(field.where));
      lead = "| | ";
    }
  }
  if (!plan.unchanged.empty())
    out += fmt::format("| `=` | {} | | | |\n", cell(unchanged_text(plan.unchanged)));
  out += "\n" + plan_sentence(plan) + "\n\n<details><summary>The calls, in order</summary>\n\n```\n";
  for (const auto& change : plan.changes) out += printable(plan::identity(change)) + "\n";
  return out + "```\n\n</details>\n";
}

namespace {

Value change_value(const plan::Change& change, const plan::Plan& plan) {
  const Row row = to_row(change, plan);
  static const std::map<char, const char*> actions = {
      {'+', "create"}, {'~', "update"}, {'-', "delete"}, {'>', "promote"}, {'!', "rest"}};
  Value out = Value::object(
      {{"action", std::holds_alternative<plan::Replace>(change) ? "replace" : actions.at(row.sign)}});
  const std::vector<plan::FieldDiff>* fields = nullptr;
  if (const auto* create = std::get_if<plan::Create>(&change)) {
    out.set("kind", create->desired.id.kind);
    out.set("name", create->desired.id.name);
  } else if (const auto* update = std::get_if<plan::Update>(&change)) {
    out.set("kind", update->desired.id.kind);
    out.set("name", update->desired.id.name);
    fields = &update->fields;
  } else if (const auto* replace = std::get_if<plan::Replace>(&change)) {
    out.set("kind", replace->desired.id.kind);
    out.set("name", replace->desired.id.name);
    fields = &replace->fields;
  } else if (const auto* removal = std::get_if<plan::Delete>(&change)) {
    out.set("kind", removal->id.kind);
    out.set("name", removal->id.name);
  } else if (const auto* promote = std::get_if<plan::Promote>(&change)) {
    out.set("from", plan::to_value(promote->from));
    out.set("to", plan::to_value(promote->to));
  } else if (const auto* rest = std::get_if<plan::Rest>(&change)) {
    out.set("release", rest->release);
    out.set("room_for", rest->room_for);
  }
  if (fields != nullptr) {
    Value list = Value::array();
    for (const auto& field : *fields)
      list.push(Value::object({{"field", field.field},
                               {"from", field.from},
                               {"to", field.to},
                               {"where", source_value(field.where)}}));
    out.set("fields", list);
  }
  out.set("call", plan::identity(change));
  return out;
}

}  // namespace

Value plan_value(const plan::Plan& plan) {
  Value changes = Value::array(), unchanged = Value::array();
  for (const auto& change : plan.changes) changes.push(change_value(change, plan));
  for (const auto& id : plan.unchanged) unchanged.push(Value::object({{"kind", id.kind}, {"name", id.name}}));
  Value fetches = Value::array();
  for (const auto& fetch : plan.fetches)
    fetches.push(Value::object({{"path", fetch.path},
                                {"from", fetch.from},
                                {"bytes", fetch.bytes == 0 ? Value() : Value(fetch.bytes)}}));
  const int live = plan.live.release();
  Value out = Value::object({{"service", plan.service.service},
                             {"target", plan.service.target},
                             {"provider", plan.provider},
                             {"place", plan.place},
                             {"live", live == 0 ? Value() : Value(live)},
                             {"release", plan.release == 0 ? Value() : Value(plan.release)},
                             {"artifact", plan.artifact},
                             {"changes", changes},
                             {"unchanged", unchanged},
                             {"upload_bytes", plan.upload_bytes},
                             {"fetches", fetches},
                             {"weights_only", plan.weights_only},
                             {"downtime_ms", static_cast<std::int64_t>(plan.downtime.count())},
                             {"restorable", plan.restorable},
                             {"restorable_reason", plan.restorable ? Value() : Value(plan.restorable_reason)},
                             {"calls", static_cast<std::int64_t>(plan.changes.size())}});
  if (plan.drains.empty()) return out;
  out.set("drains", plan.drains);
  if (plan.measured == 0) out.set("downtime_ms", nullptr);  // not known yet
  if (plan.measured != 0) out.set("downtime_as_release", plan.measured);
  return out;
}

}  // namespace mdl::cli
