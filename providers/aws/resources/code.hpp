#pragma once

#include <string>

#include "core/util/text.hpp"
#include "providers/aws/parts.hpp"

// What functions and versions are made from.
namespace mdl::aws::resources {

struct Code {
  std::string path;         // of the zip
  std::string sha256;       // base64, as CodeSha256
  std::string bucket, key;  // at S3; "": it goes with the request
};
// Errors: refused when the artifact was not built in this run.
Result<Code> code_of(Shared& shared, const Value& spec);
// The members that say it in a request's body: ZipFile, or S3Bucket and S3Key.
Result<Value> code_members(const Code& code);

// The ARN of the role that a specification names. Errors: not_found.
Result<std::string> role_arn(Shared& shared, const Names& names, const Value& spec);

inline std::string tag_path(const std::string& arn) { return percent_encode(arn); }

}  // namespace mdl::aws::resources
