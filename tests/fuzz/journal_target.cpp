#include "core/engine/journal.hpp"
#include "core/util/files.hpp"
#include "core/util/sqlite.hpp"
#include "core/util/text.hpp"
#include "tests/fuzz/scratch.hpp"
#include "tests/fuzz/targets.hpp"

namespace mdl::fuzz {

namespace {

const release::ServiceRef ref{.service = "app", .target = "local"};

// Columns as SQLite takes them: what looks like a number becomes one where the table wants it, else it stays
// a text.
Result<void> fill(const std::string& path, std::string_view bytes) {
  MDL_TRY(auto database, sqlite::Database::open(path));
  MDL_TRY(auto transaction, database.begin());
  for (const auto line : split(bytes, '\n')) {
    auto columns = split(line, '\t');
    const bool run = columns.size() > 5;
    columns.resize(6);
    const auto at = [&](std::size_t i) -> sqlite::Argument { return columns[i]; };
    static_cast<void>(
        run ? database.run("INSERT OR IGNORE INTO run VALUES(?, 'app', 'local', ?, ?, ?, ?, ?)",
                           {at(0), at(1), at(2), at(3), at(4), at(5)})
            : database.run("INSERT INTO entry VALUES(?, ?, ?, ?, ?)", {at(0), at(1), at(2), at(3), at(4)}));
  }
  return transaction.commit();
}

}  // namespace

std::string journal(std::string_view bytes) {
  const Scratch scratch;
  const auto path = scratch.path() + "/journal.db";
  const bool file = bytes.starts_with("SQLite format 3");
  if (file) {
    if (!write_file(path, bytes)) return "";
  } else {
    const auto made = engine::open_journal(path);
    if (!made->begin({.id = "r0", .ref = ref, .command = "deploy"}) || !fill(path, bytes)) return "";
  }
  const auto journal = engine::open_journal(path);
  const auto found = journal->unfinished(ref);
  if (!found) {
    if (!file) return "rows are not read: " + found.error().message + " " + found.error().quoted;
    return found.error().code.empty() ? "no code: " + found.error().message : "";
  }
  if (*found && ((*found)->ref.service != ref.service || (*found)->finished))
    return "a run that was not asked for";
  if (file) return "";
  // The next run is recorded whatever the earlier ones left. No row above can hold its name.
  const std::string next = "next\n";
  const engine::JournalRun run{
      .id = next, .ref = ref, .command = "deploy", .started = Time(std::chrono::hours(24 * 365 * 290))};
  if (!journal->begin(run) || !journal->write(next, {.call = "create x"}) || !journal->finish(next))
    return "the next run is not recorded";
  return "";
}

}  // namespace mdl::fuzz
