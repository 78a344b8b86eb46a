#include "core/engine/calls.hpp"

#include <algorithm>

namespace mdl::engine {

Calls::Calls(Environment& env, release::ServiceRef ref, std::string command, std::string manifest)
    : env_(env),
      run_{.id = env.run_id + "/" + ref.service,
           .ref = std::move(ref),
           .command = std::move(command),
           .manifest = std::move(manifest)} {}

void Calls::allow(std::vector<std::string> identities) { allowed_ = std::move(identities); }

void Calls::allow_all() { allowed_.reset(); }

Result<void> Calls::before(const std::string& identity) {
  std::lock_guard lock(mutex_);
  if (env_.interrupt.requested()) {
    Error error{.kind = ErrorKind::interrupted, .message = "interrupted before: " + identity};
    error.resource = identity;
    return fail(std::move(error));
  }
  if (allowed_ && std::ranges::find(*allowed_, identity) == allowed_->end()) {
    Error error{.kind = ErrorKind::conflict, .message = "the plan does not list this call: " + identity};
    error.resource = identity;
    return fail(std::move(error));
  }
  if (!begun_) {
    run_.started = env_.clock.now();
    run_.release = release_;
    MDL_CHECK(env_.journal.begin(run_));
    begun_ = true;
  }
  ++made_;
  return env_.journal.write(
      run_.id, {.phase = JournalEntry::Phase::before, .call = identity, .time = env_.clock.now()});
}

Result<void> Calls::after(const std::string& identity, const Error* error) {
  std::lock_guard lock(mutex_);
  JournalEntry entry{.phase = JournalEntry::Phase::after, .call = identity, .time = env_.clock.now()};
  if (error) {
    entry.phase = JournalEntry::Phase::failed;
    entry.detail = error->code.empty() ? std::string(to_string(error->kind)) : error->code;
  }
  return env_.journal.write(run_.id, entry);
}

void Calls::moved_from(const std::string& revision) {
  std::lock_guard lock(mutex_);
  passed_.insert(revision);
}

bool Calls::was_ours(const std::string& revision) const {
  std::lock_guard lock(mutex_);
  return passed_.contains(revision);
}

void Calls::finish() {
  std::lock_guard lock(mutex_);
  // A run whose end cannot be noted is found unfinished later and converges again, which changes nothing.
  if (begun_) (void)env_.journal.finish(run_.id);
}

}  // namespace mdl::engine
