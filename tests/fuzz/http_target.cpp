#include "core/http/retry_after.hpp"
#include "core/http/url.hpp"
#include "core/util/text.hpp"
#include "tests/fuzz/targets.hpp"

namespace mdl::fuzz {

namespace {

std::string check_url(std::string_view url) {
  const auto shown = http::shown_url(url), place = http::origin(url);
  if (shown.find_first_of("?#") != std::string::npos) return "a query is shown: " + shown;
  const auto authority = place.find("://") == std::string::npos ? place : place.substr(place.find("://") + 3);
  if (authority.find('@') != std::string::npos) return "a password is shown: " + shown;
  if (!shown.starts_with(place)) return "the origin " + place + " is none of " + shown;
  if (http::is_loopback(url) && place.find("127.") == std::string::npos &&
      place.find("[::1]") == std::string::npos && !http::same_name(authority.substr(0, 9), "localhost"))
    return "this machine: " + shown;
  return "";
}

}  // namespace

std::string http(std::string_view bytes) {
  const Time now{std::chrono::nanoseconds{1'764'000'000'000'000'000}};
  for (const auto line : split(bytes, '\n')) {
    if (const auto wait = http::parse_retry_after(line, now); wait && wait->count() < 0)
      return "a wait in the past: " + std::string(line);
    if (auto wrong = check_url(line); !wrong.empty()) return wrong;
    if (const auto decoded = percent_decode(line);
        decoded && percent_decode(percent_encode(*decoded)) != decoded)
      return "encoded and decoded again it is another text";
  }
  return "";
}

}  // namespace mdl::fuzz
