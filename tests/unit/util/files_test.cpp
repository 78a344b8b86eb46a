#include "core/util/files.hpp"

#include <cerrno>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fakes/folder.hpp"

using namespace mdl;
using fakes::TempFolder;

namespace {

unsigned mode_of(const std::string& path) {
  struct stat status {};
  ::stat(path.c_str(), &status);
  return status.st_mode & 0777;
}

}  // namespace

TEST_CASE("files: what is written is read back, with its mode, in private new folders") {
  const TempFolder folder;
  const std::string content("a\0b\n", 4);
  REQUIRE(write_file(folder / "deep/er/file", content, 0600));
  CHECK(read_file(folder / "deep/er/file") == content);
  CHECK(mode_of(folder / "deep/er/file") == 0600);
  CHECK(mode_of(folder / "deep") == 0700);
  REQUIRE(write_file(folder / "deep/er/file", "second", 0644));
  CHECK(read_file(folder / "deep/er/file") == "second");
  CHECK(mode_of(folder / "deep/er/file") == 0644);
}

TEST_CASE("files: a write that fails leaves the old file and nothing beside it") {
  const TempFolder folder;
  std::filesystem::create_directories(folder / "taken/inside");
  const auto result = write_file(folder / "taken", "x");
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == ErrorKind::failed);
  CHECK_FALSE(result.error().quoted.empty());
  CHECK(exists(folder / "taken/inside"));
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("files: absence, size and other failures are told apart") {
  const TempFolder folder;
  const auto file = folder.write("file", "12345");
  CHECK(read_file(folder / "none").error().kind == ErrorKind::not_found);
  CHECK(read_file(file + "/below").error().kind == ErrorKind::not_found);
  const auto unreadable = read_file(folder.path());
  CHECK(unreadable.error().kind == ErrorKind::unavailable);
  CHECK(unreadable.error().code == "EISDIR");
  CHECK(read_file(file, 5) == "12345");
  CHECK(read_file(file, 4).error().kind == ErrorKind::invalid);
  CHECK(read_file("/proc/self/stat").value().size() > 20);
  CHECK(read_file("/dev/zero", 1000).error().kind == ErrorKind::invalid);
}

TEST_CASE("files: folders are made once, and not in place of a file") {
  const TempFolder folder;
  CHECK(make_folders(folder / "a/b/c"));
  CHECK(make_folders(folder / "a/b/c/"));
  CHECK(std::filesystem::is_directory(folder / "a/b/c"));
  const auto file = folder.write("file", "");
  CHECK(make_folders(file).error().kind == ErrorKind::failed);
  CHECK_FALSE(make_folders(file + "/x"));
}

TEST_CASE("files: bytes are written at their place, and a full disk says how many were") {
  const TempFolder folder;
  const auto path = folder.write("file", "0123456789");
  const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  CHECK(write_at(file, "abc", 4) == 3);
  CHECK(write_at(file, "z", 12) == 1);
  ::close(file);
  CHECK(read_file(path) == std::string("0123abc789\0\0z", 13));
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  CHECK(write_at(full, "abc", 0) == 0);
  CHECK(errno == ENOSPC);
  ::close(full);
}

TEST_CASE(
    "files: a stat tells a file again once two seconds lie between its last change and the look at it") {
  CHECK(known_by_stat(5'000'000'000, 7'000'000'000));
  CHECK_FALSE(known_by_stat(5'000'000'001, 7'000'000'000));
  CHECK_FALSE(known_by_stat(9'000'000'000, 7'000'000'000));
}
