#include <algorithm>
#include <cmath>

#include "core/engine/gate/answers.hpp"
#include "core/engine/verify.hpp"
#include "core/util/files.hpp"
#include "core/util/text.hpp"

namespace mdl::engine {

namespace {

std::string at(const std::string& path, const std::string& text) {
  return path.empty() ? text : path + ": " + text;
}

bool near(double a, double b, double tolerance) {
  return a == b || std::abs(a - b) <= tolerance * std::max({1.0, std::abs(a), std::abs(b)});
}

std::string difference(const Value& expected, const Value& got, double tolerance, const std::string& path) {
  if (expected.is_number() && got.is_number()) {
    if (near(expected.as_number(), got.as_number(), tolerance)) return {};
    return at(path, dump(got) + " is not " + dump(expected));
  }
  if (expected.is_array() && got.is_array()) {
    const auto &a = expected.as_array(), &b = got.as_array();
    if (a.size() != b.size())
      return at(path, std::to_string(b.size()) + " items instead of " + std::to_string(a.size()));
    for (std::size_t i = 0; i < a.size(); ++i)
      if (auto found = difference(a[i], b[i], tolerance, path + "[" + std::to_string(i) + "]");
          !found.empty())
        return found;
    return {};
  }
  if (expected.is_object() && got.is_object()) {
    for (const auto& [name, value] : expected.as_object()) {
      const auto inner = path.empty() ? name : path + "." + name;
      if (!got.contains(name)) return inner + " is missing";
      if (auto found = difference(value, got[name], tolerance, inner); !found.empty()) return found;
    }
    for (const auto& [name, value] : got.as_object())
      if (!expected.contains(name)) return (path.empty() ? name : path + "." + name) + " is not expected";
    return {};
  }
  return expected == got ? std::string() : at(path, dump(got) + " is not " + dump(expected));
}

// A golden request is a JSON file: an object with a text member "path" describes the request (method, path,
// headers, body); any other document is itself the body of a POST to "/".
Result<provider::HttpRequest> read_request(const std::string& file) {
  MDL_TRY(const std::string text, read_file(file));
  MDL_TRY(const Value document, parse_json(text));
  provider::HttpRequest request{
      .method = "POST", .headers = {{"content-type", "application/json"}}, .body = text};
  if (!document["path"].is_string()) return request;
  request.path = document["path"].as_string();
  request.method = document["method"].is_string() ? document["method"].as_string() : "POST";
  const auto& body = document["body"];
  request.body = body.is_null() ? "" : body.is_string() ? body.as_string() : dump(body);
  for (const auto& [name, value] : document["headers"].as_object())
    request.headers.emplace_back(name, value.as_string());
  return request;
}

Error golden_error(const manifest::Golden& golden, int release, const std::string& wrong) {
  Error error{.kind = ErrorKind::failed, .message = "golden request " + golden.request + ": " + wrong};
  error.code = "golden";
  error.resource = "release " + std::to_string(release);
  return error;
}

std::string status_problem(int status) {
  return status >= 200 && status <= 299 ? "" : "answered " + std::to_string(status);
}

// One golden request at one release that may be asked again.
struct Question {
  const GoldenRun& run;
  const manifest::Golden& golden;
  provider::HttpRequest request;
  Provider& provider;

  Result<gate::Answer> ask(std::optional<int> release) const {
    MDL_TRY(auto response, provider.invoke->send(run.ref, release, request, run.timeout));
    return gate::Answer{.status = response.status, .body = std::move(response.body)};
  }
  // A stable release that sleeps is woken by a request that goes the users' way.
  Result<gate::Answer> ask_stable() const {
    auto answer = ask(run.stable);
    if (answer || answer.error().kind != ErrorKind::unavailable) return answer;
    return ask(std::nullopt);
  }
};

// Whether the request asks for the likeliest answer: without sampling, a model answers the same each time.
bool is_exact(const provider::HttpRequest& request) {
  const auto body = parse_json(request.body);
  if (!body || !body->is_object()) return false;
  for (const auto* options : {&*body, &(*body)["options"], &(*body)["parameters"]})
    if (const auto& temperature = (*options)["temperature"]; temperature.is_number())
      return temperature.as_number() == 0;
  return false;
}

// Long answers are told by their beginnings, up to a little behind where they part.
std::string shortened(const std::string& text, std::size_t parts_at) {
  constexpr std::size_t behind = 40, before = 40;
  const std::size_t from = parts_at > before ? parts_at - before : 0;
  const bool cut = text.size() > parts_at + behind;
  return (from > 0 ? "…" : "") + printable(text.substr(from, parts_at + behind - from)) + (cut ? "…" : "");
}

std::string change_words(const gate::Change& change) {
  const auto parts =
      static_cast<std::size_t>(std::ranges::mismatch(change.was, change.is).in1 - change.was.begin());
  if (change.is.empty()) return change.path + " is missing";
  if (change.was.empty()) return change.path + " is not expected";
  return at(change.path, shortened(change.is, parts) + " is not " + shortened(change.was, parts));
}

// How the new release's answers changed, of a request whose answers are exact; "" when they did not. Both are
// asked again until it is clear what the stable release always answers, and the new one never. The order
// matters: a clock in the answers stands as still for one as for the other.
Result<std::string> exact_difference(const Question& question, const gate::Answer& stable,
                                     const gate::Answer& fresh) {
  const double tolerance = question.golden.tolerance;
  std::vector<gate::Answer> stables{stable}, freshes{fresh};
  const auto changed = [&] { return gate::exact_change(stables, freshes, tolerance); };
  for (const bool of_stable : {true, false, true}) {
    if (!changed()) return std::string();
    MDL_TRY(auto again, of_stable ? question.ask_stable() : question.ask(question.run.release));
    (of_stable ? stables : freshes).push_back(std::move(again));
  }
  const auto change = changed();
  return change ? change_words(*change) : std::string();
}

// "" when the answers are alike. The first pair decides when it is; otherwise both are asked until chance is
// ruled out.
Result<std::string> answers_changed(const Question& question, const gate::Answer& stable,
                                    const gate::Answer& fresh, std::size_t compared) {
  const double tolerance = question.golden.tolerance;
  if (gate::distance(stable, fresh, tolerance) == 0) return std::string();
  if (is_exact(question.request)) return exact_difference(question, stable, fresh);
  const auto asks = gate::asks(compared);
  std::vector<gate::Answer> stables{stable}, freshes{fresh};
  while (stables.size() < asks.stable) {
    MDL_TRY(auto again, question.ask_stable());
    stables.push_back(std::move(again));
    if (freshes.size() == asks.fresh) continue;
    MDL_TRY(auto other, question.ask(question.run.release));
    freshes.push_back(std::move(other));
  }
  return gate::differ(stables, freshes, tolerance) ? answer_difference(stable.body, fresh.body, tolerance)
                                                   : std::string();
}

// Returns whether the answer was compared with anything but its status.
Result<bool> check_one(const Question& question, std::size_t compared) {
  const auto& [run, golden, request, provider] = question;
  MDL_TRY(const auto fresh, question.ask(run.release));
  if (auto wrong = status_problem(fresh.status); !wrong.empty())
    return fail(golden_error(golden, run.release, wrong));
  if (!golden.expect.empty()) {
    MDL_TRY(const auto expected, read_file(run.folder + "/" + golden.expect));
    const auto wrong = answer_difference(expected, fresh.body, golden.tolerance);
    if (!wrong.empty()) return fail(golden_error(golden, run.release, wrong));
    return true;
  }
  if (run.stable == 0) return false;
  const auto stable = question.ask_stable();
  if (!stable || !status_problem(stable->status).empty()) return false;  // nothing to be compared with
  MDL_TRY(const auto changed, answers_changed(question, *stable, fresh, compared));
  if (changed.empty()) return true;
  auto error = golden_error(golden, run.release,
                            changed + ", which release " + std::to_string(run.stable) + " answers");
  error.next = {"mdl invoke --release " + std::to_string(run.stable) + " --data @" + golden.request};
  return fail(std::move(error));
}

}  // namespace

std::string answer_difference(std::string_view expected, std::string_view got, double tolerance) {
  const auto expected_json = parse_json(expected), got_json = parse_json(got);
  if (expected_json && got_json) return difference(*expected_json, *got_json, tolerance, "");
  if (expected_json) return "the answer is not JSON";
  return expected == got ? "" : "the answer differs";
}

Result<std::string> check_golden(const GoldenRun& run, const std::vector<manifest::Golden>& golden,
                                 Provider& provider) {
  const auto open = [](const manifest::Golden& item) { return item.expect.empty(); };
  const auto compared = static_cast<std::size_t>(std::ranges::count_if(golden, open));
  std::size_t equal = 0, as_stable = 0, answered = 0;
  for (const auto& item : golden) {
    MDL_TRY(auto request, read_request(run.folder + "/" + item.request));
    MDL_TRY(const bool judged, check_one({run, item, std::move(request), provider}, compared));
    ++(judged ? open(item) ? as_stable : equal : answered);
  }
  std::vector<std::string> texts;
  const auto tell = [&](std::size_t count, const std::string& what) {
    if (count == 0) return;
    const std::string noun = texts.empty() ? count == 1 ? " golden request" : " golden requests" : "";
    texts.push_back(std::to_string(count) + noun + what);
  };
  tell(equal, " equal");
  tell(as_stable, " as release " + std::to_string(run.stable) + " answers");
  tell(answered, " answered");
  return join(texts, ", ");
}

}  // namespace mdl::engine
