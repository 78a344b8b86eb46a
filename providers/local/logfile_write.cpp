#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/util/files.hpp"
#include "core/util/text.hpp"
#include "providers/local/logfile.hpp"
#include "providers/local/logfile_format.hpp"
#include "providers/local/redact.hpp"

namespace mdl::local {

namespace {

constexpr std::size_t longest_line = 64u << 10;
constexpr std::size_t remembered_lines = 50;

// The file that is written to. All sizes are of complete records.
struct OpenFile {
  int descriptor = -1;
  std::uint64_t sequence = 0, bytes = 0;
  LogHeader header;
  std::int64_t records = 0;  // in this file, without its header
};

// What was written, or would have been, while writing failed.
struct Lost {
  std::int64_t count = 0, from = 0, to = 0;
  std::string reason;
};

class FileLog final : public LogWriter {
 public:
  FileLog(const LogFileOptions& options, Clock& clock)
      : options_(options),
        clock_(clock),
        replica_(options.release, options.replica),
        redactor_(options.secrets) {
    for (auto& partial : partial_) partial.reserve(256);
  }
  ~FileLog() override {
    flush();
    if (file_.descriptor >= 0) ::close(file_.descriptor);
  }
  FileLog(const FileLog&) = delete;
  FileLog& operator=(const FileLog&) = delete;

  void append(bool error, std::string_view bytes) override;
  void note(std::string_view text) override;
  void flush() override;
  std::vector<std::string> last_lines(int n) const override {
    const auto count = std::min<std::size_t>(last_.size(), static_cast<std::size_t>(std::max(n, 0)));
    return {last_.end() - static_cast<std::ptrdiff_t>(count), last_.end()};
  }
  Value hand_over() const override;
  void take_over(const Value& value) override;

 private:
  void add(bool error, std::string_view line);
  void cut(bool error);
  void write_batch();
  bool prepare();
  bool open_last();
  bool begin_file(std::uint64_t sequence, const LogHeader& header);
  void rotate();
  bool recover();
  void keep_complete(std::string_view written);
  void lose(const std::string& reason);
  std::int64_t stamp();

  LogFileOptions options_;
  Clock& clock_;
  ReplicaKey replica_;
  Redactor redactor_;
  std::array<std::string, 2> partial_;  // stdout, stderr: bytes since their last line end
  std::deque<std::string> last_;
  OpenFile file_;
  Lost lost_;
  std::string batch_;           // records that are not written yet
  std::int64_t batched_ = 0;    // their number
  std::int64_t last_time_ = 0;  // the wall clock may jump back; one replica's records do not
};

// Percent-encoded, since JSON cannot hold bytes that are not UTF-8.
Value FileLog::hand_over() const {
  auto lines = Value::array();
  for (const auto& line : last_) lines.push(percent_encode(line));
  return Value::object(
      {{"out", percent_encode(partial_[0])},
       {"err", percent_encode(partial_[1])},
       {"lines", std::move(lines)},
       {"time", last_time_},
       {"lost",
        Value::object(
            {{"count", lost_.count}, {"from", lost_.from}, {"to", lost_.to}, {"reason", lost_.reason}})}});
}

void FileLog::take_over(const Value& value) {
  partial_ = {percent_decode(value["out"].as_string()).value_or(""),
              percent_decode(value["err"].as_string()).value_or("")};
  for (const auto& line : value["lines"].as_strings()) last_.push_back(percent_decode(line).value_or(""));
  last_time_ = value["time"].as_integer();
  const auto& lost = value["lost"];
  lost_ = {.count = lost["count"].as_integer(),
           .from = lost["from"].as_integer(),
           .to = lost["to"].as_integer(),
           .reason = lost["reason"].as_string()};
}

std::int64_t FileLog::stamp() {
  last_time_ = std::max<std::int64_t>(last_time_, clock_.now().time_since_epoch().count());
  return last_time_;
}

void FileLog::append(bool error, std::string_view bytes) {
  stamp();
  auto& partial = partial_[error ? 1 : 0];
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    partial += bytes.substr(0, end);
    if (end == std::string_view::npos) break;
    bytes.remove_prefix(end + 1);
    cut(error);
    if (partial.ends_with('\r')) partial.pop_back();
    add(error, redactor_.apply(partial));
    partial.clear();
  }
  cut(error);
  write_batch();
}

// Writes the first parts of a line that is too long. What may be the beginning of a secret stays for the next
// part.
void FileLog::cut(bool error) {
  auto& partial = partial_[error ? 1 : 0];
  const auto held_back = redactor_.longest() > 0 ? redactor_.longest() - 1 : 0;
  while (partial.size() > longest_line + held_back) {
    std::string_view rest = partial;
    const auto part = redactor_.take(rest, longest_line);
    for (std::size_t at = 0; at < part.size(); at += longest_line)
      add(error, std::string_view(part).substr(at, longest_line));
    partial.erase(0, partial.size() - rest.size());
  }
}

void FileLog::add(bool error, std::string_view line) {
  append_record(batch_, last_time_, error ? 'e' : 'o', line);
  ++batched_;
  last_.emplace_back(line);
  if (last_.size() > remembered_lines) last_.pop_front();
}

void FileLog::note(std::string_view text) {
  auto line = redactor_.apply(text);
  std::ranges::replace(line, '\n', ' ');
  append_record(batch_, stamp(), 'n', line);
  ++batched_;
  write_batch();
}

void FileLog::flush() {
  stamp();
  for (const bool error : {false, true}) {
    auto& partial = partial_[error ? 1 : 0];
    if (partial.empty()) continue;
    cut(error);
    add(error, redactor_.apply(partial));
    partial.clear();
  }
  write_batch();
}

void FileLog::write_batch() {
  if (batched_ == 0) return;
  if (!prepare()) return lose(std::strerror(errno));
  std::string out;
  if (lost_.count > 0) append_gap(out, last_time_, lost_.from, lost_.to, lost_.count, lost_.reason);
  const auto gaps = lost_.count > 0 ? 1 : 0;
  out += batch_;
  const auto written = ::write(file_.descriptor, out.data(), out.size());
  if (written != static_cast<ssize_t>(out.size())) {
    const std::string reason = written < 0 ? std::strerror(errno) : "no space left";
    keep_complete(std::string_view(out).substr(0, static_cast<std::size_t>(std::max<ssize_t>(written, 0))));
    return lose(reason);
  }
  file_.bytes += out.size();
  file_.records += batched_ + gaps;
  batch_.clear();
  batched_ = 0;
  lost_ = {};
  if (file_.bytes >= options_.rotate_bytes) rotate();
}

// A reader may have taken the complete records already, and never takes an incomplete one.
void FileLog::keep_complete(std::string_view written) {
  const auto end = written.rfind('\n');
  const auto complete = end == std::string_view::npos ? 0 : end + 1;
  auto kept = static_cast<std::int64_t>(std::ranges::count(written.substr(0, complete), '\n'));
  file_.bytes += complete;
  file_.records += kept;
  if (kept > 0 && lost_.count > 0) {
    lost_ = {};
    --kept;
  }
  batched_ -= kept;
  if (::ftruncate(file_.descriptor, static_cast<off_t>(file_.bytes)) != 0)
    ::close(std::exchange(file_.descriptor, -1));
}

void FileLog::lose(const std::string& reason) {
  if (lost_.count == 0) lost_.from = last_time_;
  lost_.count += batched_;
  lost_.to = last_time_;
  lost_.reason = "not written: " + reason;
  batch_.clear();
  batched_ = 0;
}

bool FileLog::prepare() {
  if (file_.descriptor >= 0) return true;
  if (!make_folders(options_.folder)) {
    errno = ENOENT;
    return false;
  }
  return open_last();
}

bool FileLog::open_last() {
  const auto files = list_log_files(options_.folder);
  const auto found = files ? files->find(replica_) : decltype(files->end()){};
  if (!files || found == files->end())
    return begin_file(1, {.first = last_time_, .time = last_time_, .before = 0});
  file_.sequence = found->second.back();
  const auto path = options_.folder + "/" + log_file_name(replica_, file_.sequence);
  file_.descriptor = ::open(path.c_str(), O_RDWR | O_APPEND | O_CLOEXEC);
  return file_.descriptor >= 0 && recover();
}

// Reads what an earlier supervisor left: counts its records, and takes off a record that it did not finish.
bool FileLog::recover() {
  const auto content = read_file(options_.folder + "/" + log_file_name(replica_, file_.sequence), 1u << 30);
  if (!content) {
    ::close(std::exchange(file_.descriptor, -1));
    errno = EIO;
    return false;
  }
  const auto end = content->rfind('\n');
  file_.bytes = end == std::string::npos ? 0 : end + 1;
  const auto first =
      parse_record(std::string_view(*content).substr(0, std::min(content->find('\n'), content->size())));
  const auto header = first ? parse_header(*first) : std::nullopt;
  const auto lines = std::ranges::count(*content, '\n');
  file_.header =
      header.value_or(LogHeader{.first = first ? first->time : last_time_, .time = last_time_, .before = 0});
  file_.records = lines - (header ? 1 : 0);
  if (end != std::string::npos) {
    const auto start = end == 0 ? std::string::npos : content->rfind('\n', end - 1);
    const auto begin = start == std::string::npos ? 0 : start + 1;
    if (auto last = parse_record(std::string_view(*content).substr(begin, end - begin)))
      last_time_ = std::max(last_time_, last->time);
  }
  if (file_.bytes == content->size()) return true;
  if (::ftruncate(file_.descriptor, static_cast<off_t>(file_.bytes)) != 0) return false;
  lost_ = {.count = 1, .from = last_time_, .to = last_time_, .reason = "not written to its end"};
  return true;
}

bool FileLog::begin_file(std::uint64_t sequence, const LogHeader& header) {
  const auto path = options_.folder + "/" + log_file_name(replica_, sequence);
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return false;
  std::string text;
  append_header(text, header);
  if (::write(descriptor, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    ::close(descriptor);
    ::unlink(path.c_str());
    errno = ENOSPC;
    return false;
  }
  if (file_.descriptor >= 0) ::close(file_.descriptor);
  file_ = {
      .descriptor = descriptor, .sequence = sequence, .bytes = text.size(), .header = header, .records = 0};
  return true;
}

// When no new file can be begun, the old one grows further and it is tried again with the next record.
void FileLog::rotate() {
  const LogHeader header{
      .first = file_.header.first, .time = last_time_, .before = file_.header.before + file_.records};
  if (!begin_file(file_.sequence + 1, header)) return;
  const auto files = list_log_files(options_.folder);
  if (!files) return;
  const auto found = files->find(replica_);
  if (found == files->end()) return;
  const auto keep = static_cast<std::size_t>(std::max(options_.keep_files, 1));
  for (std::size_t i = 0; i + keep < found->second.size(); ++i)
    ::unlink((options_.folder + "/" + log_file_name(replica_, found->second[i])).c_str());
}

}  // namespace

std::unique_ptr<LogWriter> open_log(const LogFileOptions& options, Clock& clock) {
  return std::make_unique<FileLog>(options, clock);
}

void remove_old_logs(const std::string& folder, int newest, const std::set<int>& kept) {
  const auto files = list_log_files(folder);
  if (!files) return;
  std::set<int> releases;
  for (const auto& [replica, sequences] : *files) releases.insert(replica.first);
  while (static_cast<int>(releases.size()) > newest) {
    const int oldest = *releases.begin();
    releases.erase(releases.begin());
    if (kept.contains(oldest)) continue;
    for (auto at = files->lower_bound({oldest, 0}); at != files->end() && at->first.first == oldest; ++at)
      for (const auto sequence : at->second)
        ::unlink((folder + "/" + log_file_name(at->first, sequence)).c_str());
  }
}

}  // namespace mdl::local
