#include "providers/local/local.hpp"

// The supervisor alone, for trying it with `curl --unix-socket $MDL_HOME/run/supervisor.sock
// http://mdl/v1/ping`.
int main() { return mdl::local::run_supervisor(mdl::local::Home::from_environment()); }
