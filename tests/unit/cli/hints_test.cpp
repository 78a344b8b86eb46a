#include "cli/views/hints.hpp"

#include <doctest/doctest.h>

using mdl::cli::Failure;
using mdl::cli::hint;

TEST_CASE("cli: a missing module is said to be missing from the requirements file") {
  Failure failure{.lines = {"  File \"app.py\", line 3, in <module>", "    import pandas",
                            "ModuleNotFoundError: No module named 'pandas'"},
                  .requirements = "requirements.txt"};
  CHECK(hint(failure) == "requirements.txt does not name pandas. Add it");
  failure.lines.back() = "ModuleNotFoundError: No module named 'sklearn.ensemble'";
  CHECK(hint(failure) == "requirements.txt does not name scikit-learn. Add it");
  failure.requirements.clear();
  CHECK(hint(failure)->starts_with("The manifest names no requirements file"));
}

TEST_CASE("cli: what the system said about ports, addresses, rights and memory becomes a remedy") {
  const auto of = [](const char* line) { return hint({.lines = {line}}).value_or(""); };
  CHECK(of("OSError: [Errno 98] Address already in use").find("$PORT") != std::string::npos);
  CHECK(of("OSError: [Errno 97] Address family not supported by protocol").find("IPv6") != std::string::npos);
  CHECK(of("PermissionError: [Errno 13] bind: permission denied").find("below 1024") != std::string::npos);
  CHECK(of("PermissionError: [Errno 13] Permission denied: 'x'").find("mode") != std::string::npos);
  CHECK(of("MemoryError").find("resources.memory") != std::string::npos);
}

TEST_CASE("cli: without telling lines the error's own words decide, and nothing is guessed") {
  CHECK(hint({.message = "replica 9/1: /healthz: connection refused"})->find("$PORT") != std::string::npos);
  CHECK(hint({.message = "/healthz answered 404", .health = "/healthz"}) ==
        "The service has no /healthz. Add it, or name another path under http.health");
  CHECK(hint({.message = "replica 9/1 exited 137"})->find("memory") != std::string::npos);
  CHECK(!hint({.message = "replica 9/1 exited 1", .lines = {"boom"}}));
}
