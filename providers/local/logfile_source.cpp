#include "providers/local/logfile_source.hpp"

#include <algorithm>
#include <fcntl.h>
#include <limits>
#include <sys/stat.h>
#include <unistd.h>

#include "core/util/text.hpp"

namespace mdl::local {

namespace {

constexpr std::int64_t block = 64 << 10;

// Up to `size` bytes from `offset`; fewer at the end or when reading fails.
std::string read_at(int descriptor, std::int64_t offset, std::int64_t size) {
  std::string bytes(static_cast<std::size_t>(std::max<std::int64_t>(size, 0)), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto n =
        ::pread(descriptor, bytes.data() + done, bytes.size() - done, offset + static_cast<off_t>(done));
    if (n <= 0) break;
    done += static_cast<std::size_t>(n);
  }
  bytes.resize(done);
  return bytes;
}

// The size up to the last line end: what follows is being written.
std::int64_t complete_size(int descriptor) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return 0;
  for (std::int64_t end = status.st_size; end > 0;) {
    const auto start = std::max<std::int64_t>(0, end - block);
    const auto bytes = read_at(descriptor, start, end - start);
    if (const auto found = bytes.rfind('\n'); found != std::string::npos)
      return start + static_cast<std::int64_t>(found) + 1;
    end = start;
  }
  return 0;
}

std::optional<std::pair<ReplicaKey, LogPosition>> parse_position(std::string_view text) {
  const auto parts = split(text, ':');
  const auto name = parts.empty() ? std::vector<std::string_view>{} : split(parts[0], '-');
  if (parts.size() != 4 || name.size() != 2) return std::nullopt;
  const auto release = parse_integer(name[0]), replica = parse_integer(name[1]);
  const auto sequence = parse_integer(parts[1]), offset = parse_integer(parts[2]),
             time = parse_integer(parts[3]);
  if (!release || !replica || !sequence || !offset || !time) return std::nullopt;
  return std::pair(ReplicaKey(static_cast<int>(*release), static_cast<int>(*replica)),
                   LogPosition{static_cast<std::uint64_t>(*sequence), *offset, *time});
}

}  // namespace

Result<std::map<ReplicaKey, LogPosition>> parse_log_cursor(const std::string& text) {
  std::map<ReplicaKey, LogPosition> positions;
  if (text.empty() || text == "-") return positions;
  for (const auto part : split(text, ';')) {
    const auto position = parse_position(part);
    if (!position) return fail(ErrorKind::invalid, "'" + printable(text) + "' is no cursor of these logs");
    positions.insert(*position);
  }
  return positions;
}

LogSource::LogSource(std::string folder, ReplicaKey replica, const std::vector<std::uint64_t>& sequences)
    : folder_(std::move(folder)), replica_(replica) {
  for (const auto sequence : sequences) open_file(sequence);
  if (files_.empty()) return;
  position_.sequence = files_.front().sequence;
  gap_ = gap_before(files_.front());
}

void LogSource::open_file(std::uint64_t sequence) {
  const int descriptor =
      ::open((folder_ + "/" + log_file_name(replica_, sequence)).c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return;  // rotated away since the folder was listed
  File file{.sequence = sequence, .descriptor = {new int(descriptor), [](const int* owned) {
                                                   ::close(*owned);
                                                   delete owned;
                                                 }}};
  file.size = complete_size(descriptor);
  const auto start = read_at(descriptor, 0, std::min<std::int64_t>(file.size, 256));
  if (const auto record = parse_record(std::string_view(start).substr(0, start.find('\n')))) {
    file.header = parse_header(*record);
    file.first_time = record->time;
  }
  files_.push_back(std::move(file));
}

std::optional<provider::LogGap> LogSource::gap_before(const File& file) const {
  if (!file.header || file.header->before == 0) return std::nullopt;
  return make_gap(replica_, file.header->first, file.header->time, file.header->before,
                  "removed by log rotation");
}

void LogSource::seek(const LogPosition& position) {
  if (files_.empty()) return;
  const auto found =
      std::ranges::find_if(files_, [&](const File& f) { return f.sequence >= position.sequence; });
  if (found == files_.end()) return skip_to_end();
  current_ = static_cast<std::size_t>(found - files_.begin());
  position_ = {.sequence = found->sequence, .offset = 0, .time = position.time};
  const auto end = found->header ? found->header->time : position.time;
  gap_.reset();
  if (found->sequence != position.sequence) {
    gap_ = make_gap(replica_, position.time, end, std::nullopt, "removed by log rotation");
  } else if (position.offset < 0) {
    gap_ = gap_before(*found);
  } else if (position.offset > found->size) {
    gap_ = make_gap(replica_, position.time, position.time, std::nullopt, "the log file was shortened");
  } else {
    position_.offset = position.offset;
  }
}

void LogSource::seek_time(std::int64_t since) {
  while (current_ + 1 < files_.size() && files_[current_ + 1].first_time < since) ++current_;
  if (files_.empty()) return;
  const auto& file = files_[current_];
  position_ = {.sequence = file.sequence, .offset = 0, .time = 0};
  if (current_ > 0) gap_.reset();
  std::int64_t low = 0, high = file.size;
  while (high - low > block) {
    const auto middle = low + (high - low) / 2;
    (time_near(file, middle) < since ? low : high) = middle;
  }
  if (low == 0) return;
  const auto bytes = read_at(*file.descriptor, low, 4 * block);
  if (const auto end = bytes.find('\n'); end != std::string::npos)
    position_.offset = low + static_cast<std::int64_t>(end) + 1;
}

// The time of the first record that begins behind `offset`; the largest one when none is found near.
std::int64_t LogSource::time_near(const File& file, std::int64_t offset) const {
  const auto bytes = read_at(*file.descriptor, offset, std::min(4 * block, file.size - offset));
  const auto end = bytes.find('\n');
  if (end != std::string::npos)
    if (const auto record = parse_record(std::string_view(bytes).substr(end + 1))) return record->time;
  return std::numeric_limits<std::int64_t>::max();
}

void LogSource::skip_to_end() {
  if (files_.empty()) return;
  current_ = files_.size() - 1;
  position_ = {
      .sequence = files_[current_].sequence, .offset = files_[current_].size, .time = position_.time};
  gap_.reset();
  next_.reset();
}

std::string_view LogSource::line() {
  const auto& file = files_[current_];
  for (std::int64_t wanted = 4 * block;; wanted *= 2) {
    const auto skip = position_.offset - buffer_offset_;
    if (skip >= 0 && skip < static_cast<std::int64_t>(buffer_.size())) {
      const auto rest = std::string_view(buffer_).substr(static_cast<std::size_t>(skip));
      if (const auto end = rest.find('\n'); end != rest.npos) return rest.substr(0, end);
    }
    buffer_offset_ = position_.offset;
    buffer_ = read_at(*file.descriptor, position_.offset, std::min(wanted, file.size - position_.offset));
    if (buffer_.empty() ||
        (position_.offset + wanted >= file.size && buffer_.find('\n') == std::string::npos))
      return {};
  }
}

const LogSource::Taken* LogSource::peek() {
  if (next_ || files_.empty()) return next_ ? &*next_ : nullptr;
  next_position_ = position_;
  if (gap_) {
    next_ = Taken{.time = gap_->to.time_since_epoch().count(), .entry = *gap_};
    return &*next_;
  }
  while (position_.offset >= files_[current_].size) {
    if (current_ + 1 >= files_.size()) return nullptr;
    ++current_;
    position_.sequence = files_[current_].sequence;
    position_.offset = 0;
    buffer_.clear();
  }
  const auto text = line();
  next_position_ = position_;
  next_position_.offset += static_cast<std::int64_t>(text.size()) + 1;
  auto entry = to_entry(replica_, text, next_position_.time);
  next_ = Taken{.time = next_position_.time, .entry = std::move(entry)};
  return &*next_;
}

LogSource::Taken LogSource::take() {
  auto taken = std::move(*next_);
  next_.reset();
  gap_.reset();
  position_ = next_position_;
  return taken;
}

std::string LogSource::position() const {
  const auto offset = gap_ ? -1 : position_.offset;
  return std::to_string(replica_.first) + "-" + std::to_string(replica_.second) + ":" +
         std::to_string(position_.sequence) + ":" + std::to_string(offset) + ":" +
         std::to_string(position_.time);
}

void LogSource::read_backward(
    const std::function<bool(std::int64_t time, provider::LogEntry entry)>& on_entry) {
  bool more = true;
  for (auto file = files_.rbegin(); file != files_.rend() && more; ++file) {
    read_file_backward(*file, [&](std::string_view text) {
      std::int64_t time = 0;
      auto entry = to_entry(replica_, text, time);
      position_.time = std::max(position_.time, time);
      if (entry) more = on_entry(time, std::move(*entry));
      return more;
    });
  }
  if (more && gap_) on_entry(gap_->to.time_since_epoch().count(), *gap_);
}

void LogSource::read_file_backward(const File& file,
                                   const std::function<bool(std::string_view line)>& on_line) const {
  std::string rest;  // the end of a line whose beginning is not read yet, and lines behind it
  for (auto start = file.size; start > 0;) {
    const auto end = start;
    start = std::max<std::int64_t>(0, end - block);
    auto bytes = read_at(*file.descriptor, start, end - start) + rest;
    auto line_end = bytes.size();  // behind a line's end
    while (line_end > 0) {
      const auto before = line_end < 2 ? std::string::npos : bytes.rfind('\n', line_end - 2);
      if (before == std::string::npos && start > 0) break;
      const auto line_start = before == std::string::npos ? 0 : before + 1;
      if (!on_line(std::string_view(bytes).substr(line_start, line_end - 1 - line_start))) return;
      line_end = line_start;
    }
    bytes.resize(line_end);
    rest = std::move(bytes);
  }
}

}  // namespace mdl::local
