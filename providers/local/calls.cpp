#include <array>

#include "providers/local/local.hpp"

namespace mdl::local {

namespace {

constexpr std::string_view fence =
    "`Mdl-Live`: the live pointer's revision, checked in the transaction that makes the change";
constexpr std::string_view pointer = "compare-and-swap of the live pointer's revision, in one transaction";

constexpr std::array calls{
    provider::MutatingCall{"append record *",
                           "the number must be free: of two inserts one fails; the live pointer's revision "
                           "that the record names, "
                           "checked in the same transaction"},
    provider::MutatingCall{"update record *", "`If-Match`: the record's revision"},
    provider::MutatingCall{"erase records",
                           "no gateway and no replicas may be left, checked in the same transaction"},
    provider::MutatingCall{"keep secrets", "kept by name and version: no version is ever overwritten", true},
    provider::MutatingCall{"create gateway *", fence},
    provider::MutatingCall{"update gateway *", fence},
    provider::MutatingCall{"delete gateway *", fence},
    provider::MutatingCall{"create scaling *", fence},
    provider::MutatingCall{"update scaling *", fence},
    provider::MutatingCall{"delete scaling *", fence},
    provider::MutatingCall{"update scale", fence},
    provider::MutatingCall{"create replicas *", fence},
    provider::MutatingCall{"delete replicas *", fence},
    provider::MutatingCall{"wake release *", fence},
    provider::MutatingCall{"rest release *", pointer},
    provider::MutatingCall{"promote *", pointer},
    provider::MutatingCall{
        "hook *", "a program of the user on the machine that deploys; its record says when it is done", true},
    provider::MutatingCall{"write an artifact",
                           "named by its content, written beside and renamed; not journalled", true},
    provider::MutatingCall{"write an environment", "the same", true},
    provider::MutatingCall{"remove garbage",
                           "the store is locked, so that nobody writes to it; what replicas name stays; not "
                           "journalled",
                           true},
};

}  // namespace

std::span<const provider::MutatingCall> mutating_calls() { return calls; }

}  // namespace mdl::local
