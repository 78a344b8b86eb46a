#include "providers/local/supervisor/seal.hpp"

#include <memory>
#include <openssl/evp.h>
#include <openssl/rand.h>

namespace mdl::local::supervisor {

namespace {

constexpr int nonce_size = 12, tag_size = 16;
constexpr std::size_t key_size = 32;

using Context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
const unsigned char* bytes(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::unexpected<Error> broken(const char* what) {
  return fail(Error{.kind = ErrorKind::failed, .message = what, .code = "secret-store"});
}

}  // namespace

Result<std::string> seal(const std::string& key, const std::string& context, const std::string& text) {
  if (key.size() != key_size) return broken("the key for secrets has another length than 32 bytes");
  std::string nonce(nonce_size, '\0'), sealed(text.size(), '\0'), tag(tag_size, '\0');
  const Context cipher(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  int length = 0, rest = 0;
  const bool done =
      cipher && RAND_bytes(bytes(nonce), nonce_size) == 1 &&
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes(key), bytes(nonce)) == 1 &&
      EVP_EncryptUpdate(cipher.get(), nullptr, &length, bytes(context), static_cast<int>(context.size())) ==
          1 &&
      EVP_EncryptUpdate(cipher.get(), bytes(sealed), &length, bytes(text), static_cast<int>(text.size())) ==
          1 &&
      EVP_EncryptFinal_ex(cipher.get(), bytes(sealed) + length, &rest) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, tag_size, tag.data()) == 1;
  if (!done) return broken("a secret could not be encrypted");
  return nonce + sealed + tag;
}

Result<std::string> unseal(const std::string& key, const std::string& context, const std::string& sealed) {
  if (key.size() != key_size) return broken("the key for secrets has another length than 32 bytes");
  if (sealed.size() < nonce_size + tag_size) return broken("a stored secret is too short");
  const auto size = sealed.size() - nonce_size - tag_size;
  const auto nonce = sealed.substr(0, nonce_size), body = sealed.substr(nonce_size, size);
  auto tag = sealed.substr(nonce_size + size);
  std::string text(size, '\0');
  const Context cipher(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  int length = 0, rest = 0;
  const bool done =
      cipher && EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes(key), bytes(nonce)) == 1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &length, bytes(context), static_cast<int>(context.size())) ==
          1 &&
      EVP_DecryptUpdate(cipher.get(), bytes(text), &length, bytes(body), static_cast<int>(size)) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, tag_size, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), bytes(text) + length, &rest) == 1;
  if (!done)
    return broken(
        "a stored secret cannot be decrypted: secret.key or state.db is not the one it was kept with");
  return text;
}

}  // namespace mdl::local::supervisor
