#pragma once

#include <string>
#include <string_view>

// What the tests of each provider's fields share.
namespace mdl::test {

// A field of the table as it is called when it is set: "model.*.from" → "model.0.from".
std::string concrete(std::string_view path);

// Whether a file of the project holds these words, such as a test case's name.
bool stands_in(std::string_view file, std::string_view words);

}  // namespace mdl::test
