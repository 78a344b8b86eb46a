#include "providers/local/supervisor/channel.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <cstring>
#include <deque>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace mdl::local::supervisor {

namespace {

namespace asio = boost::asio;
using asio::posix::stream_descriptor;

constexpr std::size_t longest_message = 512u << 10;
constexpr Milliseconds retry_pause{5};

struct Message {
  std::string text;
  int passed = -1;
};

union Control {
  char bytes[CMSG_SPACE(sizeof(int))];
  cmsghdr header;
};

// Whether it was sent; false with errno otherwise.
bool send_now(int socket, const Message& message) {
  iovec part{.iov_base = const_cast<char*>(message.text.data()), .iov_len = message.text.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  Control control{};
  if (message.passed >= 0) {
    header.msg_control = control.bytes;
    header.msg_controllen = sizeof control.bytes;
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(&control.header), &message.passed, sizeof(int));
  }
  return ::sendmsg(socket, &header, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

struct Shared : std::enable_shared_from_this<Shared> {
  Shared(Loop& used, int descriptor, Channel::Events given)
      : loop(used), stream(used.io(), descriptor), events(std::move(given)), buffer(longest_message) {}

  // Reads only within the handler, so that nothing is on its way when the descriptor is handed over.
  void await() {
    stream.async_wait(stream_descriptor::wait_read, [self = shared_from_this()](auto failure) {
      if (!failure) self->receive();
    });
  }

  void receive() {
    iovec part{.iov_base = buffer.data(), .iov_len = buffer.size()};
    Control control{};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.bytes;
    header.msg_controllen = sizeof control.bytes;
    const auto n = ::recvmsg(stream.native_handle(), &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return await();
    if (n <= 0) return end();
    int passed = -1;
    if (const auto* with = CMSG_FIRSTHDR(&header); with != nullptr && with->cmsg_type == SCM_RIGHTS)
      std::memcpy(&passed, CMSG_DATA(with), sizeof(int));
    if (events.received) {
      events.received({buffer.data(), static_cast<std::size_t>(n)}, passed);
    } else if (passed >= 0) {
      ::close(passed);
    }
    if (stream.is_open()) await();
  }

  void write() {
    retry.reset();
    while (!queue.empty() && stream.is_open()) {
      if (!send_now(stream.native_handle(), queue.front())) return blocked(errno);
      take();
    }
  }

  void blocked(int error) {
    if (error == EAGAIN) {
      stream.async_wait(stream_descriptor::wait_write, [self = shared_from_this()](auto failure) {
        if (!failure) self->write();
      });
    } else if (error == ENOBUFS || error == ETOOMANYREFS || error == EINTR) {
      retry = loop.after(retry_pause, [this] { write(); });
    } else if (error == EMSGSIZE) {
      take();
      write();
    } else {  // the other side is gone; what it has sent before is still to be read
      while (!queue.empty()) take();
    }
  }

  void take() {
    if (queue.front().passed >= 0) ::close(queue.front().passed);
    queue.pop_front();
  }

  void end() {
    boost::system::error_code ignored;
    stream.close(ignored);
    while (!queue.empty()) take();
    loop.post([self = shared_from_this()] {
      const auto last = std::exchange(self->events, {});
      if (last.ended) last.ended();
    });
  }

  Loop& loop;
  stream_descriptor stream;
  Channel::Events events;
  std::vector<char> buffer;
  std::deque<Message> queue;
  Timer retry;
};

class RealChannel final : public Channel {
 public:
  explicit RealChannel(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
  ~RealChannel() override {
    shared_->events = {};
    shared_->retry.reset();
    boost::system::error_code ignored;
    shared_->stream.close(ignored);
    while (!shared_->queue.empty()) shared_->take();
  }
  RealChannel(const RealChannel&) = delete;
  RealChannel& operator=(const RealChannel&) = delete;

  void send(std::string text, int passed) override {
    const bool idle = shared_->queue.empty();
    shared_->queue.push_back({std::move(text), passed});
    if (idle) shared_->write();
  }
  bool sent() const override { return shared_->queue.empty(); }
  int descriptor() override { return shared_->stream.native_handle(); }

 private:
  std::shared_ptr<Shared> shared_;
};

}  // namespace

Result<std::pair<int, int>> Channel::pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
    return fail(Error{
        .kind = ErrorKind::failed, .message = "no channel can be made", .quoted = std::strerror(errno)});
  return std::pair(ends[0], ends[1]);
}

std::unique_ptr<Channel> Channel::open(Loop& loop, int descriptor, Events events) {
  auto shared = std::make_shared<Shared>(loop, descriptor, std::move(events));
  shared->await();
  return std::make_unique<RealChannel>(std::move(shared));
}

}  // namespace mdl::local::supervisor
