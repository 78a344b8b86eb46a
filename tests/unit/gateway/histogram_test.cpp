#include "providers/local/gateway/histogram.hpp"

#include <doctest/doctest.h>

#include "providers/local/gateway/gateway.hpp"

using namespace mdl::local;
using namespace mdl::local::gateway;
using namespace std::chrono_literals;

TEST_CASE("gateway: a time is counted in the first bucket whose bound it does not pass") {
  for (const auto time :
       {0us, 1us, 10us, 11us, 19us, 20us, 21us, 22us, 23us, 1000us, 123'456us, 3'600'000'000us}) {
    const auto bucket = histogram_bucket(time);
    CHECK(time <= histogram_bound(bucket));
    if (bucket > 0) CHECK(time > histogram_bound(bucket - 1));
  }
  CHECK(histogram_bucket(10'001ns) == 1);
  CHECK(histogram_bucket(48h) == histogram_size - 1);
  CHECK(histogram_bucket(-5ns) == 0);
}

TEST_CASE("gateway: the bounds of the histogram grow by at most a tenth, from 10 µs to over an hour") {
  CHECK(histogram_bound(0) == 10us);
  CHECK(histogram_bound(histogram_size - 2) >= 1h);
  for (std::size_t i = 1; i < histogram_size; ++i) {
    const auto below = static_cast<double>(histogram_bound(i - 1).count());
    const auto bound = static_cast<double>(histogram_bound(i).count());
    CHECK(bound > below);
    CHECK(bound <= below * 1.1001);
  }
}

TEST_CASE("gateway: quantiles of the histogram are within 5 percent") {
  std::vector<std::uint64_t> histogram(histogram_size);
  for (int i = 1; i <= 1000; ++i) ++histogram[histogram_bucket(std::chrono::milliseconds(i))];
  CHECK(histogram_quantile_ms(histogram, 0.5) == doctest::Approx(500).epsilon(0.05));
  CHECK(histogram_quantile_ms(histogram, 0.95) == doctest::Approx(950).epsilon(0.05));
  CHECK(histogram_quantile_ms(histogram, 0.99) == doctest::Approx(990).epsilon(0.05));
  CHECK(histogram_quantile_ms(histogram, 1) == doctest::Approx(1000).epsilon(0.05));
  CHECK(histogram_quantile_ms(std::vector<std::uint64_t>(histogram_size), 0.5) == 0);
  CHECK(histogram_quantile_ms({}, 0.5) == 0);
}
