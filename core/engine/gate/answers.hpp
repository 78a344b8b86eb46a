#pragma once

#include <optional>
#include <span>
#include <string>

#include "core/util/value.hpp"

// Whether two releases answer the same request alike, when no answer was written down: the stable release,
// asked several times, shows how much its answers differ by themselves (sampling, the noise of a GPU).
namespace mdl::engine::gate {

// The most rollouts that are stopped though both releases answer alike, over all golden requests.
inline constexpr double false_answer_alarms = 0.01;

struct Answer {
  int status = 200;
  std::string body;
};

// 0: the same status and the same text, or JSON with the same members and numbers within `tolerance`. Else
// the sum over what differs: of two numbers their difference, relative to the larger one or to 1, whichever
// is larger; of two texts the share of words that they do not have in common. Infinite when the status or the
// shape differs. So members that are different each time (an identifier) add the same everywhere.
double distance(const Answer& a, const Answer& b, double tolerance);

// How often to ask each release, when `requests` golden requests share false_answer_alarms: m + 1 times the
// stable one and m times the new one, with requests / C(2m + 1, m) at most that.
struct Asks {
  std::size_t stable = 0, fresh = 0;
};
Asks asks(std::size_t requests);

// Whether each new answer is farther from the others than each stable one (each by its median distance to all
// the others, of both releases). When both releases answer alike, all orders are equally likely, so that this
// happens with probability at most 1 / C(stable + fresh, fresh), whatever the noise is: a permutation test,
// no assumption on distances. Ties count as alike: answers that have nothing in common raise no alarm.
bool differ(std::span<const Answer> stable, std::span<const Answer> fresh, double tolerance);

// A member that the stable release answers the same each time, and the new release never.
struct Change {
  std::string path;     // "choices[0].text"; "" of an answer that is no JSON, "status"
  std::string was, is;  // as JSON; "" when it is missing
};
// The first one, of answers that are meant to be exact: of a model without sampling. Members that the stable
// release itself answers differently each time (an identifier, the time) do not count.
std::optional<Change> exact_change(std::span<const Answer> stable, std::span<const Answer> fresh,
                                   double tolerance);

}  // namespace mdl::engine::gate
