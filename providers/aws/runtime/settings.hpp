#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/util/error.hpp"

namespace mdl::aws::runtime {

// HTTP status codes, as "200-399,404".
class Statuses {
 public:
  // nullopt-like: an error of kind invalid for anything else, and for codes outside 100 to 599.
  static Result<Statuses> parse(std::string_view text);
  bool contains(int status) const;

 private:
  std::vector<std::pair<int, int>> ranges_;
};

// What the artifact says about its service: runtime.json beside the program.
struct Settings {
  std::vector<std::string> command;  // starts the service; [0] is looked up in PATH when it holds no '/'
  std::string folder;                // in which it starts, below $LAMBDA_TASK_ROOT unless it begins with '/'
  std::vector<std::string> path;     // folders before those of $PATH, below $LAMBDA_TASK_ROOT as `folder`
  std::vector<std::string> python_path;  // the same before those of $PYTHONPATH
  int port = 8080;                       // where it listens on 127.0.0.1: its $PORT; 0: a free one
  std::string health;                    // path; empty: ready when it accepts a connection
  Statuses healthy;                      // answers to `health` that mean ready; 100 to 499 unless stated
  int timeout_ms = 0;                    // of one request; 0: the function's own deadline only
  bool stream = false;                   // answers to HTTP events are streamed (the URL's RESPONSE_STREAM)
  std::string base_path;                 // taken off the path once, where it ends at a '/'
  std::string pass_through = "/events";  // where events that are no HTTP requests are posted
  std::string authorization;             // the header whose value becomes Authorization; empty: none
  Statuses error_statuses;               // answers that make the invocation fail
  bool drain = true;  // be told when the environment ends, so that the service gets SIGTERM
  std::string before_snapshot, after_restore;  // paths that are posted to around a snapshot; empty: none
};

// Errors: invalid, for unknown members, wrong types and values out of range.
Result<Settings> parse_settings(std::string_view text);

}  // namespace mdl::aws::runtime
