#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/oci/detect.hpp"

// What `mdl init` writes, as values: nothing here touches a file.
namespace mdl::cli {

struct ScaffoldFile {
  std::string path, content;
  bool executable = false;
};

struct TemplateName {
  std::string_view name, summary;
};
const std::vector<TemplateName>& template_names();

// The files of a template, with the service's name put in; empty when there is no such template.
std::vector<ScaffoldFile> template_files(const std::string& name, const std::string& service);

// A manifest for what was found in a folder.
std::string detected_manifest(const oci::Detected& found, const std::string& service);
std::string ignore_file();

// A valid service name made from a folder's: lower case, '-' for what is not allowed, "service" when nothing
// is left.
std::string service_name(std::string_view folder);
bool valid_service_name(std::string_view name);

// "WSGI app:app", "handler f.handler", "command npm start": for the line about mdl.yaml.
std::string detected_words(const oci::Detected& found);

}  // namespace mdl::cli
