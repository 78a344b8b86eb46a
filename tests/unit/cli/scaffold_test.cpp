#include "cli/commands/scaffold.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace mdl::cli;

TEST_CASE("cli: a folder's name becomes a valid service name") {
  CHECK(service_name("Credit Risk_2") == "credit-risk-2");
  CHECK(service_name("2026-model") == "model");
  CHECK(service_name("...") == "service");
  CHECK(service_name(std::string(200, 'a')).size() <= 40);
  CHECK(valid_service_name(service_name(std::string(200, 'a'))));
}

TEST_CASE("cli: every template is embedded, has a manifest and bears the service's name") {
  for (const auto& known : template_names()) {
    CAPTURE(known.name);
    const auto files = template_files(std::string(known.name), "mine");
    const auto manifest = std::ranges::find(files, "mdl.yaml", &ScaffoldFile::path);
    REQUIRE(manifest != files.end());
    CHECK(manifest->content.find("name: mine\n") != std::string::npos);
    for (const auto& file : files) CHECK(file.content.find("{{name}}") == std::string::npos);
  }
  CHECK(template_files("nonsense", "mine").empty());
}

TEST_CASE("cli: a manifest for what was found quotes what the folder's names hold") {
  mdl::oci::Detected found;
  found.kind = mdl::oci::DetectedKind::entry;
  found.entry = "src.app:app";
  found.interface = "asgi";
  found.health = "/healthz";
  found.requirements = "requirements.txt";
  found.model = {{.path = "we\"ights/", .files = 3, .bytes = 12}};
  CHECK(detected_manifest(found, "mine") ==
        "mdl: 1\nname: mine\nbuild: { requirements: \"requirements.txt\" }\nmodel:\n  - path: "
        "\"we\\\"ights/\"\n"
        "http: { entry: \"src.app:app\", interface: asgi, health: \"/healthz\" }\n"
        "scale: { min: 1, max: 4, concurrency: 8 }\ntargets:\n  local: {}\n");
}

TEST_CASE(
    "cli: a folder with nothing but a Dockerfile gets a manifest of its image, and is told what it must do") {
  mdl::oci::Detected found;
  found.kind = mdl::oci::DetectedKind::dockerfile;
  found.file = "Dockerfile";
  found.dockerfile = true;
  found.port = 3000;
  CHECK(detected_manifest(found, "mine") ==
        "mdl: 1\nname: mine\nbuild: { dockerfile: \"Dockerfile\" }\n"
        "# The image's program listens on $PORT and answers this path with 2xx once it is ready.\n"
        "# The Dockerfile exposes 3000: does the program look at $PORT?\n"
        "http: { health: \"/healthz\" }\nscale: { min: 1, max: 4, concurrency: 8 }\ntargets:\n  local: {}\n");
  CHECK(detected_words(found) == "image of Dockerfile");
}
