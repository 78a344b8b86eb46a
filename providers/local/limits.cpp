#include <array>
#include <unistd.h>

#include "core/manifest/fields.hpp"
#include "core/util/text.hpp"
#include "providers/local/checks.hpp"
#include "providers/local/machine.hpp"
#include "providers/local/parts.hpp"

namespace mdl::local {

namespace {

using manifest::Service;

enum class Answer { honoured, refused, secret };

struct Rule {
  std::string_view field;  // a pattern of manifest::matches
  Answer answer = Answer::honoured;
  std::string_view why;
};

// Every field of the manifest: by whom it is honoured, or why it is not. A test holds this against the table
// of fields.
constexpr std::array rules{
    Rule{"mdl"},
    Rule{"name"},
    Rule{"services"},
    Rule{"build"},
    Rule{"build.python"},
    Rule{"build.requirements"},
    Rule{"build.include"},
    Rule{"build.command"},
    Rule{"build.base", Answer::refused,
         "the local target runs services without an image, so there is no base; set it in the targets that "
         "build one"},
    Rule{"build.image", Answer::refused,
         "the local target runs the service's own files; name the image in a target that runs images"},
    Rule{"build.dockerfile"},
    Rule{"model"},
    Rule{"model.*"},
    Rule{"model.*.path"},
    Rule{"model.*.from"},
    Rule{"model.*.sha256"},
    Rule{"model.*.context"},
    Rule{"http"},
    Rule{"http.entry"},
    Rule{"http.handler"},
    Rule{"http.command"},
    Rule{"http.interface"},
    Rule{"http.health"},
    Rule{"http.timeout"},
    Rule{"resources"},
    Rule{"resources.cpu"},
    Rule{"resources.memory"},
    Rule{"resources.gpu"},
    Rule{"scale"},
    Rule{"scale.min"},
    Rule{"scale.max"},
    Rule{"scale.concurrency"},
    Rule{"scale.idle"},
    Rule{"env"},
    Rule{"env.*"},
    Rule{"secrets"},
    Rule{"secrets.*", Answer::secret},
    Rule{"secrets.*.from", Answer::secret},
    Rule{"golden"},
    Rule{"golden.*"},
    Rule{"golden.*.request"},
    Rule{"golden.*.expect"},
    Rule{"golden.*.tolerance"},
    Rule{"metrics"},
    Rule{"metrics.from"},
    Rule{"hooks"},
    Rule{"hooks.pre-deploy"},
    Rule{"hooks.post-deploy"},
    Rule{"hooks.on-failure"},
    Rule{"rollout"},
    Rule{"rollout.strategy"},
    Rule{"rollout.steps"},
    Rule{"rollout.hold"},
    Rule{"rollout.gate"},
    Rule{"rollout.gate.errors"},
    Rule{"rollout.gate.p95"},
    Rule{"rollout.keep"},
    Rule{"rollout.warm"},
    Rule{"rollout.start-timeout"},
    Rule{"needs"},
    Rule{"targets"},
    Rule{"targets.*"},
    Rule{"targets.*.provider"},
    Rule{"targets.*.port"},
    Rule{"port"},
    Rule{"targets.**", Answer::refused,
         "it is a setting of another provider, and the local target has no such thing"},
};

// env.* may hold any text, dots included.
std::string_view plain(std::string_view field) { return field.starts_with("env.") ? "env.*" : field; }

std::optional<std::string> secret_refusal(std::string_view field, const Service& service) {
  for (const auto& [name, secret] : service.secrets) {
    const auto path = "secrets." + name;
    if (field != path && field != path + ".from") continue;
    if (secret.scheme == "env" || secret.scheme == "file") return std::nullopt;
    return "the local target cannot read " + secret.scheme +
           " secrets; for this target take the value from env: or file:";
  }
  return std::nullopt;
}

class LocalLimits final : public provider::Limits {
 public:
  explicit LocalLimits(SharedClient client) : client_(std::move(client)) {
    limits_[0].maximum = static_cast<double>(::sysconf(_SC_ARG_MAX)) / 2;
  }

  std::span<const provider::Limit> published() const override { return limits_; }

  std::optional<std::string> refuses(std::string_view field, const Service& service) const override {
    for (const auto& rule : rules) {
      if (!manifest::matches(rule.field, plain(field))) continue;
      switch (rule.answer) {
        case Answer::honoured:
          return std::nullopt;
        case Answer::refused:
          return std::string(rule.why);
        case Answer::secret:
          return secret_refusal(field, service);
      }
    }
    // An item of a list is honoured as the list is: "http.command.0".
    if (const auto list = manifest::list_of(field)) return refuses(*list, service);
    return "the local target does not know this field";
  }

  std::vector<manifest::Problem> examine(const Service& service) override {
    return examine_service(client_->options().home, service);
  }

  std::optional<std::uint64_t> memory() const override {
    const auto memory = memory_of_machine();
    if (memory <= 0) return std::nullopt;
    return static_cast<std::uint64_t>(memory);
  }

 private:
  SharedClient client_;
  std::array<provider::Limit, 3> limits_{
      provider::Limit{"env.bytes",
                      {},
                      {},
                      "Linux processes",
                      "execve(2), ARG_MAX halved for pointers and arguments",
                      "2026-11-24"},
      provider::Limit{"targets.*.port", 0, 65535, "TCP ports", "RFC 9293", "2026-11-24"},
      provider::Limit{"scale.concurrency", 1, 1000, "replicas behind the local gateway",
                      "the front's connection limit", "2026-11-24"},
  };
};

}  // namespace

std::unique_ptr<provider::Limits> make_limits(const SharedClient& client) {
  return std::make_unique<LocalLimits>(client);
}

}  // namespace mdl::local
