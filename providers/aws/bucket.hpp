#pragma once

#include "providers/aws/parts.hpp"

// The bucket by way of which zips go that are too large for a request: one an account and region, made when
// it is needed first. Lambda copies what it is given, so that no release needs what lies there, and it ends
// by itself after some days.
namespace mdl::aws {

// What Lambda takes in a request.
inline constexpr std::uint64_t direct_limit = 52'428'800;
inline constexpr int zip_days = 7;

std::string bucket_name(const std::string& account, const std::string& region);
// Named by content, so that it is sent once.
std::string object_key(const oci::Zip& zip);

// Brings the zip there unless it is there, and says where. Touches nothing that is live. Every request names
// the account that the bucket must belong to: a name that somebody else took gets nothing. Errors: refused
// when it did.
Result<void> upload(Shared& shared, Uploaded& zip, const provider::OnProgress& progress);

}  // namespace mdl::aws
