#include "core/util/digest.hpp"

#include <doctest/doctest.h>

#include "tests/fakes/folder.hpp"

using namespace mdl;

TEST_CASE("digest: SHA-256 and HMAC give the values of their standards") {
  // FIPS 180-2, appendix B; RFC 4231, test case 2.
  CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hmac_sha256("Jefe", "what do ya want for nothing?") ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(hmac_sha256({}, {}) == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST_CASE("digest: the same bytes in parts, whole and from a file have one digest") {
  const fakes::TempFolder folder;
  std::string bytes(2'500'000, 'x');
  bytes += std::string(3, '\0');
  Sha256 parts;
  parts.update(std::string_view(bytes).substr(0, 7));
  parts.update(std::string_view(bytes).substr(7));
  const auto digest = parts.finish();
  CHECK(digest == sha256(bytes));
  CHECK(sha256_file(folder.write("file", bytes)) == digest);
  CHECK(sha256_file(folder / "none").error().kind == ErrorKind::not_found);
  CHECK(sha256_file(folder.path()).error().kind == ErrorKind::unavailable);
}

TEST_CASE("digest: random hex has the length asked for and does not repeat") {
  CHECK(random_hex(8).size() == 16);
  CHECK(random_hex(16) != random_hex(16));
  CHECK(random_hex(0).empty());
}
