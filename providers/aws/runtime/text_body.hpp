#pragma once

#include <optional>
#include <string>

#include "providers/aws/runtime/message.hpp"

namespace mdl::aws::runtime {

// The body as UTF-8 text, if the headers say that it is text and its bytes agree; nullopt: it goes as Base64.
// A body in windows-1252 or ISO 8859-1 becomes UTF-8, and its content-type is changed to say so. Takes the
// header x-lambda-http-content-encoding out of the answer: "text" there means text.
std::optional<std::string> text_of(Response& response);

// A header's bytes as UTF-8: what is not is taken for ISO 8859-1.
std::string header_text(const std::string& value);

}  // namespace mdl::aws::runtime
