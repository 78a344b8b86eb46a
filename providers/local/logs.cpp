#include <algorithm>

#include "providers/local/logfile.hpp"
#include "providers/local/parts.hpp"

namespace mdl::local {

namespace {

using provider::LogPage;
using provider::LogQuery;
using release::ServiceRef;

bool narrowed(const LogQuery& query) {
  return query.since.has_value() || query.release.has_value() || !query.grep.empty();
}

// All replicas of the live releases are put to rest.
bool asleep(const Value& state) {
  const auto& split = state["live"]["split"].as_array();
  const auto rests = [&](const Value& share) {
    return std::ranges::any_of(state["replicas"].as_array(), [&](const Value& replicas) {
      return replicas["release"] == share["release"] && replicas["status"]["state"].as_string() == "resting";
    });
  };
  return !split.empty() && std::ranges::all_of(split, rests);
}

class LocalLogs final : public provider::Logs {
 public:
  explicit LocalLogs(SharedClient client) : client_(std::move(client)) {}

  // From the files, so that they can be read also when no supervisor runs.
  Result<LogPage> read(const ServiceRef& ref, const LogQuery& query, const std::string& cursor) override {
    MDL_TRY(auto page, read_logs(client_->options().home.logs(ref.service, ref.target), query, cursor));
    if (page.entries.empty() && cursor.empty()) page.empty_reason = why_empty(ref, query);
    return page;
  }

 private:
  std::string why_empty(const ServiceRef& ref, const LogQuery& query) const {
    const auto state = client_->peek(service_path(ref));
    if (!state && state.error().kind != ErrorKind::unavailable) return "no line was written";
    if (!state || !*state || (**state)["replicas"].as_array().empty()) return "no release yet";
    if (asleep(**state)) return "scaled to zero";
    return narrowed(query) ? "no line matches" : "the service has written nothing yet";
  }

  SharedClient client_;
};

}  // namespace

std::unique_ptr<provider::Logs> make_logs(const SharedClient& client) {
  return std::make_unique<LocalLogs>(client);
}

}  // namespace mdl::local
