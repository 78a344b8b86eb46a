#include "providers/aws/client/errors.hpp"

#include <algorithm>
#include <array>

#include "core/util/text.hpp"
#include "core/util/value.hpp"
#include "providers/aws/client/xml.hpp"

namespace mdl::aws {

namespace {

// "com.amazonaws.lambda#TooManyRequestsException:http://…" → "TooManyRequestsException"
std::string bare(std::string_view code) {
  code = code.substr(0, code.find(':'));
  if (const auto hash = code.rfind('#'); hash != std::string_view::npos) code.remove_prefix(hash + 1);
  return std::string(code);
}

struct Said {
  std::string code, message;
};

Said said_in(const http::Response& response) {
  Said said{.code = bare(response.header("x-amzn-errortype"))};
  if (response.body.starts_with('<') || response.body.starts_with("\n<")) {
    if (const auto xml = parse_xml(response.body)) {
      if (said.code.empty()) said.code = xml->text_of("Code");
      said.message = xml->text_of("Message");
    }
    return said;
  }
  const auto value = parse_json(response.body);
  if (!value) return said;
  for (const auto* name : {"__type", "code", "Code", "errorType"})
    if (said.code.empty()) said.code = bare((*value)[name].as_string());
  for (const auto* name : {"message", "Message", "errorMessage", "Reason"})
    if (said.message.empty()) said.message = (*value)[name].as_string();
  return said;
}

constexpr std::array denied{"AccessDenied",
                            "AccessDeniedException",
                            "UnrecognizedClientException",
                            "InvalidClientTokenId",
                            "ExpiredToken",
                            "ExpiredTokenException",
                            "SignatureDoesNotMatch",
                            "InvalidSignatureException",
                            "AuthFailure",
                            "OptInRequired",
                            "MissingAuthenticationToken",
                            "IncompleteSignature",
                            "RequestExpired",
                            "RequestTimeTooSkewed",
                            "MissingAuthenticationTokenException",
                            "UnauthorizedOperation"};
constexpr std::array absent{
    "ResourceNotFoundException", "ResourceNotFound",         "NoSuchEntity",
    "ParameterNotFound",         "ParameterVersionNotFound", "ProvisionedConcurrencyConfigNotFoundException"};
constexpr std::array conflicts{"PreconditionFailedException",    "ResourceConflictException",
                               "ParameterAlreadyExists",         "EntityAlreadyExists",
                               "ResourceAlreadyExistsException", "DeleteConflict",
                               "ConcurrentModification",         "OperationAbortedException"};
constexpr std::array throttles{"Throttling",
                               "ThrottlingException",
                               "ThrottledException",
                               "TooManyRequestsException",
                               "RequestLimitExceeded",
                               "RequestThrottled",
                               "RequestThrottledException",
                               "BandwidthLimitExceeded",
                               "SlowDown",
                               "TooManyUpdates",
                               "LimitExceededException.Throttle"};

bool among(const auto& list, std::string_view code) { return std::ranges::find(list, code) != list.end(); }

ErrorKind kind_of(const http::Response& response, std::string_view code) {
  const int status = response.status;
  if (among(denied, code)) return ErrorKind::denied;
  if (among(absent, code)) return ErrorKind::not_found;
  if (among(conflicts, code)) return ErrorKind::conflict;
  if (status == 429 || among(throttles, code) || status >= 500) return ErrorKind::unavailable;
  if (status == 401 || status == 403) return ErrorKind::denied;
  if (status == 404) return ErrorKind::not_found;
  if (status == 409 || status == 412) return ErrorKind::conflict;
  return ErrorKind::invalid;
}

}  // namespace

std::string error_code(const http::Response& response) { return said_in(response).code; }

bool is_throttled(const http::Response& response) {
  return response.status == 429 || (response.status == 400 && among(throttles, error_code(response)));
}

Error error_of(const http::Response& response, const std::string& what) {
  auto said = said_in(response);
  Error error{.kind = kind_of(response, said.code), .code = said.code, .quoted = printable(said.message)};
  const auto status = std::to_string(response.status);
  if (error.code.empty()) error.code = status;
  switch (error.kind) {
    case ErrorKind::denied:
      error.message = what + (error.code.starts_with("AccessDenied") ? ": these credentials may not do this"
                                                                     : ": AWS refuses these credentials");
      if (error.code.starts_with("AccessDenied")) error.next = {"mdl policy"};
      break;
    case ErrorKind::unavailable:
      error.message = what + ": AWS answered " + status;
      break;
    case ErrorKind::not_found:
      error.message = what + ": it is not there";
      break;
    case ErrorKind::conflict:
      error.message = what + ": it was changed meanwhile, or exists already";
      break;
    default:
      error.message = what + ": AWS refuses the request";
      break;
  }
  return error;
}

}  // namespace mdl::aws
