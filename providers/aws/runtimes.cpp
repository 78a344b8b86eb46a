#include "providers/aws/runtimes.hpp"

#include <array>
#include <string>

namespace mdl::aws {

namespace {

constexpr std::array table{
    Runtime{"python3.14", "2029-06-30", "2029-07-31", "2029-08-31"},
    Runtime{"python3.13", "2029-06-30", "2029-07-31", "2029-08-31"},
    Runtime{"python3.12", "2028-10-31", "2028-11-30", "2029-01-10"},
    Runtime{"python3.11", "2027-06-30", "2027-07-29", "2027-08-31"},
    Runtime{"python3.10", "2026-10-31", "2027-07-29", "2027-08-31"},
    Runtime{"python3.9", "2025-12-15", "2027-07-29", "2027-08-31"},
    Runtime{"python3.8", "2024-10-14", "2027-07-29", "2027-08-31"},
    Runtime{"python3.7", "2023-12-04", "2024-01-09", "2024-01-09"},
    Runtime{"nodejs24.x", "2028-04-30", "2028-06-01", "2028-07-01"},
    Runtime{"nodejs22.x", "2027-04-30", "2027-06-01", "2027-07-01"},
    Runtime{"nodejs20.x", "2026-04-30", "2027-07-29", "2027-08-31"},
    Runtime{"nodejs18.x", "2025-09-01", "2027-07-29", "2027-08-31"},
    Runtime{"nodejs16.x", "2024-06-12", "2027-07-29", "2027-08-31"},
    Runtime{"nodejs14.x", "2023-12-04", "2024-01-09", "2024-01-09"},
    Runtime{"provided.al2023", "2029-06-30", "2029-07-31", "2029-08-31"},
    Runtime{"provided.al2", "2026-07-31", "2027-07-29", "2027-08-31"},
    Runtime{"provided", "2024-01-08", "2024-02-08", "2024-02-08"},
    Runtime{"java25", "2029-06-30", "2029-07-31", "2029-08-31"},
    Runtime{"java21", "2029-06-30", "2029-07-31", "2029-08-31"},
    Runtime{"java17", "2027-06-30", "2027-07-29", "2027-08-31"},
    Runtime{"java11", "2027-06-30", "2027-07-29", "2027-08-31"},
    Runtime{"java8.al2", "2027-06-30", "2027-07-29", "2027-08-31"},
    Runtime{"java8", "2024-01-08", "2024-02-08", "2024-02-08"},
    Runtime{"dotnet10", "2028-11-14", "2028-12-14", "2029-01-15"},
    Runtime{"dotnet8", "2026-11-10", "2027-07-29", "2027-08-31"},
    Runtime{"ruby3.4", "2028-03-31", "2028-04-30", "2028-05-31"},
    Runtime{"ruby3.3", "2027-03-31", "2027-07-29", "2027-08-31"},
    Runtime{"ruby3.2", "2026-03-31", "2027-07-29", "2027-08-31"},
    Runtime{"go1.x", "2024-01-08", "2024-02-08", "2024-02-08"},
};

}  // namespace

std::span<const Runtime> runtimes() { return table; }

const Runtime* find_runtime(std::string_view name) {
  for (const auto& runtime : table)
    if (runtime.name == name) return &runtime;
  return nullptr;
}

bool has_come(std::string_view date, Time now) {
  return !date.empty() && to_rfc3339(now).substr(0, 10) >= date;
}

}  // namespace mdl::aws
