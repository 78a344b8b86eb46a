#include <algorithm>
#include <fmt/format.h>

#include "core/util/digest.hpp"
#include "core/util/text.hpp"
#include "providers/aws/parts.hpp"
#include "providers/aws/resources/kinds.hpp"

// The live pointer is the alias `live`. Its description says "mdl 9f3a2b1c 7=12 8=13": a word that is new
// with each swap, then releases and their versions. A pointer's revision is that word with the versions and
// weights, not the alias's RevisionId, which a permission on the alias moves too; a swap passes the
// RevisionId that it read together with the revision it expects, so that it is a compare-and-swap all the
// same.
namespace mdl::aws {

namespace {

using release::ServiceRef;

struct Pointer {
  plan::Live live;
  std::string alias_revision;  // "": there is no alias
};

// What an alias that waits for its deletion says: nothing is live, as if it were gone.
constexpr std::string_view removed_word = "removed";

std::map<std::string, int> releases_in(const std::string& description) {
  std::map<std::string, int> releases;
  for (const auto word : split(description, ' ')) {
    const auto equals = word.find('=');
    if (equals == std::string_view::npos) continue;
    if (const auto number = parse_integer(word.substr(0, equals)))
      releases[std::string(word.substr(equals + 1))] = static_cast<int>(*number);
  }
  return releases;
}

std::string word_in(const std::string& description) {
  const auto words = split(description, ' ');
  return words.size() > 1 && words[0] == "mdl" ? std::string(words[1]) : "-";
}

bool is_removed(const std::string& description) {
  const auto words = split(description, ' ');
  return words.size() > 2 && words[2] == removed_word;
}

std::string revision_of(const Alias& alias) {
  auto text = word_in(alias.description) + "/" + alias.version;
  for (const auto& [version, weight] : alias.weights) text += fmt::format("+{}:{:.4g}", version, weight);
  return text;
}

// Versions to releases: as the description says, else (the alias was moved by hand) as the versions
// themselves say.
Result<std::map<std::string, int>> releases_of(Shared& shared, const Names& names, const Alias& alias) {
  auto releases = releases_in(alias.description);
  const auto known = [&](const std::string& version) { return releases.contains(version); };
  if (known(alias.version) &&
      std::ranges::all_of(alias.weights, [&](const auto& w) { return known(w.first); }))
    return releases;
  MDL_TRY(const auto versions, shared.functions.versions(names.function));
  for (const auto& version : versions)
    if (version.described) releases[version.version] = version.described->release;
  return releases;
}

// Where instances are kept ready, AWS itself gives the version before weights for a while after the alias
// moved. That is no split of ours, and no hand's.
Result<void> leave_out_shift(Shared& shared, const Names& names, Alias& alias) {
  const auto releases = releases_in(alias.description);
  if (alias.weights.empty() || !releases.contains(alias.version)) return {};
  if (std::ranges::all_of(alias.weights, [&](const auto& one) { return releases.contains(one.first); }))
    return {};
  MDL_TRY(const auto ready, resources::read_provisioned(shared, names));
  if (ready && ready->status == "IN_PROGRESS") alias.weights.clear();
  return {};
}

Result<Pointer> pointer_of(Shared& shared, const Names& names, const std::optional<Alias>& alias) {
  if (!alias) return Pointer{.live = {.split = {}, .revision = no_alias}};
  if (is_removed(alias->description))
    return Pointer{.live = {.split = {}, .revision = no_alias}, .alias_revision = alias->revision};
  Pointer pointer{.live = {.revision = revision_of(*alias)}, .alias_revision = alias->revision};
  MDL_TRY(const auto releases, releases_of(shared, names, *alias));
  double rest = 1;
  const auto share = [&](const std::string& version, double weight) {
    const auto found = releases.find(version);
    pointer.live.split.push_back({found == releases.end() ? 0 : found->second, weight});
  };
  for (const auto& [version, weight] : alias->weights) rest -= weight;
  // 1 - 0.1 is written as 0.9.
  share(alias->version, alias->weights.empty() ? 1.0 : std::round(rest * 1e6) / 1e6);
  for (const auto& [version, weight] : alias->weights) share(version, weight);
  return pointer;
}

Result<Pointer> pointer_of(Shared& shared, const Names& names) {
  MDL_TRY(auto alias, shared.functions.alias(names.function));
  if (alias) MDL_CHECK(leave_out_shift(shared, names, *alias));
  return pointer_of(shared, names, alias);
}

std::unexpected<Error> moved(const Names& names, const plan::Live& now) {
  const auto serves =
      now.release() == 0 ? std::string("nothing") : "release " + std::to_string(now.release());
  return fail(Error{.kind = ErrorKind::conflict,
                    .message = "what is live changed meanwhile: " + serves + " serves now",
                    .resource = std::string("alias ") + names.function + ":" + live_alias});
}

Result<void> delete_alias(Shared& shared, const Names& names) {
  MDL_CHECK(shared.client->rest({.operation = "DeleteAlias",
                                 .resource = names.function + ":" + live_alias,
                                 .method = "DELETE",
                                 .path = function_path(names.function, std::string("/aliases/") + live_alias),
                                 .idempotent = true}));
  return {};
}

class AwsTraffic final : public provider::Traffic {
 public:
  explicit AwsTraffic(SharedParts shared) : shared_(std::move(shared)) {}

  Result<plan::Live> read(const ServiceRef& ref) override { return read_live(*shared_, ref); }

  Result<plan::Live> swap(const ServiceRef& ref, const plan::Live& expected,
                          const plan::Split& wanted) override {
    const auto names = shared_->names(ref);
    MDL_TRY(const auto pointer, pointer_of(*shared_, names));
    if (pointer.live.revision != expected.revision) return moved(names, pointer.live);
    if (wanted.empty()) return remove(names, pointer);
    MDL_TRY(const auto body, body_of(names, wanted));
    return set(names, pointer, body);
  }

  // A version at rest costs nothing and any number of them stand side by side: there is no room to be made.
  Result<plan::Live> rest(const ServiceRef& ref, const plan::Live&, int) override {
    return fail(
        Error{.kind = ErrorKind::refused,
              .message = "Lambda's versions stand side by side: none is stopped to make room for another",
              .resource = std::string("alias ") + shared_->names(ref).function + ":" + live_alias});
  }

 private:
  Result<Value> body_of(const Names& names, const plan::Split& wanted) {
    MDL_TRY(const auto versions, shared_->functions.versions(names.function));
    const auto main = std::ranges::max_element(
        wanted, [](const plan::Share& a, const plan::Share& b) { return a.weight < b.weight; });
    auto body = Value::object();
    auto weights = Value::object();
    std::string description = "mdl " + random_hex(4);
    for (auto share = wanted.begin(); share != wanted.end(); ++share) {
      const auto* version = FunctionApi::version_of(versions, share->release);
      if (version == nullptr)
        return fail(Error{.kind = ErrorKind::refused,
                          .message = "release " + std::to_string(share->release) +
                                     " has no version of function " + names.function,
                          .resource = "version " + names.function + "/" + std::to_string(share->release)});
      description += " " + std::to_string(share->release) + "=" + version->version;
      if (share == main)
        body.set("FunctionVersion", version->version);
      else
        weights.set(version->version, share->weight);
    }
    body.set("Description", description);
    // An empty map takes weights away; without the member they would stay.
    body.set("RoutingConfig", Value::object({{"AdditionalVersionWeights", std::move(weights)}}));
    return body;
  }

  Result<plan::Live> set(const Names& names, const Pointer& pointer, Value body) {
    const bool fresh = pointer.alias_revision.empty();
    const auto description = body["Description"].as_string();
    if (fresh) {
      body.set("Name", live_alias);
      if (body["RoutingConfig"]["AdditionalVersionWeights"].as_object().empty()) body.erase("RoutingConfig");
    } else {
      body.set("RevisionId", pointer.alias_revision);
    }
    const auto path = fresh ? "/aliases" : std::string("/aliases/") + live_alias;
    auto answer = shared_->client->rest({.operation = fresh ? "CreateAlias" : "UpdateAlias",
                                         .resource = names.function + ":" + live_alias,
                                         .method = fresh ? "POST" : "PUT",
                                         .path = function_path(names.function, path),
                                         .body = body,
                                         .idempotent = true});
    if (!answer && answer.error().kind != ErrorKind::conflict)
      return std::unexpected(std::move(answer).error());
    // Not what a read would show now: that may be another run's already.
    if (answer) {
      MDL_TRY(auto made, pointer_of(*shared_, names, alias_from(*answer)));
      return std::move(made.live);
    }
    // After a lost answer the repeated call finds the pointer moved, by itself.
    MDL_TRY(const auto now, pointer_of(*shared_, names));
    if (now.live.revision.substr(0, now.live.revision.find('/')) != word_in(description))
      return moved(names, now.live);
    return now.live;
  }

  // DeleteAlias knows no revision: the alias is first made nobody's by a compare-and-swap.
  Result<plan::Live> remove(const Names& names, const Pointer& pointer) {
    if (pointer.alias_revision.empty()) return pointer.live;
    MDL_CHECK(shared_->client->rest(
        {.operation = "UpdateAlias",
         .resource = names.function + ":" + live_alias,
         .method = "PUT",
         .path = function_path(names.function, std::string("/aliases/") + live_alias),
         .body = Value::object({{"Description", "mdl " + random_hex(4) + " " + std::string(removed_word)},
                                {"RevisionId", pointer.alias_revision}})}));
    MDL_CHECK(delete_alias(*shared_, names));
    return plan::Live{.split = {}, .revision = no_alias};
  }

  SharedParts shared_;
};

}  // namespace

Result<plan::Live> read_live(Shared& shared, const ServiceRef& ref) {
  MDL_TRY(auto pointer, pointer_of(shared, shared.names(ref)));
  return std::move(pointer.live);
}

Result<bool> delete_removed_alias(Shared& shared, const ServiceRef& ref) {
  const auto names = shared.names(ref);
  MDL_TRY(const auto alias, shared.functions.alias(names.function));
  if (!alias || !is_removed(alias->description)) return false;
  MDL_CHECK(delete_alias(shared, names));
  return true;
}

Result<void> check_fence(Shared& shared, const ServiceRef& ref, const provider::Fence& fence) {
  MDL_TRY(const auto live, read_live(shared, ref));
  if (live.revision == fence.live_revision) return {};
  return moved(shared.names(ref), live);
}

// Nothing that two versions would have to share.
class AwsCapacity final : public provider::Capacity {
 public:
  std::vector<provider::Room> side_by_side(const ServiceRef&, std::span<const plan::Desired>, int,
                                           std::span<const plan::Desired>) override {
    return {};
  }
};

std::unique_ptr<provider::Capacity> make_capacity() { return std::make_unique<AwsCapacity>(); }

std::unique_ptr<provider::Traffic> make_traffic(const SharedParts& shared) {
  return std::make_unique<AwsTraffic>(shared);
}

}  // namespace mdl::aws
