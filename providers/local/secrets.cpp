#include "providers/local/secrets.hpp"

#include <algorithm>
#include <cstdlib>

#include "core/util/digest.hpp"
#include "core/util/files.hpp"
#include "providers/local/parts.hpp"

namespace mdl::local {

namespace {

using manifest::Service;
using release::ServiceRef;
using Versions = std::map<std::string, std::string>;

std::string resolve(const std::string& folder, const std::string& path) {
  return path.starts_with('/') ? path : folder + "/" + path;
}

Error unresolved(const Service& service, const std::string& name, std::string message) {
  return {.kind = ErrorKind::invalid,
          .message = std::move(message),
          .resource = "secret " + name,
          .where = service.source_of("secrets." + name + ".from")};
}

class LocalSecrets final : public provider::Secrets {
 public:
  explicit LocalSecrets(SharedClient client) : client_(std::move(client)) {}

  Result<Versions> versions(const Service& service) override {
    Versions versions;
    for (const auto& entry : service.secrets) {
      MDL_TRY(const auto value, secret_value(service, entry.first));
      MDL_TRY(auto version, version_of(entry.first, value));
      versions.emplace(entry.first, std::move(version));
    }
    return versions;
  }

  Result<void> keep(const Service& service, const Versions& versions) override {
    MDL_TRY(const auto gone, lost({service.name, service.target.name}, versions));
    if (gone.empty()) return {};
    Value::Array kept;
    for (const auto& name : gone) {
      MDL_TRY(auto value, secret_value(service, name));
      MDL_TRY(const auto version, version_of(name, value));
      if (version != versions.at(name))
        return fail(Error{.kind = ErrorKind::conflict,
                          .message = "the value of secret " + name + " changed while it was being deployed",
                          .resource = "secret " + name,
                          .where = service.source_of("secrets." + name + ".from"),
                          .next = {"mdl deploy"}});
      kept.push_back(Value::object({{"name", name}, {"version", version}, {"value", std::move(value)}}));
    }
    MDL_CHECK(client_->write("PUT", service_path({service.name, service.target.name}, "/secrets"),
                             Value::object({{"secrets", Value(std::move(kept))}})));
    return {};
  }

  Result<std::vector<std::string>> lost(const ServiceRef& ref, const Versions& versions) override {
    std::vector<std::string> gone;
    if (versions.empty()) return gone;
    MDL_TRY(const auto answer, client_->read(service_path(ref, "/secrets")));
    const auto held = answer ? (*answer)["secrets"] : Value();
    for (const auto& [name, version] : versions) {
      const auto matches = [&](const Value& item) {
        return item["name"].as_string() == name && item["version"].as_string() == version;
      };
      if (std::ranges::none_of(held.as_array(), matches)) gone.push_back(name);
    }
    return gone;
  }

 private:
  // The key is read each time: services are deployed side by side, and it is small.
  Result<std::string> version_of(const std::string& name, const std::string& value) const {
    MDL_TRY(const auto key, secret_key_bytes(client_->options().home));
    return secret_version(key, name, value);
  }

  SharedClient client_;
};

}  // namespace

std::string secret_version(const std::string& key, const std::string& name, const std::string& value) {
  return hmac_sha256(key, name + '\0' + value).substr(0, 16);
}

Result<std::string> secret_value(const Service& service, const std::string& name) {
  const auto found = service.secrets.find(name);
  if (found == service.secrets.end())
    return fail(unresolved(service, name, "the service has no secret " + name));
  const auto& [scheme, locator] = found->second;
  if (scheme == "env") {
    const char* value = std::getenv(locator.c_str());
    if (value != nullptr) return std::string(value);
    return fail(unresolved(service, name,
                           "secret " + name + ": the environment variable " + locator + " is not set"));
  }
  if (scheme == "file") {
    auto value = read_file(resolve(service.folder, locator), 1u << 20);
    if (!value) {
      auto error = unresolved(service, name, "secret " + name + ": the file " + locator + " cannot be read");
      error.quoted = value.error().quoted;
      return fail(std::move(error));
    }
    if (value->ends_with('\n')) value->pop_back();  // as editors and `echo` leave it
    if (value->ends_with('\r')) value->pop_back();
    if (value->find('\0') != std::string::npos)
      return fail(unresolved(service, name,
                             "secret " + name + ": a variable of the environment cannot hold NUL bytes"));
    return value;
  }
  return fail(
      unresolved(service, name, "secret " + name + ": the local target cannot read " + scheme + " secrets"));
}

std::unique_ptr<provider::Secrets> make_secrets(const SharedClient& client) {
  return std::make_unique<LocalSecrets>(client);
}

}  // namespace mdl::local
