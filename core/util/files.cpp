#include "core/util/files.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/util/digest.hpp"

namespace mdl {

namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  operator int() const { return fd_; }
  int close() {
    const int result = ::close(fd_);
    fd_ = -1;
    return result;
  }

 private:
  int fd_;
};

std::unexpected<Error> system_error(ErrorKind kind, const std::string& message, int number) {
  const char* name = ::strerrorname_np(number);
  return fail(
      Error{.kind = kind, .message = message, .code = name ? name : "", .quoted = std::strerror(number)});
}

std::unexpected<Error> read_error(const std::string& path, int number) {
  const bool absent = number == ENOENT || number == ENOTDIR;
  return absent ? system_error(ErrorKind::not_found, path + " does not exist", number)
                : system_error(ErrorKind::unavailable, path + " cannot be read", number);
}

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string folder_from(const char* variable, const char* below_home) {
  if (auto folder = environment(variable); folder.starts_with('/')) return folder + "/mdl";
  return environment("HOME", "/") + below_home + "/mdl";
}

// The errno of the step that failed; 0 when all went well.
int write_beside(const std::string& beside, std::string_view content, unsigned mode) {
  Descriptor fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (fd < 0) return errno;
  if (::fchmod(fd, mode) != 0 || !write_all(fd, content) || ::fsync(fd) != 0) return errno;
  return fd.close() == 0 ? 0 : errno;
}

}  // namespace

bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::size_t write_at(int descriptor, std::string_view bytes, std::uint64_t offset) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto written =
        ::pwrite(descriptor, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) break;
    done += static_cast<std::size_t>(written);
  }
  return done;
}

Result<std::string> read_file(const std::string& path, std::uint64_t max_bytes) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd < 0) return read_error(path, errno);
  struct stat status {};
  if (::fstat(fd, &status) != 0) return read_error(path, errno);
  std::string content;
  // The size is a hint only: files in /proc say 0, and a file may grow.
  std::size_t block = status.st_size > 0 ? static_cast<std::size_t>(status.st_size) + 1 : 4096;
  for (;;) {
    const auto used = content.size();
    const auto room = max_bytes + 1 - used;
    if (room == 0)
      return fail(ErrorKind::invalid, path + " is larger than " + std::to_string(max_bytes) + " bytes");
    content.resize(used + std::min<std::uint64_t>(block, room));
    const auto got = ::read(fd, content.data() + used, content.size() - used);
    const int number = errno;
    content.resize(used + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && number != EINTR) return read_error(path, number);
    if (got == 0) return content;
    block = 65'536;
  }
}

Result<void> write_file(const std::string& path, std::string_view content, unsigned mode) {
  const auto folder = parent_of(path);
  MDL_CHECK(make_folders(folder));
  const auto beside = path + ".new-" + random_hex(6);
  int number = write_beside(beside, content, mode);
  if (number == 0 && ::rename(beside.c_str(), path.c_str()) != 0) number = errno;
  if (number != 0) {
    ::unlink(beside.c_str());
    return system_error(ErrorKind::failed, path + " cannot be written", number);
  }
  // The rename itself is durable only once the folder is.
  if (const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)); fd >= 0) ::fsync(fd);
  return {};
}

Result<void> make_folders(const std::string& path, unsigned mode) {
  for (std::size_t at = 0; at != std::string::npos;) {
    at = path.find('/', at + 1);
    const auto folder = path.substr(0, at);
    if (folder.empty() || ::mkdir(folder.c_str(), mode) == 0) continue;
    const int number = errno;
    struct stat status {};
    if (::stat(folder.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) continue;
    return system_error(ErrorKind::failed, "the folder " + folder + " cannot be made",
                        number == EEXIST ? ENOTDIR : number);
  }
  return {};
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

bool known_by_stat(std::int64_t touched_ns, std::int64_t looked_ns) {
  constexpr std::int64_t settled_ns = 2'000'000'000;
  return touched_ns <= looked_ns - settled_ns;
}

std::string state_folder() { return folder_from("XDG_STATE_HOME", "/.local/state"); }
std::string config_folder() { return folder_from("XDG_CONFIG_HOME", "/.config"); }

std::string environment(const char* name, std::string_view fallback) {
  const char* value = std::getenv(name);
  return std::string(value && *value ? std::string_view(value) : fallback);
}

}  // namespace mdl
