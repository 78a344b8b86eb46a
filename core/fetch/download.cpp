#include "core/fetch/download.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <utility>

#include "core/fetch/content_range.hpp"
#include "core/fetch/store.hpp"
#include "core/http/url.hpp"
#include "core/util/digest.hpp"
#include "core/util/text.hpp"

namespace mdl::fetch {

namespace {

constexpr Milliseconds longest_silence{60'000};
constexpr int most_vain_attempts = 5;
// Less than this is no progress: a source that gives a byte at a time would be asked forever.
constexpr std::uint64_t least_gain = 64u << 10;

bool is_strong(std::string_view tag) { return tag.size() > 2 && tag.starts_with('"') && tag.ends_with('"'); }

class Download {
 public:
  Download(const oci::Remote& file, const Around& around, const std::atomic<bool>& stop,
           const OnProgress& on_progress)
      : file_(file), around_(around), stop_(stop), on_progress_(on_progress) {}

  Result<void> run() {
    const auto on_busy = [&] {
      on_progress_(0, true);
      around_.sleeper.sleep(Milliseconds(200));
      return stops() ? Incoming::Busy::give_up : Incoming::Busy::wait;
    };
    MDL_TRY(auto incoming, Incoming::open(around_.store, file_.sha256, on_busy));
    if (!incoming) {
      on_progress_(file_.bytes, false);
      return {};
    }
    incoming_ = &*incoming;
    MDL_CHECK(take_over());
    for (;;) {
      MDL_CHECK(complete());
      if (hash_.finish() == file_.sha256) return incoming_->publish();
      const auto message =
          fmt::format("{} sent other bytes than those of SHA-256 {}", file_.from, file_.sha256);
      if (!in_pieces_) {
        incoming_->discard();
        return fail(
            Error{.kind = ErrorKind::failed, .message = message, .code = "digest", .resource = file_.path});
      }
      // The pieces may not have been of one file.
      MDL_CHECK(restart());
      no_ranges_ = true;
    }
  }

 private:
  bool stops() const { return stop_ || (around_.interrupt && around_.interrupt->requested()); }

  // What an earlier run left.
  Result<void> take_over() {
    if (incoming_->bytes() == 0) return {};
    if (file_.bytes > 0 && incoming_->bytes() > file_.bytes) return restart();
    MDL_CHECK(incoming_->read([&](std::string_view bytes) { hash_.update(bytes); }));
    in_pieces_ = true;
    on_progress_(incoming_->bytes(), false);
    return {};
  }

  Result<void> restart() {
    MDL_CHECK(incoming_->clear());
    hash_ = Sha256();
    in_pieces_ = false;
    on_progress_(0, false);
    return {};
  }

  // Asks until all bytes are here.
  Result<void> complete() {
    int vain = 0;
    while (!finished_by_size()) {
      const auto before = incoming_->bytes();
      restarted_ = false;
      auto asked = ask();
      if (asked && *asked) return {};
      if (!asked && !goes_on(asked.error())) return fail(std::move(asked).error());
      if (stops()) return fail(ErrorKind::interrupted, "interrupted; what was fetched is kept");
      const auto gain = incoming_->bytes() > before && !restarted_ ? incoming_->bytes() - before : 0;
      vain = gain >= least_gain ? 0 : vain + 1;
      if (vain == most_vain_attempts) {
        if (!asked) return fail(std::move(asked).error());
        return fail(Error{.kind = ErrorKind::unavailable,
                          .message = fmt::format("{} ended {} times before its end", file_.from, vain),
                          .code = "cut",
                          .resource = file_.path});
      }
      if (vain > 0) around_.sleeper.sleep(Milliseconds(200) * (1 << vain));
    }
    return {};
  }

  bool finished_by_size() const { return file_.bytes > 0 && incoming_->bytes() == file_.bytes; }

  static bool goes_on(const Error& error) {
    if (error.code == "refused" || error.code == "resolve" || error.code == "tls")
      return false;  // the retry has been tried
    return error.kind == ErrorKind::unavailable || error.kind == ErrorKind::timeout;
  }

  http::Request request() const {
    http::Request request{.url = file_.url, .headers = {{"Accept-Encoding", "identity"}}};
    request.timeout = Milliseconds(0);
    request.stall_timeout = longest_silence;
    request.idempotent = true;
    if (file_.hub && !around_.hub.token.empty())
      request.headers.emplace_back("Authorization", "Bearer " + around_.hub.token);
    if (incoming_->bytes() > 0 && !no_ranges_) {
      request.headers.emplace_back("Range", fmt::format("bytes={}-", incoming_->bytes()));
      if (const auto tag = incoming_->tag(); is_strong(tag)) request.headers.emplace_back("If-Range", tag);
    }
    return request;
  }

  // One answer. True: it is the end of the file.
  Result<bool> ask() {
    std::optional<Error> problem;
    const bool from_start = incoming_->bytes() == 0 || no_ranges_;
    auto asked = request();
    asked.takes_body = [&](const http::Response& head) { return begin(head, problem); };
    const auto on_body = [&](std::string_view bytes) { return take(bytes, problem); };
    auto response = send_following(around_.transport, std::move(asked), on_body);
    if (problem) return fail(std::move(*problem));
    if (std::exchange(unusable_, false)) {
      // Another part than was asked for: from now on the whole is wanted.
      if (from_start) return refused_range();
      return whole_from_now_on();
    }
    if (!response) return fail(std::move(response).error());
    if (response->status == 200 || response->status == 206) {
      return file_.bytes == 0 || finished_by_size();
    }
    if (response->status == 416 && !from_start) {
      // All is here, or more than the source has.
      if (file_.bytes == 0 && !std::exchange(no_ranges_, true)) return true;
      return whole_from_now_on();
    }
    return status_error(*response);
  }

  Result<bool> whole_from_now_on() {
    no_ranges_ = true;
    MDL_CHECK(restart());
    restarted_ = true;
    return false;
  }

  std::unexpected<Error> refused_range() const {
    return fail(
        Error{.kind = ErrorKind::failed,
              .message = fmt::format("{} answered a part of the file that was not asked for", file_.from),
              .code = "range",
              .resource = file_.path});
  }

  // Whether the body that follows goes to the file.
  bool begin(const http::Response& head, std::optional<Error>& problem) {
    if (head.status != 200 && head.status != 206) return false;
    const auto tag = std::string(head.header("ETag"));
    if (head.status == 206) {
      const auto range = parse_content_range(head.header("Content-Range"));
      const auto known = incoming_->tag();
      const bool fits = range && !no_ranges_ && incoming_->bytes() > 0 &&
                        range->first == incoming_->bytes() &&
                        (file_.bytes == 0 || !range->whole || *range->whole == file_.bytes) &&
                        (known.empty() || tag.empty() || known == tag);
      unusable_ = !fits;
      if (fits) in_pieces_ = true;
      return fits;
    }
    // Of another length it is another file: better said before it is fetched.
    const auto length = parse_integer(head.header("Content-Length"));
    if (file_.bytes > 0 && length && static_cast<std::uint64_t>(*length) != file_.bytes) {
      problem = Error{.kind = ErrorKind::failed,
                      .message = fmt::format("{} has {} bytes now, and the file had {}", file_.from, *length,
                                             file_.bytes),
                      .code = "digest",
                      .resource = file_.path};
      return false;
    }
    if (incoming_->bytes() > 0) {
      if (auto restarted = restart(); !restarted) {
        problem = std::move(restarted).error();
        return false;
      }
      restarted_ = true;
    }
    incoming_->set_tag(is_strong(tag) ? tag : "");
    return true;
  }

  bool take(std::string_view bytes, std::optional<Error>& problem) {
    if (stops()) {
      problem = Error{.kind = ErrorKind::interrupted, .message = "interrupted; what was fetched is kept"};
      return false;
    }
    if (file_.bytes > 0 && bytes.size() > file_.bytes - incoming_->bytes()) {
      // Behind a part that was here already it may be the whole again.
      unusable_ = in_pieces_;
      if (unusable_) return false;
      problem = Error{.kind = ErrorKind::failed,
                      .message = fmt::format("{} sends more than the {} bytes that the file has", file_.from,
                                             file_.bytes),
                      .code = "digest",
                      .resource = file_.path};
      incoming_->discard();
      return false;
    }
    const auto before = incoming_->bytes();
    auto written = incoming_->append(bytes);
    hash_.update(bytes.substr(0, incoming_->bytes() - before));
    on_progress_(incoming_->bytes(), false);
    if (!written) problem = std::move(written).error();
    return !problem;
  }

  std::unexpected<Error> status_error(const http::Response& response) const {
    Error error{.kind = ErrorKind::failed,
                .message = fmt::format("{} answered {}", file_.from, response.status),
                .code = std::to_string(response.status),
                .quoted = printable(std::string_view(response.body).substr(0, 200)),
                .resource = file_.path};
    if (response.status == 401 || response.status == 403) {
      error.kind = ErrorKind::denied;
      if (file_.hub) error.next = {"export HF_TOKEN=…"};
    }
    if (response.status == 404 || response.status == 410) error.kind = ErrorKind::not_found;
    if (response.status == 429 || response.status >= 500)
      error.message +=
          response.status == 429 ? " (too many requests), also when asked again" : ", also when asked again";
    return fail(std::move(error));
  }

  const oci::Remote& file_;
  const Around& around_;
  const std::atomic<bool>& stop_;
  const OnProgress& on_progress_;
  Incoming* incoming_ = nullptr;
  Sha256 hash_;
  bool in_pieces_ = false;  // not all bytes came in one answer
  bool no_ranges_ = false;  // the source is not trusted with them
  bool unusable_ = false;   // the answer under way is of another part
  bool restarted_ = false;  // within the answer under way
};

}  // namespace

Result<void> download(const oci::Remote& file, const Around& around, const std::atomic<bool>& stop,
                      const OnProgress& on_progress) {
  return Download(file, around, stop, on_progress).run();
}

}  // namespace mdl::fetch
