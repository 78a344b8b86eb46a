#include "core/oci/python_front.hpp"

#include <algorithm>

#include "core/oci/dependencies.hpp"
#include "core/oci/requirement_lines.hpp"
#include "core/util/text.hpp"
#include "embedded/python_front.hpp"

namespace mdl::oci {

std::vector<File> front_files() {
  std::vector<File> files;
  for (const auto& file : embedded::python_front())
    files.push_back({.path = std::string(file.path), .source = {}, .content = std::string(file.content)});
  return files;
}

Result<std::vector<std::string>> front_servers(const manifest::Service& service) {
  std::vector<std::string> servers;
  MDL_TRY(const auto text, requirements_text({.service = service}));
  std::vector<std::string> own;
  for (const auto line : split(text, '\n')) own.push_back(package_name(line));
  const auto add = [&](const char* line) {
    if (std::ranges::find(own, package_name(line)) == own.end()) servers.emplace_back(line);
  };
  const bool handler = !service.http.handler.empty();
  if (handler || service.http.interface != "asgi") add("waitress==3.0.2");
  if (!handler && service.http.interface != "wsgi") {
    add("uvicorn==0.34.3");
    add("wsproto==1.2.0");  // WebSockets
  }
  return servers;
}

}  // namespace mdl::oci
