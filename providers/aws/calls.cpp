#include <array>

#include "providers/aws/parts.hpp"

namespace mdl::aws {

namespace {

constexpr std::string_view read_back =
    "fence read back: the live pointer is read right before; AWS takes no precondition there";

constexpr std::array calls{
    provider::MutatingCall{"append record *", "the parameter's name must be free"},
    provider::MutatingCall{"update record *",
                           "the next revision's name must be free, and no higher one there"},
    provider::MutatingCall{"erase records", "last step of destroy, after the function", true},
    provider::MutatingCall{
        "promote *",
        "compare-and-swap: the pointer's revision, compared in the read whose RevisionId the "
        "call carries"},
    provider::MutatingCall{
        "create version *",
        "RevisionId of the $LATEST that was compared; fence read back between that read and the "
        "call; PublishVersion also CodeSha256"},
    provider::MutatingCall{
        "delete version *",
        "the release's own, and Lambda refuses one that an alias points to; fence read back"},
    provider::MutatingCall{"create secret-policy *", read_back},
    provider::MutatingCall{"create parameter *", read_back},
    provider::MutatingCall{"create *",
                           "the name must be free, and what is there bear our tags; fence read back"},
    provider::MutatingCall{"update *", read_back},
    provider::MutatingCall{"delete *", read_back},
    provider::MutatingCall{"keep secrets", "nothing is made: a release names their versions", true},
    provider::MutatingCall{"wake release *", "nothing is made: a version is always awake", true},
    provider::MutatingCall{
        "hook *", "a program of the user on the machine that deploys; its record says when it is done", true},
};

}  // namespace

std::span<const provider::MutatingCall> mutating_calls() { return calls; }

}  // namespace mdl::aws
