#include "providers/aws/state_reasons.hpp"

#include <array>

namespace mdl::aws {

namespace {

struct Remedy {
  std::string_view code, text;
};

// The codes of Lambda's model of 2026 (StateReasonCode, LastUpdateStatusReasonCode).
constexpr std::array remedies{
    Remedy{"EniLimitExceeded", "the network has no interface left: raise its quota, or use fewer subnets"},
    Remedy{"InsufficientRolePermissions",
           "the function's role may not make network interfaces: give it ec2:CreateNetworkInterface, "
           "ec2:DescribeNetworkInterfaces and ec2:DeleteNetworkInterface"},
    Remedy{"InvalidConfiguration", "Lambda does not take this configuration"},
    Remedy{"InternalError", "Lambda failed by itself: deploy again"},
    Remedy{"SubnetOutOfIPAddresses", "the subnet has no address left: name a larger one in vpc.subnets"},
    Remedy{"InvalidSubnet", "there is no such subnet: look at vpc.subnets"},
    Remedy{"InvalidSecurityGroup",
           "there is no such security group, or it is of another network: look at vpc.security-groups"},
    Remedy{"ImageDeleted", "the image is gone from its repository: push it again"},
    Remedy{"ImageAccessDenied", "Lambda may not read the image: look at the repository's policy"},
    Remedy{"InvalidImage", "the image is none that Lambda can run"},
    Remedy{"KMSKeyAccessDenied", "the key does not let Lambda decrypt: look at its policy"},
    Remedy{"KMSKeyNotFound", "there is no such key"},
    Remedy{"InvalidStateKMSKey", "the key waits for its deletion"},
    Remedy{"DisabledKMSKey", "the key is disabled"},
    Remedy{"EFSIOError", "the file system cannot be read or written"},
    Remedy{"EFSMountConnectivityError", "the file system cannot be reached from the subnets"},
    Remedy{"EFSMountFailure", "the file system cannot be mounted"},
    Remedy{"EFSMountTimeout", "the file system did not answer in time"},
    Remedy{"InvalidRuntime", "there is no such runtime: look at the target's runtime"},
    Remedy{"InvalidZipFileException", "the zip cannot be unpacked"},
    Remedy{"FunctionError", "the function failed while it started: see its log"},
    Remedy{"FunctionError.InitTimeout", "the function did not start within ten seconds"},
    Remedy{"FunctionError.RuntimeInitError", "the runtime could not start: see its log"},
    Remedy{"FunctionError.ExtensionInitError", "an extension could not start"},
    Remedy{"FunctionError.InvalidEntryPoint", "the entry point is no program"},
    Remedy{"FunctionError.InvalidWorkingDirectory", "the working folder is not there"},
    Remedy{"FunctionError.PermissionDenied", "a file may not be read or run: look at its mode"},
    Remedy{"FunctionError.TooManyExtensions", "there are more extensions than Lambda starts"},
    Remedy{"FunctionError.InitResourceExhausted",
           "the memory or the room in /tmp was used up while it started: raise resources.memory"},
    Remedy{"DisallowedByVpcEncryptionControl", "the network allows encrypted traffic only"},
    Remedy{"Idle", "the function was at rest for long: Lambda wakes it at the next request"},
};

}  // namespace

std::string remedy_of(std::string_view code) {
  for (const auto& remedy : remedies)
    if (remedy.code == code) return std::string(remedy.text);
  return {};
}

}  // namespace mdl::aws
