#include "core/util/sqlite.hpp"

#include <cstring>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "core/util/files.hpp"

namespace mdl::sqlite {

namespace {

const char* code_word(int code) {
  switch (code & 0xFF) {
    case SQLITE_PERM:
      return "SQLITE_PERM";
    case SQLITE_ABORT:
      return "SQLITE_ABORT";
    case SQLITE_BUSY:
      return "SQLITE_BUSY";
    case SQLITE_LOCKED:
      return "SQLITE_LOCKED";
    case SQLITE_NOMEM:
      return "SQLITE_NOMEM";
    case SQLITE_READONLY:
      return "SQLITE_READONLY";
    case SQLITE_INTERRUPT:
      return "SQLITE_INTERRUPT";
    case SQLITE_IOERR:
      return "SQLITE_IOERR";
    case SQLITE_CORRUPT:
      return "SQLITE_CORRUPT";
    case SQLITE_FULL:
      return "SQLITE_FULL";
    case SQLITE_CANTOPEN:
      return "SQLITE_CANTOPEN";
    case SQLITE_PROTOCOL:
      return "SQLITE_PROTOCOL";
    case SQLITE_SCHEMA:
      return "SQLITE_SCHEMA";
    case SQLITE_TOOBIG:
      return "SQLITE_TOOBIG";
    case SQLITE_CONSTRAINT:
      return "SQLITE_CONSTRAINT";
    case SQLITE_MISMATCH:
      return "SQLITE_MISMATCH";
    case SQLITE_MISUSE:
      return "SQLITE_MISUSE";
    case SQLITE_RANGE:
      return "SQLITE_RANGE";
    case SQLITE_NOTADB:
      return "SQLITE_NOTADB";
    default:
      return "SQLITE_ERROR";
  }
}

ErrorKind kind_of(int code) {
  switch (code & 0xFF) {
    case SQLITE_CONSTRAINT:
      return ErrorKind::conflict;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
      return ErrorKind::unavailable;
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
      return ErrorKind::internal;
    default:
      return ErrorKind::failed;
  }
}

// "disk I/O error" alone does not say that the disk is full.
std::string words_of(sqlite3* handle, int code) {
  std::string words = sqlite3_errmsg(handle);
  const int primary = code & 0xff;
  if (primary != SQLITE_IOERR && primary != SQLITE_CANTOPEN) return words;
  if (const int number = sqlite3_system_errno(handle); number != 0)
    words += std::string(": ") + std::strerror(number);
  return words;
}

std::unexpected<Error> error_of(sqlite3* handle) {
  const int code = sqlite3_errcode(handle);
  const char* file = sqlite3_db_filename(handle, "main");
  const std::string path = file ? file : "";
  return fail(Error{.kind = kind_of(code),
                    .message = "the database " + path + " answered with an error",
                    .code = code_word(code),
                    .quoted = words_of(handle, code),
                    .resource = path});
}

// SQLite gives its -wal and -shm files the mode of the database itself, so that only this one must be right.
Result<void> make_private(const std::string& path) {
  if (const auto slash = path.rfind('/'); slash != std::string::npos && slash > 0)
    MDL_CHECK(make_folders(path.substr(0, slash)));
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return {};  // sqlite3_open_v2 fails for the same reason and says it
  ::fchmod(fd, 0600);
  ::close(fd);
  return {};
}

int bind_one(sqlite3_stmt* statement, int index, const Argument& argument) {
  struct Binder {
    sqlite3_stmt* to;
    int at;
    int operator()(std::nullptr_t) const { return sqlite3_bind_null(to, at); }
    int operator()(std::int64_t value) const { return sqlite3_bind_int64(to, at, value); }
    int operator()(double value) const { return sqlite3_bind_double(to, at, value); }
    // An empty view may hold a null pointer, which SQLite would take for NULL.
    int operator()(std::string_view text) const {
      return sqlite3_bind_text64(to, at, text.data() ? text.data() : "", text.size(), SQLITE_TRANSIENT,
                                 SQLITE_UTF8);
    }
    int operator()(Blob blob) const {
      return sqlite3_bind_blob64(to, at, blob.bytes.data() ? blob.bytes.data() : "", blob.bytes.size(),
                                 SQLITE_TRANSIENT);
    }
  };
  return std::visit(Binder{statement, index}, argument);
}

}  // namespace

Statement::Statement(Statement&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(statement_, other.statement_);
  return *this;
}
Statement::~Statement() { sqlite3_finalize(statement_); }

std::unexpected<Error> Statement::error() const { return error_of(sqlite3_db_handle(statement_)); }

Result<void> Statement::bind(Arguments arguments) {
  sqlite3_reset(statement_);
  if (sqlite3_bind_parameter_count(statement_) != static_cast<int>(arguments.size()))
    return fail(ErrorKind::internal,
                std::string("another number of arguments than parameters in: ") + sqlite3_sql(statement_));
  int index = 0;
  for (const auto& argument : arguments)
    if (bind_one(statement_, ++index, argument) != SQLITE_OK) return error();
  return {};
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    sqlite3_reset(statement_);
    return false;
  }
  auto problem = error();
  sqlite3_reset(statement_);
  return problem;
}

Result<void> Statement::run() {
  for (;;) {
    MDL_TRY(const bool row, step());
    if (!row) return {};
  }
}

bool Statement::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_, column); }
double Statement::number(int column) const { return sqlite3_column_double(statement_, column); }
std::string Statement::text(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  const int size = sqlite3_column_bytes(statement_, column);
  return bytes ? std::string(bytes, static_cast<std::size_t>(size)) : std::string();
}

Transaction::Transaction(Transaction&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
Transaction::~Transaction() {
  // SQLite has rolled back by itself after some errors (a full disk); then this one changes nothing.
  if (handle_) sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
}
Result<void> Transaction::commit() {
  if (sqlite3_exec(handle_, "COMMIT", nullptr, nullptr, nullptr) != SQLITE_OK) return error_of(handle_);
  handle_ = nullptr;
  return {};
}

// Turning a new database to WAL does not wait for another process that does the same: SQLite answers BUSY at
// once, whatever its busy timeout.
static Result<void> turn_to_wal(Database& database, const OpenOptions& options) {
  constexpr Milliseconds pause{5};
  const auto script = std::string("PRAGMA journal_mode = WAL; PRAGMA synchronous = ") +
                      (options.outlives_machine ? "FULL" : "NORMAL");
  for (Milliseconds waited{0};; waited += pause) {
    auto turned = database.execute(script);
    if (turned || turned.error().code != "SQLITE_BUSY" || waited >= options.busy_timeout) return turned;
    sqlite3_sleep(static_cast<int>(pause.count()));
  }
}

Result<Database> Database::open(const std::string& path, const OpenOptions& options) {
  if (options.read_only && !exists(path))
    return fail(Error{.kind = ErrorKind::not_found, .message = path + " does not exist", .resource = path});
  const bool file = path != ":memory:";
  if (file && !options.read_only) MDL_CHECK(make_private(path));
  sqlite3* handle = nullptr;
  const int mode = options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int opened = sqlite3_open_v2(path.c_str(), &handle, mode | SQLITE_OPEN_FULLMUTEX, nullptr);
  if (!handle) throw std::bad_alloc();
  Database database(handle);
  if (opened != SQLITE_OK) {
    auto problem = database.error();
    problem.error().resource = path;
    return problem;
  }
  sqlite3_busy_timeout(handle, static_cast<int>(options.busy_timeout.count()));
  MDL_CHECK(database.execute("PRAGMA foreign_keys = ON"));
  if (file && !options.read_only) MDL_CHECK(turn_to_wal(database, options));
  // Else the end of each short process would wait for the disk.
  if (file && !options.outlives_machine)
    sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, static_cast<int*>(nullptr));
  return database;
}

Database::Database(Database&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
Database& Database::operator=(Database&& other) noexcept {
  std::swap(handle_, other.handle_);
  return *this;
}
Database::~Database() { sqlite3_close_v2(handle_); }

std::unexpected<Error> Database::error() const { return error_of(handle_); }

Result<Statement> Database::prepare(std::string_view sql, Arguments arguments) {
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v2(handle_, sql.data(), static_cast<int>(sql.size()), &raw, nullptr) != SQLITE_OK)
    return error();
  if (!raw) return fail(ErrorKind::internal, "no statement in: " + std::string(sql));
  Statement statement(raw);
  MDL_CHECK(statement.bind(arguments));
  return statement;
}

Result<void> Database::run(std::string_view sql, Arguments arguments) {
  MDL_TRY(auto statement, prepare(sql, arguments));
  return statement.run();
}

Result<void> Database::execute(const std::string& script) {
  if (sqlite3_exec(handle_, script.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return error();
  return {};
}

Result<Transaction> Database::begin() {
  MDL_CHECK(run("BEGIN IMMEDIATE"));
  return Transaction(handle_);
}

Result<int> Database::version() {
  MDL_TRY(auto statement, prepare("PRAGMA user_version"));
  MDL_CHECK(statement.step());
  const auto number = statement.integer(0);
  if (number >= 0) return static_cast<int>(number);
  return fail(Error{.kind = ErrorKind::failed,
                    .message = "the database is damaged: its schema has the number " + std::to_string(number),
                    .code = "SQLITE_CORRUPT",
                    .resource = sqlite3_db_filename(handle_, "main")});
}

Result<void> Database::migrate(std::span<const char* const> steps) {
  MDL_TRY(int at, version());
  const int wanted = static_cast<int>(steps.size());
  while (at < wanted) {
    MDL_TRY(auto transaction, begin());
    MDL_TRY(at, version());  // another process may have done it meanwhile
    if (at >= wanted) break;
    MDL_CHECK(execute(steps[static_cast<std::size_t>(at)]));
    MDL_CHECK(execute("PRAGMA user_version = " + std::to_string(++at)));
    MDL_CHECK(transaction.commit());
  }
  if (at <= wanted) return {};
  return fail(Error{.kind = ErrorKind::refused,
                    .message = "a later version of mdl wrote this database (schema " + std::to_string(at) +
                               ", known up to " + std::to_string(wanted) + ")",
                    .code = "SCHEMA_NEWER",
                    .resource = sqlite3_db_filename(handle_, "main")});
}

std::int64_t Database::changes() const { return sqlite3_changes64(handle_); }
std::int64_t Database::last_row_id() const { return sqlite3_last_insert_rowid(handle_); }

bool is_corrupt(const Error& error) {
  return error.code == "SQLITE_CORRUPT" || error.code == "SQLITE_NOTADB";
}

}  // namespace mdl::sqlite
