#include "cli/views/document.hpp"

#include <algorithm>

#include "core/util/text.hpp"

namespace mdl::cli {

namespace {

// Words that YAML would read as something else, or that a reader might: written in double quotes.
bool plain(std::string_view text) {
  if (text.empty() || !is_utf8(text)) return false;
  const auto lower = lower_case(text);
  for (const auto word : {"null", "true", "false", "yes", "no", "on", "off", "y", "n", "~"})
    if (lower == word) return false;
  const auto letter = [](unsigned char c) { return std::isalpha(c) || c == '/' || c == '_'; };
  if (!letter(static_cast<unsigned char>(text.front()))) return false;
  return std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) || std::string_view("/_.-").find(static_cast<char>(c)) != std::string_view::npos;
  });
}

std::string scalar(const Value& value) {
  if (value.is_string() && plain(value.as_string())) return value.as_string();
  return dump(value);  // JSON scalars and empty containers are YAML
}

bool inline_form(const Value& value) {
  return (!value.is_object() || value.as_object().empty()) && (!value.is_array() || value.as_array().empty());
}

void write(const Value& value, int indent, std::string& out) {
  const std::string margin(static_cast<std::size_t>(indent), ' ');
  if (value.is_object()) {
    for (const auto& [name, member] : value.as_object()) {
      out += margin + (plain(name) ? name : dump(Value(name))) + ":";
      if (inline_form(member)) {
        out += " " + scalar(member) + "\n";
      } else {
        out += "\n";
        write(member, indent + 2, out);
      }
    }
    return;
  }
  for (const auto& item : value.as_array()) {
    if (inline_form(item)) {
      out += margin + "- " + scalar(item) + "\n";
      continue;
    }
    std::string block;
    write(item, indent + 2, block);
    block.replace(static_cast<std::size_t>(indent), 2, "- ");  // in place of the first line's own indent
    out += block;
  }
}

}  // namespace

std::string to_yaml(const Value& value) {
  if (inline_form(value)) return scalar(value) + "\n";
  std::string out;
  write(value, 0, out);
  return out;
}

Value source_value(const std::optional<Source>& source) {
  if (!source) return {};
  return Value::object({{"file", source->file}, {"line", source->line}, {"column", source->column}});
}

Value problem_value(const manifest::Problem& problem) {
  return Value::object({{"severity", manifest::to_string(problem.severity)},
                        {"field", problem.field},
                        {"message", problem.message},
                        {"where", source_value(problem.where)}});
}

Value problems_value(const std::vector<manifest::Problem>& problems) {
  Value out = Value::array();
  for (const auto& problem : problems) out.push(problem_value(problem));
  return out;
}

Value error_value(const Error& error) {
  Value out = Value::object({{"kind", to_string(error.kind)}, {"message", error.message}});
  if (!error.resource.empty()) out.set("resource", error.resource);
  if (!error.code.empty()) out.set("code", error.code);
  if (!error.quoted.empty()) out.set("quoted", error.quoted);
  if (error.where) out.set("where", source_value(error.where));
  if (!error.lines.empty()) out.set("lines", error.lines);
  return out;
}

Value time_value(Time time) { return time == Time{} ? Value() : Value(to_rfc3339(time)); }

Value rehearsal_value(const std::optional<release::Rehearsal>& rehearsal) {
  if (!rehearsal) return {};
  return Value::object({{"at", time_value(rehearsal->at)},
                        {"took_ms", static_cast<std::int64_t>(rehearsal->took.count())},
                        {"passed", rehearsal->passed}});
}

std::string_view state_word(const release::Record& record) {
  return record.state == release::State::superseded ? "restorable" : release::to_string(record.state);
}

Value record_value(const release::Record& record) {
  Value secrets = Value::array();
  for (const auto& [name, version] : record.secret_versions) secrets.push(name);
  return Value::object({{"number", record.number},
                        {"runs", record.runs},
                        {"state", state_word(record)},
                        {"artifact", record.artifact},
                        {"config", record.config},
                        {"secrets", secrets},
                        {"author", record.author.name},
                        {"commit", record.author.commit.empty() ? Value() : Value(record.author.commit)},
                        {"dirty", record.author.dirty},
                        {"created", time_value(record.created)},
                        {"live_since", time_value(record.live_since)},
                        {"how", record.how},
                        {"reason", record.reason.empty() ? Value() : Value(record.reason)},
                        {"rehearsal", rehearsal_value(record.rehearsal)}});
}

}  // namespace mdl::cli
