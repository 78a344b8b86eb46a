#include "core/model/header_cache.hpp"

#include <chrono>
#include <fmt/format.h>
#include <sys/stat.h>

#include "core/model/header_json.hpp"
#include "core/util/files.hpp"

namespace mdl::model {

namespace {

constexpr std::uint64_t largest_cache = 4u << 20;
constexpr std::size_t most_known = 500;

// "" when there is no such file.
struct Stat {
  std::string text;
  std::int64_t touched_ns = 0;
};

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + std::int64_t{time.tv_nsec};
}

Stat stat_of(const std::string& source) {
  struct ::stat status {};
  if (::stat(source.c_str(), &status) != 0) return {};
  return {.text = fmt::format("{} {} {} {} {}", status.st_dev, status.st_ino, status.st_size,
                              nanoseconds(status.st_mtim), nanoseconds(status.st_ctim)),
          .touched_ns = std::max(nanoseconds(status.st_mtim), nanoseconds(status.st_ctim))};
}

}  // namespace

std::int64_t file_clock_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return nanoseconds(now);
}

HeaderCache::HeaderCache(std::string file, std::int64_t now_ns) : file_(std::move(file)), now_ns_(now_ns) {
  if (file_.empty()) return;
  const auto text = read_file(file_, largest_cache);
  if (!text) return;
  const auto value = parse_json(*text, 8);
  if (!value || (*value)["mdl"].as_string() != "headers 1") return;
  for (const auto& [stat, header] : (*value)["headers"].as_object()) known_.emplace(stat, header);
}

HeaderCache::~HeaderCache() {
  if (file_.empty() || !changed_) return;
  // Those of other looks at the service's files stay, until they are many.
  if (known_.size() < most_known) asked_.merge(known_);
  auto headers = Value::object();
  for (const auto& [stat, header] : asked_) headers.set(stat, header);
  (void)write_file(file_, dump(Value::object({{"mdl", "headers 1"}, {"headers", headers}})), 0600);
}

template <class Read>
Value HeaderCache::look_up(const std::string& source, const std::string& what, const Read& read) {
  const auto before = stat_of(source);
  const auto key = what + ' ' + before.text;
  if (const auto found = known_.find(key); found != known_.end()) {
    asked_.insert(*found);
    return found->second;
  }
  auto value = read();
  if (!value.is_null() && !before.text.empty() && stat_of(source).text == before.text &&
      known_by_stat(before.touched_ns, now_ns_)) {
    asked_.insert_or_assign(key, value);
    changed_ = true;
  }
  return value;
}

Result<Header> HeaderCache::header(const std::string& source, Format format) {
  std::optional<Error> error;
  const auto read = [&]() -> Value {
    const auto header = [&]() -> Result<Header> {
      MDL_TRY(const auto bytes, open_bytes(source));
      return format == Format::gguf ? read_gguf(*bytes) : read_safetensors(*bytes);
    }();
    if (header) return to_value(*header);
    error = header.error();
    return {};
  };
  const auto value = look_up(source, std::string(to_string(format)), read);
  if (error) return std::unexpected(std::move(*error));
  return header_from(value);
}

bool HeaderCache::begins_like_a_pickle(const std::string& source) {
  const auto read = [&]() -> Value {
    const auto bytes = open_bytes(source);
    std::string begin(4, '\0');
    if (!bytes || ((*bytes)->size() >= begin.size() && !(*bytes)->read(0, begin))) return {};
    return begin == "PK\3\4" || (begin[0] == '\x80' && begin[1] >= 2 && begin[1] <= 5);
  };
  return look_up(source, "pickle", read).as_bool();
}

}  // namespace mdl::model
