#include "core/oci/detect_python.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "core/util/text.hpp"

namespace mdl::oci {

namespace {

struct Maker {
  std::string_view call, framework, interface;
};
constexpr std::array makers{
    Maker{"Flask", "Flask", "wsgi"},
    Maker{"FastAPI", "FastAPI", "asgi"},
    Maker{"Starlette", "Starlette", "asgi"},
    Maker{"Litestar", "Litestar", "asgi"},
    Maker{"Quart", "Quart", "asgi"},
    Maker{"Bottle", "Bottle", "wsgi"},
    Maker{"falcon.App", "Falcon", "wsgi"},
    Maker{"falcon.asgi.App", "Falcon", "asgi"},
    Maker{"get_wsgi_application", "Django", "wsgi"},
    Maker{"get_asgi_application", "Django", "asgi"},
    Maker{"create_app", "", "auto"},
    Maker{"make_app", "", "auto"},
};

constexpr std::array<std::string_view, 6> health_paths{"/healthz", "/health", "/readyz",
                                                       "/ready",   "/ping",   "/livez"};

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::string_view leading_name(std::string_view text) {
  const auto end = std::ranges::find_if_not(text, is_name);
  return text.substr(0, static_cast<std::size_t>(end - text.begin()));
}

void skip_spaces(std::string_view& text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
}

bool take(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

// Whether a long string is open after `line`, given how it was before. `open` is its quote, or empty.
void follow_long_strings(std::string_view line, std::string_view& open) {
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (!open.empty()) {
      if (!line.substr(i).starts_with(open)) continue;
      i += 2;
      open = {};
    } else if (line[i] == '#') {
      return;
    } else if (line.substr(i).starts_with("\"\"\"") || line.substr(i).starts_with("'''")) {
      open = line[i] == '"' ? "\"\"\"" : "'''";
      i += 2;
    } else if (line[i] == '"' || line[i] == '\'') {
      const char quote = line[i];
      for (++i; i < line.size() && line[i] != quote; ++i)
        if (line[i] == '\\') ++i;
    }
  }
}

// The lines that start a statement at the top level.
std::vector<std::string_view> top_level(std::string_view text) {
  std::vector<std::string_view> lines;
  std::string_view open;
  for (const auto line : split(text, '\n')) {
    if (open.empty() && !line.empty() && is_name(line.front())) lines.push_back(line);
    follow_long_strings(line, open);
  }
  return lines;
}

// `app = flask.Flask(…)`, `app: Flask = Flask(…)`.
std::optional<PythonApplication> assignment(std::string_view line) {
  const auto object = leading_name(line);
  line.remove_prefix(object.size());
  skip_spaces(line);
  if (take(line, ":")) {
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    line.remove_prefix(equals);
  }
  if (!take(line, "=") || line.starts_with('=')) return std::nullopt;
  skip_spaces(line);
  const auto call = line.substr(0, line.find('('));
  if (call.size() == line.size()) return std::nullopt;
  for (const auto& maker : makers) {
    const bool qualified = call.size() > maker.call.size() && call.ends_with(maker.call) &&
                           call[call.size() - maker.call.size() - 1] == '.' &&
                           maker.call.find('.') == call.npos;
    if (call == maker.call || qualified)
      return PythonApplication{std::string(object), std::string(maker.framework),
                               std::string(maker.interface)};
  }
  return std::nullopt;
}

// The name of a function whose parameters are these, in order.
std::optional<std::string> function(std::string_view line, std::string_view start,
                                    std::initializer_list<std::string_view> parameters) {
  if (!take(line, start)) return std::nullopt;
  skip_spaces(line);
  const auto name = leading_name(line);
  line.remove_prefix(name.size());
  skip_spaces(line);
  if (name.empty() || !take(line, "(")) return std::nullopt;
  for (const auto parameter : parameters) {
    skip_spaces(line);
    if (leading_name(line) != parameter) return std::nullopt;
    const auto end = line.find_first_of(",)");
    if (end == std::string_view::npos) return std::nullopt;
    line.remove_prefix(line[end] == ',' ? end + 1 : end);
  }
  return std::string(name);
}

std::optional<PythonApplication> definition(std::string_view line) {
  if (auto name = function(line, "def ", {"environ", "start_response"}))
    return PythonApplication{std::move(*name), "WSGI", "wsgi"};
  if (auto name = function(line, "async def ", {"scope", "receive", "send"}))
    return PythonApplication{std::move(*name), "ASGI", "asgi"};
  return std::nullopt;
}

// `app = create_app()` does not say what it makes, the imports often do.
void read_imports(const std::vector<std::string_view>& lines, PythonApplication& application) {
  for (const auto line : lines) {
    if (!line.starts_with("import ") && !line.starts_with("from ")) continue;
    for (const auto& maker : makers) {
      if (maker.framework.empty() || line.find(maker.call) == std::string_view::npos) continue;
      application.framework = maker.framework;
      application.interface = maker.interface;
      return;
    }
  }
}

int rank(const PythonApplication& application) {
  if (application.object == "app") return 0;
  return application.object == "application" ? 1 : 2;
}

}  // namespace

std::optional<PythonApplication> python_application(std::string_view text) {
  const auto lines = top_level(text);
  std::optional<PythonApplication> best;
  for (const auto line : lines) {
    auto found = assignment(line);
    if (!found) found = definition(line);
    if (found && (!best || rank(*found) < rank(*best))) best = std::move(found);
  }
  if (best && best->framework.empty()) read_imports(lines, *best);
  return best;
}

std::optional<std::string> python_handler(std::string_view text) {
  std::optional<std::string> best;
  for (const auto line : top_level(text)) {
    auto found = function(line, "def ", {"event", "context"});
    if (!found && line.starts_with("def lambda_handler(")) found = "lambda_handler";
    if (found && (!best || *found == "lambda_handler")) best = std::move(found);
  }
  return best;
}

std::string health_path(std::string_view text) {
  for (const auto path : health_paths)
    for (const char quote : {'"', '\''})
      if (text.find(quote + std::string(path) + quote) != std::string_view::npos) return std::string(path);
  return "";
}

}  // namespace mdl::oci
