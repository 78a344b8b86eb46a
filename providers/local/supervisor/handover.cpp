#include "providers/local/supervisor/handover.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/util/files.hpp"
#include "core/util/text.hpp"

namespace mdl::local::supervisor {

namespace {

std::unexpected<Error> broken(const char* what) {
  return fail(Error{.kind = ErrorKind::failed,
                    .message = std::string("what the supervisor before this one left cannot be ") + what,
                    .quoted = std::strerror(errno)});
}

}  // namespace

std::string handover_answer() { return "mdl handover " + std::to_string(handover_format) + "\n"; }

Result<int> write_handover(const Value& state) {
  const int memory = ::memfd_create("mdl-handover", MFD_CLOEXEC);
  if (memory < 0) return broken("written");
  if (!write_all(memory, dump(state))) {
    auto error = broken("written");
    ::close(memory);
    return error;
  }
  return memory;
}

Result<std::optional<Value>> read_handover() {
  const char* named = std::getenv(handover_variable);
  if (named == nullptr) return std::optional<Value>();
  const auto descriptor = parse_integer(named);
  ::unsetenv(handover_variable);
  struct stat status {};
  if (!descriptor || *descriptor < 3 || ::fstat(static_cast<int>(*descriptor), &status) != 0)
    return broken("found");
  const auto memory = static_cast<int>(*descriptor);
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  const auto n = ::pread(memory, text.data(), text.size(), 0);
  ::close(memory);
  if (n != status.st_size) return broken("read");
  MDL_TRY(auto state, parse_json(text));
  if (state["format"].as_integer() != handover_format)
    return fail(ErrorKind::failed, "what the supervisor before this one left has another format");
  return std::optional<Value>(std::move(state));
}

}  // namespace mdl::local::supervisor
