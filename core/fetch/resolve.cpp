#include "core/fetch/resolve.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <sys/stat.h>

#include "core/fetch/store.hpp"
#include "core/http/url.hpp"
#include "core/util/digest.hpp"
#include "core/util/files.hpp"
#include "core/util/text.hpp"

namespace mdl::fetch {

namespace {

constexpr std::uint64_t largest_git_file = 16u << 20;

bool is_hex(std::string_view text, std::size_t size) {
  return text.size() == size && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

// As the hub's own client reads it: without W/ and quotes.
std::string plain_tag(std::string_view tag) {
  if (tag.starts_with("W/")) tag.remove_prefix(2);
  if (tag.size() >= 2 && tag.starts_with('"') && tag.ends_with('"')) tag = tag.substr(1, tag.size() - 2);
  return std::string(tag);
}

std::uint64_t size_in(std::string_view text) {
  const auto number = parse_integer(text);
  return number && *number > 0 ? static_cast<std::uint64_t>(*number) : 0;
}

std::uint64_t stored_bytes(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

// What the hub says of a file.
struct HubAnswer {
  std::string commit, tag;
  std::uint64_t bytes = 0;
};

class Resolver {
 public:
  Resolver(const manifest::Service& service, const Around& around) : service_(service), around_(around) {}

  Result<std::vector<oci::Remote>> all() {
    std::vector<oci::Remote> out;
    for (std::size_t i = 0; i < service_.model.size(); ++i) {
      const auto& model = service_.model[i];
      if (model.from.empty()) continue;
      field_ = fmt::format("model.{}", i);
      auto one = model.from.starts_with("hf://") ? of_hub(model) : of_web(model);
      if (!one) {
        auto error = std::move(one).error();
        if (!error.where) error.where = service_.source_of(field_ + ".from");
        return fail(std::move(error));
      }
      one->path = model.path;
      one->stored = around_.store + "/" + one->sha256;
      if (const auto here = stored_bytes(one->stored); here > 0) one->bytes = here;
      out.push_back(std::move(*one));
    }
    return out;
  }

 private:
  Result<oci::Remote> of_web(const manifest::ModelFile& model) {
    oci::Remote remote{
        .from = http::shown_url(model.from), .url = model.from, .sha256 = lower_case(model.sha256)};
    if (is_stored(around_.store, remote.sha256)) return remote;
    // How much it will be is good to know, and no reason to fail: the fetching will say what is wrong.
    auto head = send_following(around_.transport, request("HEAD", model.from));
    if (head && head->status == 200) remote.bytes = size_in(head->header("Content-Length"));
    return remote;
  }

  static http::Request request(std::string method, const std::string& url) {
    return {.method = std::move(method),
            .url = url,
            .headers = {{"Accept-Encoding", "identity"}},
            .body = {},
            .idempotent = true};
  }

  http::Request hub_request(std::string method, const std::string& url) const {
    auto out = request(std::move(method), url);
    if (!around_.hub.token.empty()) out.headers.emplace_back("Authorization", "Bearer " + around_.hub.token);
    return out;
  }

  Result<oci::Remote> of_hub(const manifest::ModelFile& model) {
    MDL_TRY(const auto file, parse_hub(model.from));
    MDL_TRY(auto answer, ask_once(file));
    oci::Remote remote{.from = file.shown(answer.commit),
                       .url = file.url(around_.hub.endpoint, answer.commit),
                       .revision = answer.commit,
                       .bytes = answer.bytes,
                       .hub = true};
    if (is_hex(answer.tag, 64)) {
      remote.sha256 = lower_case(answer.tag);
    } else if (!model.sha256.empty()) {
      remote.sha256 = lower_case(model.sha256);
    } else {
      MDL_TRY(remote.sha256, git_file(remote, answer));
      remember(file, {.commit = answer.commit, .tag = remote.sha256, .bytes = remote.bytes});
    }
    if (!model.sha256.empty() && lower_case(model.sha256) != remote.sha256)
      return fail(
          Error{.kind = ErrorKind::invalid,
                .message = fmt::format("{} is not the file that the manifest states: its SHA-256 is {}",
                                       remote.from, remote.sha256),
                .resource = model.path,
                .where = service_.source_of(field_ + ".sha256")});
    return remote;
  }

  std::string cache_file(const HubFile& file) const {
    return around_.cache + "/hub-" + sha256(file.url(around_.hub.endpoint, file.revision)).substr(0, 32);
  }

  // What a commit holds never changes.
  Result<HubAnswer> ask_once(const HubFile& file) {
    const bool keeps = file.pinned() && !around_.cache.empty();
    if (keeps)
      if (const auto text = read_file(cache_file(file), 4096))
        if (const auto value = parse_json(*text, 4); value && is_hex((*value)["tag"].as_string(), 64))
          return HubAnswer{.commit = file.revision,
                           .tag = (*value)["tag"].as_string(),
                           .bytes = size_in(std::to_string((*value)["bytes"].as_integer()))};
    MDL_TRY(auto answer, ask(file));
    remember(file, answer);
    return answer;
  }

  void remember(const HubFile& file, const HubAnswer& answer) const {
    if (!file.pinned() || around_.cache.empty() || !is_hex(answer.tag, 64)) return;
    (void)write_file(cache_file(file), dump(Value::object({{"tag", answer.tag}, {"bytes", answer.bytes}})),
                     0600);
  }

  // The first answer that links to where the bytes are says what they are: redirects within the hub (a
  // renamed repository, its cache) are followed, others are not.
  Result<HubAnswer> ask(const HubFile& file) {
    auto url = file.url(around_.hub.endpoint, file.revision);
    HubAnswer answer;
    for (int hops = 0; hops < 5; ++hops) {
      MDL_TRY(const auto response, around_.transport.send(hub_request("HEAD", url)));
      if (response.status >= 400) return refused(file, response);
      if (answer.commit.empty()) answer.commit = response.header("X-Repo-Commit");
      if (answer.tag.empty()) answer.tag = plain_tag(response.header("X-Linked-Etag"));
      if (answer.bytes == 0) answer.bytes = size_in(response.header("X-Linked-Size"));
      const auto location = response.header("Location");
      const bool moved = response.status >= 300 && !location.empty();
      if (!moved || http::origin(http::joined_url(url, location)) != http::origin(url)) {
        if (answer.tag.empty()) answer.tag = plain_tag(response.header("ETag"));
        if (answer.bytes == 0 && !moved) answer.bytes = size_in(response.header("Content-Length"));
        break;
      }
      url = http::joined_url(url, location);
    }
    if (is_hex(answer.commit, 40) && !answer.tag.empty()) return answer;
    return fail(Error{.kind = ErrorKind::failed,
                      .message = fmt::format(
                          "{} does not answer as a hub does: {} of {} is missing", http::origin(url),
                          answer.tag.empty() ? "the checksum (X-Linked-Etag)" : "the commit (X-Repo-Commit)",
                          file.shown(file.revision)),
                      .code = "hub"});
  }

  std::unexpected<Error> refused(const HubFile& file, const http::Response& response) const {
    const std::string code(response.header("X-Error-Code"));
    Error error{.kind = ErrorKind::failed,
                .code = code.empty() ? std::to_string(response.status) : code,
                .quoted = printable(response.header("X-Error-Message")),
                .resource = file.shown(file.revision)};
    if (code == "RevisionNotFound") {
      error.message = fmt::format("{} has no revision '{}'", file.repository, file.revision);
      error.kind = ErrorKind::not_found;
    } else if (code == "EntryNotFound") {
      error.message =
          fmt::format("{} has no file '{}' at revision '{}'", file.repository, file.file, file.revision);
      error.kind = ErrorKind::not_found;
    } else if (code == "GatedRepo") {
      error.message = fmt::format("{} is only for those who accepted its terms at {}/{}", file.repository,
                                  around_.hub.endpoint, file.repository);
      error.kind = ErrorKind::denied;
    } else if (code == "RepoNotFound" || response.status == 401 || response.status == 403 ||
               response.status == 404) {
      // The hub does not tell who may not see a repository that there is one.
      error.message = fmt::format("{} is not there, or {} may not see it", file.repository,
                                  around_.hub.token.empty() ? "who has no token" : "this token");
      error.kind = ErrorKind::denied;
      if (around_.hub.token.empty()) error.next = {"export HF_TOKEN=…"};
    } else {
      error.message = fmt::format("the hub answered {} for {}", response.status, file.shown(file.revision));
      error.kind = ErrorKind::unavailable;
    }
    return fail(std::move(error));
  }

  // Of a file that the hub keeps in git, the digest is only known when it is here.
  Result<std::string> git_file(oci::Remote& remote, const HubAnswer& answer) {
    if (answer.bytes > largest_git_file || !is_hex(answer.tag, 40))
      return fail(
          Error{.kind = ErrorKind::failed,
                .message = fmt::format("the hub gives no SHA-256 of {}: state it as sha256", remote.from),
                .code = "hub"});
    MDL_TRY(const auto response, send_following(around_.transport, hub_request("GET", remote.url)));
    if (response.status != 200)
      return fail(Error{.kind = ErrorKind::unavailable,
                        .message = fmt::format("{} answered {}", remote.from, response.status),
                        .code = std::to_string(response.status)});
    const auto blob =
        "blob " + std::to_string(response.body.size()) + '\0' + response.body;  // as git names it
    if (sha1(blob) != lower_case(answer.tag))
      return fail(Error{.kind = ErrorKind::failed,
                        .message = remote.from + " sent other bytes than the hub's checksum says",
                        .code = "digest"});
    remote.bytes = response.body.size();
    auto digest = sha256(response.body);
    if (is_stored(around_.store, digest)) return digest;
    MDL_TRY(auto incoming, Incoming::open(around_.store, digest, [] { return Incoming::Busy::give_up; }));
    if (!incoming) return digest;
    MDL_CHECK(incoming->clear());
    MDL_CHECK(incoming->append(response.body));
    MDL_CHECK(incoming->publish());
    return digest;
  }

  const manifest::Service& service_;
  const Around& around_;
  std::string field_;
};

}  // namespace

Result<std::vector<oci::Remote>> resolve(const manifest::Service& service, const Around& around) {
  return Resolver(service, around).all();
}

}  // namespace mdl::fetch
