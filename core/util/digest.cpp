#include "core/util/digest.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <new>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/random.h>
#include <unistd.h>
#include <vector>

namespace mdl {

namespace {

std::string hex(const unsigned char* bytes, std::size_t size) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(size * 2);
  for (std::size_t i = 0; i < size; ++i) {
    out += digits[bytes[i] >> 4];
    out += digits[bytes[i] & 15];
  }
  return out;
}

}  // namespace

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  // OpenSSL fails here only without memory or without its own algorithms.
  State() {
    if (!context || EVP_DigestInit_ex(context, EVP_sha256(), nullptr) != 1) throw std::bad_alloc();
  }
  ~State() { EVP_MD_CTX_free(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

// What another thread has just read lies in the cache of its core. Asked for a slice ahead, it comes while
// the slice before it is hashed; else hashing waits for it, a sixth to a third of its time.
void Sha256::update(std::string_view bytes) {
  constexpr std::size_t slice = 2048, line = 64, worth_it = 16 << 10;
  const auto hash = [this](std::string_view part) {
    if (EVP_DigestUpdate(state_->context, part.data(), part.size()) != 1) throw std::bad_alloc();
  };
  if (bytes.size() < worth_it) return hash(bytes);
  while (!bytes.empty()) {
    const auto next = bytes.size() > slice ? bytes.substr(slice, slice) : std::string_view();
    for (std::size_t at = 0; at < next.size(); at += line) __builtin_prefetch(next.data() + at);
    hash(bytes.substr(0, slice));
    bytes.remove_prefix(std::min(slice, bytes.size()));
  }
}

std::string Sha256::finish() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (EVP_DigestFinal_ex(state_->context, digest, &size) != 1) throw std::bad_alloc();
  return hex(digest, size);
}

std::string sha256(std::string_view bytes) {
  Sha256 digest;
  digest.update(bytes);
  return digest.finish();
}

std::string sha1(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha1(), nullptr) != 1) throw std::bad_alloc();
  return hex(digest, size);
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  const auto* text = reinterpret_cast<const unsigned char*>(bytes.data());
  if (!HMAC(EVP_sha256(), key.data() ? key.data() : "", static_cast<int>(key.size()), text, bytes.size(),
            digest, &size))
    throw std::bad_alloc();
  return hex(digest, size);
}

Result<std::string> sha256_file(const std::string& path) {
  const auto error = [&path](int number) {
    const bool absent = number == ENOENT || number == ENOTDIR;
    const char* name = ::strerrorname_np(number);
    return fail(Error{.kind = absent ? ErrorKind::not_found : ErrorKind::unavailable,
                      .message = path + (absent ? " does not exist" : " cannot be read"),
                      .code = name ? name : "",
                      .quoted = std::strerror(number)});
  };
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return error(errno);
  Sha256 digest;
  std::vector<char> block(1 << 20);
  for (;;) {
    const auto got = ::read(fd, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got > 0) {
      digest.update({block.data(), static_cast<std::size_t>(got)});
      continue;
    }
    const int number = errno;
    ::close(fd);
    if (got < 0) return error(number);
    return digest.finish();
  }
}

std::string random_hex(int bytes) {
  std::vector<unsigned char> random(static_cast<std::size_t>(bytes));
  for (std::size_t have = 0; have < random.size();) {
    const auto got = ::getrandom(random.data() + have, random.size() - have, 0);
    if (got > 0) have += static_cast<std::size_t>(got);
  }
  return hex(random.data(), random.size());
}

}  // namespace mdl
