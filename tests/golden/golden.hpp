#pragma once

#include <string>

// Compares a text with a file's content; MDL_UPDATE_GOLDENS=1 writes the file instead.
void check_golden(const std::string& path, const std::string& text);
// tests/golden/data/<name>
std::string golden_path(const std::string& name);

namespace mdl {
class Value;
}
// A view's text and its document: data/<name>.txt and data/<name>.json.
void check_view(const std::string& name, const std::string& text, const mdl::Value& document);
