#pragma once

#include <string>

#include "core/http/transport.hpp"
#include "providers/aws/auth/credentials.hpp"

// AWS Signature Version 4: the published algorithm, pure.
namespace mdl::aws {

struct Signing {
  std::string region, service;    // "eu-central-1", "lambda": the service's signing name
  Time now;                       // as AWS sees it: a known clock skew is already taken off
  bool normalize_path = true;     // all services but s3
  bool encode_twice = true;       // all services but s3: the path's percent signs are encoded once more
  bool unsigned_payload = false;  // s3 over TLS: the body is not hashed
  bool payload_header = false;    // adds X-Amz-Content-Sha256, which s3 wants
  bool sign_token = true;         // false: the session token is added, but not part of what is signed
};

// The request's canonical form as the algorithm names it; `query` is of a presigned URL. For tests and for
// the comparison with what AWS says in SignatureDoesNotMatch.
std::string canonical_request(const http::Request& request, const Signing& signing);
std::string string_to_sign(const std::string& canonical_request, const Signing& signing);

// Adds X-Amz-Date, X-Amz-Security-Token and Authorization (replacing any that are there), so that a request
// can be signed again. The Host that is signed is the URL's unless a header says otherwise.
void sign(http::Request& request, const Credentials& credentials, const Signing& signing);

// The request's URL with the signature in its query, for somebody who has no credentials. Its headers must be
// sent with it. The body is not hashed when `unsigned_payload`.
std::string presign(const http::Request& request, const Credentials& credentials, const Signing& signing,
                    std::chrono::seconds expires);

}  // namespace mdl::aws
