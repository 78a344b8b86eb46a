#include <array>
#include <mutex>

#include "core/engine/journal.hpp"
#include "core/util/sqlite.hpp"

namespace mdl::engine {

namespace {

using Phase = JournalEntry::Phase;

constexpr std::array schema{
    "CREATE TABLE run(id TEXT PRIMARY KEY, service TEXT NOT NULL, target TEXT NOT NULL, command TEXT NOT "
    "NULL,"
    " manifest TEXT NOT NULL, started INTEGER NOT NULL, release INTEGER NOT NULL, finished INTEGER NOT NULL "
    "DEFAULT 0);"
    "CREATE TABLE entry(run TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE, phase TEXT NOT NULL, call "
    "TEXT NOT NULL,"
    " time INTEGER NOT NULL, detail TEXT NOT NULL);"
    "CREATE INDEX entry_run ON entry(run);"
    "CREATE INDEX run_of ON run(service, target, started);",
    // The least schema whose programs may read and write this: a later one says so here when it only adds.
    "CREATE TABLE readers(least INTEGER NOT NULL); INSERT INTO readers VALUES(1);"};

// Runs older than the newest hundred of a service are of no use to anybody.
constexpr std::string_view forget_old =
    "DELETE FROM run WHERE service = ?1 AND target = ?2 AND id NOT IN"
    " (SELECT id FROM run WHERE service = ?1 AND target = ?2 ORDER BY started DESC LIMIT 100)";

std::string_view to_text(Phase phase) {
  switch (phase) {
    case Phase::before:
      return "before";
    case Phase::after:
      return "after";
    case Phase::failed:
      return "failed";
  }
  return "before";
}

Phase to_phase(std::string_view text) {
  return text == "after" ? Phase::after : text == "failed" ? Phase::failed : Phase::before;
}

std::int64_t nanoseconds(Time time) { return time.time_since_epoch().count(); }
Time to_time(std::int64_t value) { return Time{std::chrono::nanoseconds{value}}; }

// Whether a journal of a later schema says that this version may use it.
bool is_for_us(sqlite::Database& database) {
  auto rows = database.prepare("SELECT least FROM readers");
  if (!rows) return false;
  const auto found = rows->step();
  return found && *found && rows->integer(0) <= static_cast<std::int64_t>(schema.size());
}

std::unexpected<Error> too_new(const std::string& path, int version) {
  return fail(Error{.kind = ErrorKind::refused,
                    .message = "the journal " + path + " was written by a later version of mdl (schema " +
                               std::to_string(version) + ", this one knows up to " +
                               std::to_string(schema.size()) +
                               "): use that version, or move the file away; what is deployed does not "
                               "depend on it",
                    .code = "SCHEMA_NEWER",
                    .resource = path});
}

class SqliteJournal final : public Journal {
 public:
  explicit SqliteJournal(std::string path) : path_(std::move(path)) {}

  Result<void> begin(const JournalRun& run) override {
    std::lock_guard lock(mutex_);
    MDL_CHECK(open());
    MDL_CHECK(database_->run(forget_old, {run.ref.service, run.ref.target}));
    return database_->run(
        "INSERT INTO run(id, service, target, command, manifest, started, release) VALUES(?, ?, ?, ?, ?, ?, "
        "?)",
        {run.id, run.ref.service, run.ref.target, run.command, run.manifest, nanoseconds(run.started),
         std::int64_t{run.release}});
  }

  Result<void> write(const std::string& run, const JournalEntry& entry) override {
    std::lock_guard lock(mutex_);
    MDL_CHECK(open());
    return database_->run("INSERT INTO entry(run, phase, call, time, detail) VALUES(?, ?, ?, ?, ?)",
                          {run, to_text(entry.phase), entry.call, nanoseconds(entry.time), entry.detail});
  }

  Result<void> finish(const std::string& run) override {
    std::lock_guard lock(mutex_);
    MDL_CHECK(open());
    return database_->run("UPDATE run SET finished = 1 WHERE id = ?", {run});
  }

  Result<std::optional<JournalRun>> unfinished(const release::ServiceRef& ref) override {
    std::lock_guard lock(mutex_);
    if (!database_) {
      auto opened = sqlite::Database::open(path_, {.read_only = true});
      if (!opened && opened.error().kind == ErrorKind::not_found) return std::nullopt;
    }
    MDL_CHECK(open());
    MDL_TRY(auto rows, database_->prepare("SELECT id, command, manifest, started, release, finished FROM run"
                                          " WHERE service = ? AND target = ? ORDER BY started DESC LIMIT 1",
                                          {ref.service, ref.target}));
    MDL_TRY(const bool found, rows.step());
    if (!found || rows.integer(5) != 0) return std::nullopt;
    JournalRun run{.id = rows.text(0),
                   .ref = ref,
                   .command = rows.text(1),
                   .manifest = rows.text(2),
                   .started = to_time(rows.integer(3)),
                   .release = static_cast<int>(rows.integer(4))};
    MDL_CHECK(read_entries(run));
    return run;
  }

 private:
  Result<void> open() {
    if (database_) return {};
    MDL_TRY(auto database, sqlite::Database::open(path_, {.outlives_machine = false}));
    MDL_TRY(const int version, database.version());
    if (version > static_cast<int>(schema.size())) {
      if (!is_for_us(database)) return too_new(path_, version);
    } else {
      MDL_CHECK(database.migrate(schema));
    }
    database_ = std::move(database);
    return {};
  }

  Result<void> read_entries(JournalRun& run) {
    MDL_TRY(auto rows,
            database_->prepare("SELECT phase, call, time, detail FROM entry WHERE run = ? ORDER BY rowid",
                               {run.id}));
    while (true) {
      MDL_TRY(const bool more, rows.step());
      if (!more) return {};
      run.entries.push_back({.phase = to_phase(rows.text(0)),
                             .call = rows.text(1),
                             .time = to_time(rows.integer(2)),
                             .detail = rows.text(3)});
    }
  }

  std::string path_;
  std::mutex mutex_;
  std::optional<sqlite::Database> database_;
};

}  // namespace

std::unique_ptr<Journal> open_journal(std::string path) {
  return std::make_unique<SqliteJournal>(std::move(path));
}

}  // namespace mdl::engine
