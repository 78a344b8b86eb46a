#include "core/util/text.hpp"
#include "providers/aws/resources/kinds.hpp"

// The function's URL on the alias, and the statements that let anyone call it.
namespace mdl::aws::resources {

namespace {

std::string url_path(const Names& names) {
  return "/2021-10-31/functions/" + percent_encode(names.function) + "/url";
}

Result<std::optional<Value>> url_config(Shared& shared, const Names& names) {
  auto answer = shared.client->rest({.operation = "GetFunctionUrlConfig",
                                     .resource = names.function + ":" + live_alias,
                                     .path = url_path(names),
                                     .query = {{"Qualifier", live_alias}}});
  if (!answer && answer.error().kind == ErrorKind::not_found) {
    shared.note_url(names.function, std::nullopt);
    return std::nullopt;
  }
  if (!answer) return std::unexpected(std::move(answer).error());
  auto url = (*answer)["FunctionUrl"].as_string();
  while (url.ends_with('/')) url.pop_back();
  shared.note_url(names.function, url);
  return std::optional(std::move(*answer));
}

Value cors_seen(const Value& cors) {
  return Value::object({{"origins", Value(cors["AllowOrigins"].as_strings())},
                        {"methods", Value(cors["AllowMethods"].as_strings())},
                        {"headers", Value(cors["AllowHeaders"].as_strings())},
                        {"max_age_s", cors["MaxAge"].as_integer()}});
}

// Empty where nothing is wanted: that takes away what was there.
Value cors_wanted(const Value& cors) {
  auto body = Value::object();
  for (const auto& [ours, theirs] :
       {std::pair{"origins", "AllowOrigins"}, std::pair{"methods", "AllowMethods"},
        std::pair{"headers", "AllowHeaders"}})
    if (!cors[ours].as_array().empty()) body.set(theirs, cors[ours]);
  if (cors["max_age_s"].as_integer() > 0) body.set("MaxAge", cors["max_age_s"]);
  return body;
}

std::string principal_of(const Value& principal) {
  if (principal.is_string()) return principal.as_string();
  return principal["AWS"].is_string() ? principal["AWS"].as_string() : dump(principal);
}

}  // namespace

Result<std::vector<Observed>> read_permissions(Shared& shared, const Names& names) {
  std::vector<Observed> found;
  auto answer = shared.client->rest({.operation = "GetPolicy",
                                     .resource = names.function + ":" + live_alias,
                                     .path = function_path(names.function, "/policy"),
                                     .query = {{"Qualifier", live_alias}}});
  if (!answer && answer.error().kind == ErrorKind::not_found) return found;
  if (!answer) return std::unexpected(std::move(answer).error());
  const auto policy = parse_json((*answer)["Policy"].as_string());
  if (!policy) return fail(ErrorKind::unavailable, "GetPolicy: the policy is not JSON");
  for (const auto& statement : (*policy)["Statement"].as_array()) {
    const auto& id = statement["Sid"].as_string();
    // What others let in is theirs.
    for (const auto& ours : url_statements)
      if (id == ours.id)
        found.push_back({.id = {"permission", names.function + "/" + id},
                         .spec = Value::object({{"action", statement["Action"]},
                                                {"principal", principal_of(statement["Principal"])}})});
  }
  return found;
}

Result<void> add_permission(const Making& making, const Desired& desired) {
  const auto id = desired.id.name.substr(desired.id.name.rfind('/') + 1);
  auto body = Value::object(
      {{"StatementId", id}, {"Action", desired.spec["action"]}, {"Principal", desired.spec["principal"]}});
  if (desired.spec["action"].as_string() == "lambda:InvokeFunctionUrl")
    body.set("FunctionUrlAuthType", "NONE");
  else
    body.set("InvokedViaFunctionUrl", true);
  MDL_CHECK(check_fence(making.shared, making.ref, making.fence));
  auto added = making.shared.client->rest({.operation = "AddPermission",
                                           .resource = making.names.function + ":" + live_alias,
                                           .method = "POST",
                                           .path = function_path(making.names.function, "/policy"),
                                           .query = {{"Qualifier", live_alias}},
                                           .body = body,
                                           .idempotent = true});
  if (added || added.error().kind != ErrorKind::conflict) return done(std::move(added));
  MDL_TRY(const auto seen, read_permissions(making.shared, making.names));
  for (const auto& one : seen)
    if (one.id == desired.id && one.spec == desired.spec) return {};
  return done(std::move(added));
}

Result<void> remove_permission(const Making& making, const std::string& statement) {
  MDL_CHECK(check_fence(making.shared, making.ref, making.fence));
  return or_gone(
      done(making.shared.client->rest({.operation = "RemovePermission",
                                       .resource = making.names.function + ":" + live_alias,
                                       .method = "DELETE",
                                       .path = function_path(making.names.function, "/policy/" + statement),
                                       .query = {{"Qualifier", live_alias}},
                                       .idempotent = true})));
}

Seen read_url(Shared& shared, const Names& names) {
  MDL_TRY(const auto config, url_config(shared, names));
  if (!config) return std::nullopt;
  const auto& mode = (*config)["InvokeMode"].as_string();
  return Observed{.id = {"url", names.function},
                  .spec = Value::object({{"auth", (*config)["AuthType"]},
                                         {"invoke_mode", mode.empty() ? "BUFFERED" : mode},
                                         {"cors", cors_seen((*config)["Cors"])}}),
                  .status = Value::object({{"url", (*config)["FunctionUrl"]}})};
}

Result<std::string> url_address(Shared& shared, const Names& names) {
  if (auto known = shared.url(names.function)) return std::move(*known);
  MDL_CHECK(url_config(shared, names));
  if (auto known = shared.url(names.function)) return std::move(*known);
  return provider::not_deployed(names.ref, "url " + names.function);
}

Result<void> put_url(const Making& making, const Desired& desired) {
  MDL_TRY(const auto seen, read_url(making.shared, making.names));
  MDL_CHECK(check_fence(making.shared, making.ref, making.fence));
  const auto call = [&](bool fresh) {
    return making.shared.client->rest(
        {.operation = fresh ? "CreateFunctionUrlConfig" : "UpdateFunctionUrlConfig",
         .resource = making.names.function + ":" + live_alias,
         .method = fresh ? "POST" : "PUT",
         .path = url_path(making.names),
         .query = {{"Qualifier", live_alias}},
         .body = Value::object({{"AuthType", desired.spec["auth"]},
                                {"InvokeMode", desired.spec["invoke_mode"]},
                                {"Cors", cors_wanted(desired.spec["cors"])}}),
         .idempotent = true});
  };
  auto put = call(!seen);
  if (!put && !seen && put.error().kind == ErrorKind::conflict) put = call(false);
  return done(std::move(put));
}

Result<void> delete_url(const Making& making) {
  MDL_CHECK(check_fence(making.shared, making.ref, making.fence));
  making.shared.note_url(making.names.function, std::nullopt);
  return or_gone(done(making.shared.client->rest({.operation = "DeleteFunctionUrlConfig",
                                                  .resource = making.names.function + ":" + live_alias,
                                                  .method = "DELETE",
                                                  .path = url_path(making.names),
                                                  .query = {{"Qualifier", live_alias}},
                                                  .idempotent = true})));
}

}  // namespace mdl::aws::resources
