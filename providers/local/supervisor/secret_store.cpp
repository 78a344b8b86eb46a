#include "core/util/digest.hpp"
#include "core/util/text.hpp"
#include "providers/local/secrets.hpp"
#include "providers/local/supervisor/seal.hpp"
#include "providers/local/supervisor/state.hpp"

namespace mdl::local::supervisor {

namespace {

// Names are encoded, so that no two secrets have the same context.
std::string context_of(const ServiceRef& ref, const State::SecretId& id) {
  return percent_encode(ref.service) + "/" + percent_encode(ref.target) + "/" + percent_encode(id.name) +
         "/" + percent_encode(id.version);
}

int hex_digit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

}  // namespace

// The home's key also makes keyed hashes; encryption has a key of its own that is derived from it.
Result<const std::string*> State::sealing_key() {
  if (!sealing_key_.empty()) return &sealing_key_;
  MDL_TRY(const auto root, secret_key_bytes(home_));
  const auto hex = hmac_sha256(root, "mdl: encryption of secrets");
  std::string key;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    key += static_cast<char>(hex_digit(hex[i]) * 16 + hex_digit(hex[i + 1]));
  sealing_key_ = std::move(key);
  return &sealing_key_;
}

Result<void> State::keep_secret(const ServiceRef& ref, const SecretId& id, const std::string& value) {
  MDL_TRY(const auto* key, sealing_key());
  MDL_TRY(const auto sealed, seal(*key, context_of(ref, id), value));
  MDL_CHECK(ensure_row(ref));
  return database_.run(
      "INSERT OR REPLACE INTO secrets (service, target, name, version, sealed) VALUES (?, ?, ?, ?, ?)",
      {ref.service, ref.target, id.name, id.version, sqlite::Blob{sealed}});
}

Result<std::vector<State::SecretId>> State::secrets(const ServiceRef& ref) {
  MDL_TRY(auto rows, database_.prepare(
                         "SELECT name, version FROM secrets WHERE service = ? AND target = ? ORDER BY 1, 2",
                         {ref.service, ref.target}));
  std::vector<SecretId> ids;
  for (;;) {
    MDL_TRY(const bool more, rows.step());
    if (!more) return ids;
    ids.push_back({rows.text(0), rows.text(1)});
  }
}

Result<std::string> State::secret(const ServiceRef& ref, const SecretId& id) {
  MDL_TRY(auto row,
          database_.prepare(
              "SELECT sealed FROM secrets WHERE service = ? AND target = ? AND name = ? AND version = ?",
              {ref.service, ref.target, id.name, id.version}));
  MDL_TRY(const bool found, row.step());
  if (!found)
    return fail(Error{.kind = ErrorKind::not_found,
                      .message = "version " + id.version + " of secret " + id.name + " is not kept",
                      .resource = "secret " + id.name});
  MDL_TRY(const auto* key, sealing_key());
  return unseal(*key, context_of(ref, id), row.text(0));
}

}  // namespace mdl::local::supervisor
