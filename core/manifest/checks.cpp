#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/manifest/quote.hpp"
#include "core/manifest/resolve.hpp"
#include "core/manifest/values.hpp"
#include "core/util/text.hpp"

namespace mdl::manifest {
namespace {

class Checks {
 public:
  Checks(const Resolved& resolved, Problems& problems)
      : resolved_(resolved), service_(resolved.service), problems_(problems) {}

  void all() {
    if (!wrong("http") && !wrong("build")) http();
    if (!wrong("scale")) scale();
    if (!wrong("rollout")) rollout();
    model();
    files();
  }

 private:
  void add(std::string_view path, std::string message) {
    problems_.add(resolved_.at(path), path, fmt::format("{}: {}", path, message));
  }
  bool wrong(std::string_view path) const { return problems_.concern(path, resolved_.files); }
  bool is_set(std::string_view path) const { return resolved_.places.contains(std::string(path)); }

  void http() {
    const auto& http = service_.http;
    const bool brings_server = !service_.build.image.empty() || !service_.build.dockerfile.empty();
    if (http.entry.empty() && http.handler.empty() && http.command.empty() && !brings_server)
      add("http", "one of entry, handler and command is needed, such as entry: app:app");
    if (is_set("http.interface") && http.entry.empty())
      add("http.interface", "says what http.entry is, which is not set");
  }

  void scale() {
    const auto& scale = service_.scale;
    if (scale.min <= scale.max) return;
    const auto* const path = is_set("scale.min") ? "scale.min" : "scale.max";
    add(path, is_set("scale.min")
                  ? fmt::format("{} is more than scale.max, which is {}{}", scale.min, scale.max,
                                is_set("scale.max") ? "" : " by default")
                  : fmt::format("{} is less than scale.min, which is {} by default", scale.max, scale.min));
  }

  void rollout() {
    const auto& rollout = service_.rollout;
    const bool canary = rollout.strategy == Strategy::canary;
    if (canary && rollout.steps.empty())
      add("rollout.strategy", "a canary needs steps, such as steps: [10%, 50%]");
    if (!canary && is_set("rollout.steps")) add("rollout.steps", "only strategy canary has steps");
    if (rollout.gate && !canary && rollout.strategy != Strategy::blue_green)
      add("rollout.gate", "only the strategies canary and blue-green have a gate");
    for (std::size_t i = 1; i < rollout.steps.size(); ++i) {
      if (rollout.steps[i] > rollout.steps[i - 1]) continue;
      add(fmt::format("rollout.steps.{}", i),
          fmt::format("{} does not come after {}; steps rise", written(FieldType::share, rollout.steps[i]),
                      written(FieldType::share, rollout.steps[i - 1])));
      break;
    }
  }

  void model() {
    for (std::size_t i = 0; i < service_.model.size(); ++i) {
      const auto& file = service_.model[i];
      const auto path = fmt::format("model.{}", i);
      if (file.from.starts_with("https://") && file.sha256.empty())
        add(path + ".from", "a file from https:// needs its sha256 beside it");
      if (file.from.starts_with("hf://") && std::ranges::count(file.from, '/') < 4)
        add(path + ".from", "expected hf://organisation/repository@revision/file");
    }
  }

  void files() {
    must_exist("build.requirements", service_.build.requirements);
    must_exist("build.dockerfile", service_.build.dockerfile);
    for (std::size_t i = 0; i < service_.golden.size(); ++i) {
      must_exist(fmt::format("golden.{}.request", i), service_.golden[i].request);
      if (!service_.golden[i].expect.empty())
        must_exist(fmt::format("golden.{}.expect", i), service_.golden[i].expect);
    }
  }

  void must_exist(std::string_view path, const std::string& file) {
    if (file.empty()) return;
    std::error_code error;
    const auto status = std::filesystem::status(std::filesystem::path(service_.folder) / file, error);
    if (status.type() == std::filesystem::file_type::not_found)
      add(path, fmt::format("there is no file {}", quote(file)));
    else if (!std::filesystem::is_regular_file(status))
      add(path, fmt::format("{} is no regular file, or cannot be read", quote(file)));
  }

  const Resolved& resolved_;
  const Service& service_;
  Problems& problems_;
};

class Order {
 public:
  Order(const std::vector<Resolved>& services, bool known, Problems& problems)
      : services_(services), known_(known), problems_(problems) {}

  std::vector<std::size_t> run() {
    for (std::size_t i = 0; i < services_.size(); ++i)
      if (!by_name_.emplace(services_[i].service.name, i).second && !services_[i].service.name.empty())
        problems_.add(
            services_[i].at("name"), "name",
            fmt::format("another service of this project is called {}", quote(services_[i].service.name)));
    state_.resize(services_.size());
    for (std::size_t i = 0; i < services_.size(); ++i) visit(i);
    return std::move(out_);
  }

 private:
  enum class State { untouched, open, done };

  // Depth is bounded by the number of services.
  void visit(std::size_t index) {
    if (state_[index] != State::untouched) return;
    state_[index] = State::open;
    path_.push_back(index);
    const auto& needs = services_[index].service.needs;
    for (std::size_t i = 0; i < needs.size(); ++i) {
      const auto found = by_name_.find(needs[i]);
      if (found == by_name_.end())
        missing(index, i);
      else if (state_[found->second] == State::open)
        cycle(index, i, found->second);
      else
        visit(found->second);
    }
    path_.pop_back();
    state_[index] = State::done;
    out_.push_back(index);
  }

  void add(std::size_t index, std::size_t need, const std::string& message) {
    const auto path = fmt::format("needs.{}", need);
    problems_.add(services_[index].at(path), path, "needs: " + message);
  }

  void missing(std::size_t index, std::size_t need) {
    if (!known_ || by_name_.contains("")) return;
    std::vector<std::string_view> names;
    for (const auto& [name, at] : by_name_) names.push_back(name);
    const auto& name = services_[index].service.needs[need];
    auto hint = suggestion(name, names);
    if (hint.empty() && names.size() == 1) hint = "; load the project's manifest, which lists its services";
    add(index, need, fmt::format("this project has no service {}{}", quote(name), hint));
  }

  void cycle(std::size_t index, std::size_t need, std::size_t back_to) {
    std::vector<std::string_view> names;
    for (auto at = std::ranges::find(path_, back_to); at != path_.end(); ++at)
      names.push_back(services_[*at].service.name);
    names.push_back(services_[back_to].service.name);
    add(index, need, fmt::format("services need each other in a circle: {}", fmt::join(names, " -> ")));
  }

  const std::vector<Resolved>& services_;
  const bool known_;
  Problems& problems_;
  std::map<std::string_view, std::size_t> by_name_;
  std::vector<State> state_;
  std::vector<std::size_t> path_, out_;
};

}  // namespace

void check_service(const Resolved& resolved, Problems& problems) { Checks(resolved, problems).all(); }

std::vector<Resolved> order_by_needs(std::vector<Resolved> services, bool known, Problems& problems) {
  std::vector<Resolved> out;
  for (const auto index : Order(services, known, problems).run()) out.push_back(std::move(services[index]));
  return out;
}

}  // namespace mdl::manifest
