#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace mdl::engine {

// Runs f(0) … f(count - 1), at most `width` at a time, and returns when all have ended. One item runs on the
// caller's thread.
template <class F>
void parallel_for(std::size_t count, F f, std::size_t width = 8) {
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < count; i = next++) f(i);
  };
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < std::min(count, width); ++i) threads.emplace_back(work);
  work();
}

}  // namespace mdl::engine
