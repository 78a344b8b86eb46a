// The gateway alone, for benchmarks/gateway.sh: gateway_bench LISTEN-PORT UPSTREAM-PORT [CONCURRENCY].
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstdio>
#include <cstdlib>
#include <sys/resource.h>

#include "providers/local/gateway/gateway.hpp"

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: gateway_bench LISTEN-PORT UPSTREAM-PORT [CONCURRENCY]\n", stderr);
    return 2;
  }
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);

  boost::asio::io_context io(1);
  mdl::local::Gateway gateway(io, mdl::system_clock(), {});
  const auto port = gateway.listen("bench", static_cast<std::uint16_t>(std::atoi(argv[1])));
  if (!port) {
    std::fprintf(stderr, "%s\n", port.error().message.c_str());
    return 1;
  }
  mdl::local::Route route;
  route.split = {{.release = 1, .weight = 1}};
  route.upstreams = {{.release = 1, .replica = 1, .port = static_cast<std::uint16_t>(std::atoi(argv[2]))}};
  route.concurrency = argc > 3 ? std::atoi(argv[3]) : 1024;
  gateway.update("bench", route);
  boost::asio::signal_set stop(io, SIGINT, SIGTERM);
  stop.async_wait([&](const boost::system::error_code&, int) { io.stop(); });
  io.run();
  return 0;
}
