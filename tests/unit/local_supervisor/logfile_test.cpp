#include "providers/local/logfile.hpp"

#include <algorithm>
#include <csignal>
#include <doctest/doctest.h>
#include <filesystem>
#include <map>
#include <sys/resource.h>

#include "core/util/files.hpp"
#include "tests/fakes/folder.hpp"
#include "tests/fakes/time.hpp"

using namespace mdl;
using namespace mdl::local;
using namespace std::chrono_literals;

namespace {

// Lines as text, gaps and notes marked.
std::vector<std::string> texts(const provider::LogPage& page) {
  std::vector<std::string> result;
  for (const auto& entry : page.entries) {
    if (const auto* line = std::get_if<provider::LogLine>(&entry)) result.push_back(line->text);
    if (const auto* note = std::get_if<provider::LogNote>(&entry)) result.push_back("note: " + note->text);
    if (const auto* gap = std::get_if<provider::LogGap>(&entry))
      result.push_back("gap: " + (gap->count ? std::to_string(*gap->count) : "unknown") + ", " + gap->reason);
  }
  return result;
}

struct Logs {
  fakes::TempFolder folder;
  fakes::FakeClock clock;
  std::unique_ptr<LogWriter> writer(int release, int replica, std::uint64_t rotate = 10u << 20,
                                    int keep = 5) {
    return open_log({.folder = folder.path(),
                     .release = release,
                     .replica = replica,
                     .rotate_bytes = rotate,
                     .keep_files = keep,
                     .secrets = secrets},
                    clock);
  }
  provider::LogPage read(const provider::LogQuery& query = {}, const std::string& cursor = {}) {
    auto page = read_logs(folder.path(), query, cursor);
    REQUIRE(page);
    return *page;
  }
  std::size_t files() {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder.path()), {}));
  }
  std::vector<std::string> secrets;
};

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE(
    "logfile: lines come back with their time, release, replica and stream, also when written in pieces") {
  Logs logs;
  auto writer = logs.writer(8, 2);
  writer->append(false, "first li");
  writer->append(true, "an error\n");
  logs.clock.advance(5ms);
  writer->append(false, "ne\r\nsecond\nunfinished");
  writer->note("replica 8/2 restarted: exit 1");
  writer->flush();
  const auto page = logs.read();
  CHECK(texts(page) ==
        Texts{"an error", "first line", "second", "note: replica 8/2 restarted: exit 1", "unfinished"});
  const auto& line = std::get<provider::LogLine>(page.entries[0]);
  CHECK(line.release == 8);
  CHECK(line.replica == "2");
  CHECK(line.error);
  CHECK(std::get<provider::LogLine>(page.entries[1]).time - line.time == 5ms);
  CHECK(writer->last_lines(2) == Texts{"second", "unfinished"});
}

TEST_CASE(
    "logfile: replicas are merged by time, and one replica's lines keep their order when the clock jumps "
    "back") {
  Logs logs;
  auto one = logs.writer(8, 1), two = logs.writer(9, 1);
  one->append(false, "a\n");
  logs.clock.advance(1s);
  two->append(false, "b\n");
  logs.clock.advance(1s);
  one->append(false, "c\n");
  CHECK(texts(logs.read()) == Texts{"a", "b", "c"});
  CHECK(texts(logs.read({.release = 9})) == Texts{"b"});
  logs.clock.jump(-1h);
  one->append(false, "d\n");
  CHECK(texts(logs.read()).back() == "d");
}

TEST_CASE("logfile: a cursor goes on behind the last line, over rotations and with new replicas, once each") {
  Logs logs;
  auto writer = logs.writer(1, 1, 200, 100);
  Texts expected, seen;
  std::string cursor;
  const auto follow = [&] {
    auto page = logs.read({}, cursor);
    cursor = page.cursor;
    for (auto& text : texts(page)) seen.push_back(text);
  };
  std::unique_ptr<LogWriter> second;
  for (int i = 0; i < 100; ++i) {
    logs.clock.advance(1ms);
    expected.push_back("line " + std::to_string(i));
    if (i == 50) second = logs.writer(2, 1, 200, 100);
    (i > 50 && i % 3 == 0 ? second : writer)->append(false, expected.back() + "\n");
    if (i % 7 == 0) follow();
  }
  follow();
  follow();
  CHECK(seen == expected);
  CHECK(logs.files() > 10);
}

TEST_CASE("logfile: a half-written record is left for the next read") {
  Logs logs;
  auto writer = logs.writer(1, 1);
  writer->append(false, "whole\n");
  const auto file = logs.folder / "1-1.1.log";
  const auto before = read_file(file).value();
  REQUIRE(write_file(file, before + "1795521600000000000 o ha"));
  auto page = logs.read();
  CHECK(texts(page) == Texts{"whole"});
  REQUIRE(write_file(file, before + "1795521600000000000 o half\n"));
  CHECK(texts(logs.read({}, page.cursor)) == Texts{"half"});
}

TEST_CASE("logfile: the files of a replica are bounded, and what was removed is accounted for") {
  Logs logs;
  auto writer = logs.writer(1, 1, 300, 2);
  for (int i = 0; i < 100; ++i) writer->append(false, "line " + std::to_string(i) + "\n");
  CHECK(logs.files() == 2);
  const auto seen = texts(logs.read());
  REQUIRE(seen.size() > 2);
  const auto kept = seen.size() - 1;
  CHECK(seen[0] == "gap: " + std::to_string(100 - kept) + ", removed by log rotation");
  CHECK(seen[1] == "line " + std::to_string(100 - kept));
  CHECK(seen.back() == "line 99");
}

TEST_CASE("logfile: a cursor whose file was removed meanwhile gives a gap, then what is kept") {
  Logs logs;
  auto writer = logs.writer(1, 1, 300, 2);
  writer->append(false, "early\n");
  const auto cursor = logs.read().cursor;
  for (int i = 0; i < 100; ++i) writer->append(false, "line " + std::to_string(i) + "\n");
  const auto page = logs.read({}, cursor);
  CHECK(texts(page)[0] == "gap: unknown, removed by log rotation");
  CHECK(texts(page).back() == "line 99");
  CHECK(texts(logs.read({}, page.cursor)).empty());
}

TEST_CASE("logfile: a tail is the last lines over all replicas and files, and says when there are more") {
  Logs logs;
  auto one = logs.writer(1, 1, 300, 50), two = logs.writer(1, 2, 300, 50);
  for (int i = 0; i < 200; ++i) {
    logs.clock.advance(1ms);
    (i % 2 == 0 ? one : two)->append(false, "line " + std::to_string(i) + "\n");
  }
  const auto page = logs.read({.tail = 3});
  CHECK(texts(page) == Texts{"line 197", "line 198", "line 199"});
  CHECK(page.truncated);
  two->append(false, "line 200\n");
  CHECK(texts(logs.read({.tail = 3}, page.cursor)) == Texts{"line 200"});
  const auto all = logs.read({.tail = 500});
  CHECK(all.entries.size() == 201);
  CHECK_FALSE(all.truncated);
}

TEST_CASE("logfile: a tail reads a long file from its end, also when lines are longer than a block") {
  Logs logs;
  auto writer = logs.writer(1, 1, 1u << 30);
  std::string expected;
  for (int i = 0; i < 40; ++i)
    writer->append(false, std::string(50'000, static_cast<char>('a' + i % 26)) + "\n");
  const auto page = logs.read({.tail = 4});
  REQUIRE(page.entries.size() == 4);
  for (int i = 0; i < 4; ++i)
    CHECK(texts(page)[static_cast<std::size_t>(i)] ==
          std::string(50'000, static_cast<char>('a' + (36 + i) % 26)));
}

TEST_CASE("logfile: since starts at the first line that is not before, found within long files") {
  Logs logs;
  auto writer = logs.writer(1, 1, 200'000, 50);
  for (int i = 0; i < 20'000; ++i) {
    logs.clock.advance(1ms);
    writer->append(false, "line " + std::to_string(i) + "\n");
  }
  const auto since = logs.clock.now() - 4ms;
  CHECK(texts(logs.read({.since = since})) ==
        Texts{"line 19995", "line 19996", "line 19997", "line 19998", "line 19999"});
  CHECK(texts(logs.read({.since = since, .tail = 2})) == Texts{"line 19998", "line 19999"});
  CHECK(texts(logs.read({.since = logs.clock.now() + 1ms})).empty());
}

TEST_CASE("logfile: a page is bounded, and the next one goes on") {
  Logs logs;
  auto writer = logs.writer(1, 1);
  for (int i = 0; i < 10'050; ++i) writer->append(false, std::to_string(i) + "\n");
  const auto first = logs.read();
  CHECK(first.entries.size() == 10'000);
  const auto second = logs.read({}, first.cursor);
  REQUIRE(second.entries.size() == 50);
  CHECK(texts(second).front() == "10000");
}

TEST_CASE("logfile: grep takes plain text and expressions, and a bad expression is an error") {
  Logs logs;
  auto writer = logs.writer(1, 1);
  writer->append(false, "GET /predict 200\nGET /healthz 200\nPOST /predict 500\n");
  CHECK(texts(logs.read({.grep = "/predict"})) == Texts{"GET /predict 200", "POST /predict 500"});
  CHECK(texts(logs.read({.grep = "^GET .*200$"})) == Texts{"GET /predict 200", "GET /healthz 200"});
  CHECK(texts(logs.read({.tail = 1, .grep = "GET"})) == Texts{"GET /healthz 200"});
  CHECK(read_logs(logs.folder.path(), {.grep = "(unclosed"}, "").error().kind == ErrorKind::invalid);
}

TEST_CASE("logfile: an expression that explodes and a line without end do not harm") {
  Logs logs;
  auto writer = logs.writer(1, 1);
  writer->append(false, std::string(60'000, 'a') + "\n");
  CHECK(texts(logs.read({.grep = "(a|aa)+b"})).empty());
  writer->append(false, "first\nsecond\n");
  CHECK(texts(logs.read({.grep = "^first$|con"})) == Texts{"first", "second"});
  CHECK(read_logs(logs.folder.path(), {.grep = "(a*)*\\1"}, "").error().kind == ErrorKind::invalid);
}

TEST_CASE("logfile: lines over 64 KiB are written in parts") {
  Logs logs;
  auto writer = logs.writer(1, 1);
  writer->append(false, std::string(100'000, 'x'));
  writer->append(false, std::string(50'000, 'x') + "\nnext\n");
  const auto seen = texts(logs.read());
  REQUIRE(seen.size() == 4);
  CHECK(seen[0].size() == 65'536);
  CHECK(seen[0].size() + seen[1].size() + seen[2].size() == 150'000);
  CHECK(seen[3] == "next");
}

TEST_CASE("logfile: secrets are hidden, also across writes, parts of long lines and several lines") {
  Logs logs;
  logs.secrets = {"hunter2-long-secret", "hunter2", "-----BEGIN KEY-----\nAAAABBBB\n}\n-----END KEY-----\n"};
  auto writer = logs.writer(1, 1);
  writer->append(false, "password=hunter2-lo");
  writer->append(false, "ng-secret;\nand hunter2.\nAAAABBBB\n}\n");
  writer->note("exec failed: hunter2");
  for (const std::size_t before : {65'530u, 65'536u, 65'537u, 131'070u}) {
    writer->append(false, std::string(before, 'x') + "hunter2-long");
    writer->append(false, "-secret" + std::string(70'000, 'y') + "\n");
  }
  const auto content = read_file(logs.folder / "1-1.1.log").value();
  CHECK(content.find("hunter2") == std::string::npos);
  CHECK(content.find("long-secret") == std::string::npos);
  const auto seen = texts(logs.read());
  CHECK(seen[0] == "password=[redacted];");
  CHECK(seen[1] == "and [redacted].");
  CHECK(seen[2] == "[redacted]");
  CHECK(seen[3] == "}");
  CHECK(seen[4] == "note: exec failed: [redacted]");
  CHECK(writer->last_lines(50)[0] == "password=[redacted];");
}

TEST_CASE(
    "logfile: secrets are hidden wherever two writes part them, in lines that end and in one that does not") {
  Logs logs;
  logs.secrets = {"hunter2/secret+", "{\"key\": \"two\"}\nlines of it\n"};
  const std::string said =
      "a=hunter2/secret+hunter2/secret+;\r\n{\"key\": \"two\"}\nlines of it\nhunter2hunter2/secret+";
  for (std::size_t first = 0; first <= said.size(); ++first)
    for (std::size_t second = first; second <= said.size(); ++second) {
      auto writer = logs.writer(1, static_cast<int>(first) + 1, 100u << 20);
      writer->append(false, said.substr(0, first));
      writer->append(false, said.substr(first, second - first));
      writer->append(false, said.substr(second));
      writer->flush();
      REQUIRE(writer->last_lines(50) ==
              Texts{"a=[redacted][redacted];", "[redacted]", "[redacted]", "hunter2[redacted]"});
    }
  for (std::size_t first = 0; first <= said.size(); ++first) {
    const auto content = read_file(logs.folder / ("1-" + std::to_string(first + 1) + ".1.log")).value();
    for (const auto* part : {"secret", "key", "lines"}) REQUIRE(content.find(part) == std::string::npos);
  }
}

TEST_CASE("logfile: secrets are hidden as JSON, URLs and base64 write them") {
  Logs logs;
  logs.secrets = {R"(pass"word/+&é)", "short"};
  auto writer = logs.writer(1, 1);
  writer->append(false, R"({"password": "pass\"word/+&é"})"
                        "\n");
  writer->append(false, "GET /?key=pass%22word%2F%2B%26%C3%A9\n");
  writer->append(false, "Basic cGFzcyJ3b3JkLysmw6k=\n");      // pass"word/+&é
  writer->append(false, "Basic dTpwYXNzIndvcmQvKybDqQ==\n");  // u:pass"word/+&é
  writer->append(false, "Basic dXBhc3Mid29yZC8rJsOp\n");      // upass"word/+&é
  writer->append(false, "c2hvcnQ= shor t\n");                 // of a short one
  const auto seen = texts(logs.read());
  CHECK(seen == Texts{R"({"password": "[redacted]"})", "GET /?key=[redacted]", "Basic [redacted]w6k=",
                      "Basic dTpw[redacted]qQ==", "Basic dXBh[redacted]", "c2hvcnQ= shor t"});
}

TEST_CASE("logfile: a writer that is opened again goes on in the last file") {
  Logs logs;
  logs.writer(1, 1)->append(false, "before\n");
  REQUIRE(write_file(logs.folder / "1-1.1.log", read_file(logs.folder / "1-1.1.log").value() + "179552160"));
  logs.writer(1, 1)->append(false, "after\n");
  CHECK(logs.files() == 1);
  CHECK(texts(logs.read()) == Texts{"before", "gap: 1, not written to its end", "after"});
}

TEST_CASE("logfile: what a full disk swallows is counted, and writing goes on afterwards") {
  Logs logs;
  auto writer = logs.writer(1, 1);
  writer->append(false, "before\n");
  const auto size = read_file(logs.folder / "1-1.1.log").value().size();
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit full{.rlim_cur = size + 30, .rlim_max = before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &full);
  writer->append(false, "this one is cut in its middle\n");
  writer->append(false, "lost\nlost\n");
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, SIG_DFL);
  CHECK(texts(logs.read()) == Texts{"before"});
  writer->append(false, "after\n");
  const auto seen = texts(logs.read());
  REQUIRE(seen.size() == 3);
  CHECK(seen[1].starts_with("gap: 3, not written: "));
  CHECK(seen[2] == "after");
}

TEST_CASE("logfile: nothing there is no error, and says so") {
  Logs logs;
  auto page = read_logs(logs.folder / "missing", {}, "").value();
  CHECK(page.entries.empty());
  CHECK_FALSE(page.empty_reason.empty());
  logs.writer(1, 1)->append(false, "first\n");
  CHECK(texts(logs.read({}, page.cursor)) == Texts{"first"});
  CHECK(read_logs(logs.folder.path(), {}, "nonsense").error().kind == ErrorKind::invalid);
}

TEST_CASE("logfile: a page that ends before a replica's gap was given does not lose it") {
  Logs logs;
  auto old = logs.writer(1, 1);
  for (int i = 0; i < 10'000; ++i) old->append(false, "x\n");
  logs.clock.advance(1s);
  auto rotated = logs.writer(1, 2, 300, 2);
  for (int i = 0; i < 100; ++i) rotated->append(false, "line " + std::to_string(i) + "\n");
  const auto first = logs.read();
  CHECK(first.entries.size() == 10'000);
  CHECK(texts(logs.read({}, first.cursor))[0].starts_with("gap: "));
}

TEST_CASE(
    "logfile: old releases' files are removed but for those that are kept, and a cursor gets a gap for "
    "them") {
  Logs logs;
  for (const int release : {1, 2, 3, 4}) {
    logs.clock.advance(1s);
    logs.writer(release, 1)->append(false, "release " + std::to_string(release) + "\n");
  }
  const auto cursor = logs.read().cursor;
  remove_old_logs(logs.folder.path(), 2, {1});
  CHECK(texts(logs.read()) == Texts{"release 1", "release 3", "release 4"});
  const auto next = logs.read({}, cursor);
  CHECK(texts(next) == Texts{"gap: unknown, removed with its release"});
  CHECK(texts(logs.read({}, next.cursor)).empty());
}
