#pragma once

#include <chrono>
#include <cstddef>

namespace mdl::local::gateway {

// Ten buckets an octave from 10 µs on: bucket 0 ends there, bucket 10·k at 10 µs · 2^k.
inline constexpr std::size_t histogram_size = 10 * 29 + 2;

// The bucket that a time is counted in.
std::size_t histogram_bucket(std::chrono::nanoseconds time);

}  // namespace mdl::local::gateway
