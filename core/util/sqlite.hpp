#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "core/util/clock.hpp"
#include "core/util/error.hpp"

struct sqlite3;
struct sqlite3_stmt;

// SQLite, with errors as values. Error.code is SQLite's own word: "SQLITE_CORRUPT", "SQLITE_NOTADB",
// "SQLITE_FULL", "SQLITE_READONLY", "SQLITE_BUSY", "SQLITE_CONSTRAINT", …; quoted its words; resource the
// path. Kinds: conflict for a violated constraint, unavailable for busy, locked, I/O and opening, failed
// otherwise.
namespace mdl::sqlite {

struct Blob {
  std::string_view bytes;
};
// Text and blobs are copied when bound.
using Argument = std::variant<std::nullptr_t, std::int64_t, double, std::string_view, Blob>;
using Arguments = std::initializer_list<Argument>;

// A prepared statement. It may outlive its Database, whose connection then stays open until the statement is
// gone.
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;
  ~Statement();

  // Binds all parameters, in their order, and starts anew. Errors: internal, when their number is another.
  Result<void> bind(Arguments arguments);
  // True: there is a row to read. False: done; the next step starts anew.
  Result<bool> step();
  // Steps to the end and drops the rows.
  Result<void> run();

  // Columns of the present row, from 0. A value of another type is converted as SQLite does; null gives 0 or
  // "".
  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  double number(int column) const;
  std::string text(int column) const;  // also a blob's bytes

 private:
  friend class Database;
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  std::unexpected<Error> error() const;
  sqlite3_stmt* statement_ = nullptr;
};

// BEGIN IMMEDIATE: holds the write lock until commit, or until destruction, which rolls back. It must end
// before its Database.
class Transaction {
 public:
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Result<void> commit();

 private:
  friend class Database;
  explicit Transaction(sqlite3* handle) : handle_(handle) {}
  sqlite3* handle_;  // null once it is committed
};

struct OpenOptions {
  bool read_only = false;            // not_found when there is no file; nothing is made or changed
  Milliseconds busy_timeout{5'000};  // how long a call waits for another process's lock; then SQLITE_BUSY
  // A commit is on the disk when it returns. False: it outlives the process, however that ends; when the
  // machine itself stops, the last ones may be lost, and the database is whole all the same.
  bool outlives_machine = true;
};

// One connection: WAL, foreign keys on. Threads may share it call by call, but not a transaction
// or a statement.
class Database {
 public:
  // Makes the file (0600) and its folders (0700) unless read_only. ":memory:" is a database in memory.
  static Result<Database> open(const std::string& path, const OpenOptions& options = {});
  Database(Database&& other) noexcept;
  Database& operator=(Database&& other) noexcept;
  ~Database();

  Result<Statement> prepare(std::string_view sql, Arguments arguments = {});
  // One statement, to its end.
  Result<void> run(std::string_view sql, Arguments arguments = {});
  // Any number of statements without parameters.
  Result<void> execute(const std::string& script);
  Result<Transaction> begin();

  // Brings the schema up to date: steps[i] leads from user_version i to i + 1, each in its transaction.
  // Several processes may do so at once. Errors: refused, code "SCHEMA_NEWER", when a later version of this
  // program wrote the database.
  Result<void> migrate(std::span<const char* const> steps);
  Result<int> version();  // user_version. Errors: failed, code "SQLITE_CORRUPT", when it is negative

  std::int64_t changes() const;  // rows changed by the last INSERT, UPDATE or DELETE
  std::int64_t last_row_id() const;

 private:
  explicit Database(sqlite3* handle) : handle_(handle) {}
  std::unexpected<Error> error() const;
  sqlite3* handle_ = nullptr;
};

// Whether the database file is damaged, or is none.
bool is_corrupt(const Error& error);

}  // namespace mdl::sqlite
