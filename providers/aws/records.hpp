#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/release/record.hpp"

// How release records stand in the Parameter Store, which knows no compare-and-swap: each revision of a
// record is a parameter of its own, PATH/8/3, made without overwriting, and the highest counts. What does not
// fit into 4,096 characters stands in parts, PATH/parts/DIGEST, that are named by their content. Pure.
namespace mdl::aws {

inline constexpr std::size_t parameter_limit = 4'096;  // characters of a standard parameter

using Parameters = std::map<std::string, std::string>;  // name → value

std::string record_name(const std::string& path, int number, int revision);

// What must be written: parts first, then the record's own parameter, whose name comes last.
struct Written {
  Parameters parts;
  std::string name, value;
};
Written parameters_of(const std::string& path, const release::Record& record, int revision);

// Records of all parameters below the path, newest first, each in its highest revision. Errors: unavailable
// when a part is missing (it is written before what needs it, so the read was not consistent); invalid for a
// record that cannot be understood.
Result<std::vector<release::Record>> records_from(const std::string& path, const Parameters& parameters);

// The revisions of one record that the parameters hold, lowest first.
std::vector<int> revisions_in(const std::string& path, int number, const Parameters& parameters);

}  // namespace mdl::aws
