#include "core/util/log.hpp"

#include <algorithm>
#include <fcntl.h>
#include <mutex>
#include <spdlog/logger.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "core/util/files.hpp"
#include "core/util/text.hpp"

namespace mdl {

namespace {

constexpr std::string_view words[] = {"debug", "info", "warning", "error"};

// spdlog opens files with the umask's mode; a file that is there already keeps its own.
void make_private(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return;  // opening it again fails too, and is reported
  ::fchmod(fd, 0600);
  ::close(fd);
}

}  // namespace

struct Log::State {
  State(spdlog::sink_ptr sink, LogLevel level, Clock& clock_)
      : logger("mdl", std::move(sink)), least(level), clock(clock_) {
    logger.set_pattern("%v");
    logger.set_level(spdlog::level::trace);
    logger.flush_on(spdlog::level::trace);
    logger.set_error_handler([](const std::string&) {});
  }

  std::string redacted(std::string_view text) {
    const std::lock_guard lock(mutex);
    std::string out;
    while (!text.empty()) {
      const auto found =
          std::ranges::find_if(secrets, [&](auto& secret) { return text.starts_with(secret); });
      if (found == secrets.end()) {
        out += text.front();
        text.remove_prefix(1);
      } else {
        out += "[redacted]";
        text.remove_prefix(found->size());
      }
    }
    return out;
  }

  spdlog::logger logger;
  LogLevel least;
  Clock& clock;
  std::mutex mutex;
  std::vector<std::string> secrets;  // longest first, so that one which holds another is replaced whole
};

Log::Log() = default;
Log::Log(std::shared_ptr<State> state) : state_(std::move(state)) {}

Result<Log> Log::to_file(const std::string& path, LogLevel least, Clock& clock, std::uint64_t max_bytes,
                         int keep) {
  if (const auto slash = path.rfind('/'); slash != std::string::npos && slash > 0)
    MDL_CHECK(make_folders(path.substr(0, slash)));
  try {
    spdlog::file_event_handlers handlers;
    handlers.before_open = make_private;
    auto sink = std::make_shared<spdlog::sinks::rotating_file_sink_mt>(
        path, max_bytes, static_cast<std::size_t>(keep), false, handlers);
    return Log(std::make_shared<State>(std::move(sink), least, clock));
  } catch (const spdlog::spdlog_ex& e) {
    return fail(Error{
        .kind = ErrorKind::failed, .message = "the log " + path + " cannot be opened", .quoted = e.what()});
  }
}

Log Log::to_stderr(LogLevel least, Clock& clock) {
  return Log(std::make_shared<State>(std::make_shared<spdlog::sinks::stderr_sink_mt>(), least, clock));
}

void Log::redact(std::string secret) const {
  if (!state_ || secret.empty()) return;
  const std::lock_guard lock(state_->mutex);
  auto& secrets = state_->secrets;
  const auto at = std::ranges::find_if(secrets, [&](auto& other) { return other.size() < secret.size(); });
  secrets.insert(at, std::move(secret));
}

bool Log::takes(LogLevel level) const { return state_ && level >= state_->least; }

void Log::write(LogLevel level, std::string_view text) const {
  if (!takes(level)) return;
  const auto line = to_rfc3339(state_->clock.now()) + " " + std::string(words[static_cast<int>(level)]) +
                    " " + printable(state_->redacted(text));
  state_->logger.log(spdlog::level::info, line);
}

}  // namespace mdl
