#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mdl::oci {

// An application object at the top level of a Python file.
struct PythonApplication {
  std::string object;     // "app"
  std::string framework;  // "Flask"; "" when the text does not say
  std::string interface;  // "wsgi", "asgi", "auto"
};

// `app = Flask(…)`, `application = get_wsgi_application()`, `def application(environ, start_response):`,
// `async def app(scope, receive, send):`, `app = create_app()` and their like, outside functions, comments
// and long strings. Of several, the one named app, then application, then the first.
std::optional<PythonApplication> python_application(std::string_view text);

// The function with the parameters (event, context), lambda_handler first.
std::optional<std::string> python_handler(std::string_view text);

// A quoted path that is commonly a health check: "/healthz", "/health", …; "" when none is there.
std::string health_path(std::string_view text);

}  // namespace mdl::oci
