#include "providers/aws/parameters.hpp"

#include <algorithm>

namespace mdl::aws {

Result<Parameters> parameters_below(Client& client, const std::string& path, bool recursive) {
  Parameters parameters;
  std::string token;
  do {
    auto body = Value::object({{"Path", path}, {"Recursive", recursive}, {"MaxResults", 10}});
    if (!token.empty()) body.set("NextToken", token);
    MDL_TRY(const auto answer, client.json(Service::ssm, "GetParametersByPath", body, true));
    for (const auto& one : answer["Parameters"].as_array())
      parameters[one["Name"].as_string()] = one["Value"].as_string();
    token = answer["NextToken"].as_string();
  } while (!token.empty());
  return parameters;
}

Result<void> put_parameter(Client& client, const std::string& name, const std::string& value,
                           bool overwrite) {
  MDL_CHECK(client.json(
      Service::ssm, "PutParameter",
      Value::object({{"Name", name}, {"Value", value}, {"Type", "String"}, {"Overwrite", overwrite}}),
      overwrite));
  return {};
}

Result<void> delete_parameters(Client& client, const std::vector<std::string>& names) {
  constexpr std::size_t most = 10;  // in one request
  for (std::size_t at = 0; at < names.size(); at += most) {
    auto some = Value::array();
    for (std::size_t i = at; i < std::min(names.size(), at + most); ++i) some.push(names[i]);
    MDL_CHECK(client.json(Service::ssm, "DeleteParameters", Value::object({{"Names", some}}), true));
  }
  return {};
}

}  // namespace mdl::aws
