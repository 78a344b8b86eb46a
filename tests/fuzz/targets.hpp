#pragma once

#include <string>
#include <string_view>

// What comes from outside, taken as any bytes. Each function reads them as one kind of document and returns
// what is wrong with how that went, or "". Run by libFuzzer (scripts/fuzz) and over the committed corpus by
// the unit tests.
namespace mdl::fuzz {

// mdl.yaml, of any kind and for the target that it names: problems are bounded, printable and stand in the
// text.
std::string manifest(std::string_view bytes);
// A file of `plan --out`: what is read is written and read again as the same plan.
std::string plan(std::string_view bytes);
// A release record: the same, and nothing that only a later version knows is lost.
std::string record(std::string_view bytes);
// The journal: bytes that begin as a SQLite file are one; others are rows, a line each, with "\t" between the
// columns.
std::string journal(std::string_view bytes);
// A request's header, fed to the scan in any pieces, and what a replica would get of it.
std::string request(std::string_view bytes);
// A connection through the gateway, see gateway_target.cpp.
std::string gateway(std::string_view bytes);
// Calls of the supervisor's API, see supervisor_target.cpp.
std::string supervisor(std::string_view bytes);
// Log files and a cursor, see logfile_target.cpp.
std::string logfile(std::string_view bytes);
// A service's output, written in any pieces, without its secrets: the first line is the secret.
std::string redact(std::string_view bytes);
// Lines: each a Retry-After and a URL.
std::string http(std::string_view bytes);

// A file of weights, as GGUF, as safetensors and as the config.json beside them: errors are printable sentences, a header is
// remembered and read again as it was, and the memory that is reckoned from it does not overflow.
std::string weights(std::string_view bytes);

// Of the same bytes always the same numbers: where to cut them.
class Cuts {
 public:
  explicit Cuts(std::string_view bytes);
  // 1…most, small ones more often.
  std::size_t next(std::size_t most);

 private:
  unsigned long long state_;
};

}  // namespace mdl::fuzz
