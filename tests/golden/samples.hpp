#pragma once

#include "core/engine/engine.hpp"

// Values that several golden tests show.
namespace samples {

using mdl::Milliseconds;

// 2026-11-24T11:03:11.204Z
inline mdl::Time now() { return mdl::Time(std::chrono::milliseconds(1'795'518'191'204)); }
inline mdl::Time ago(std::chrono::seconds age) { return now() - age; }

inline mdl::release::Record record(int number, mdl::release::State state) {
  mdl::release::Record record;
  record.number = record.runs = number;
  record.state = state;
  record.artifact = "3f9a7710aa0e4d3c8a2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e0f";
  record.config = "c0ffee10aa0e4d3c8a2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e0f";
  record.author = {.name = "ci 412", .commit = "9b7e001d2c3b4a5968778695a4b3c2d1e0f9a8b7"};
  record.created = ago(std::chrono::hours(1));
  record.how = "deploy";
  return record;
}

inline mdl::engine::Outcome outcome() {
  mdl::engine::Outcome outcome;
  outcome.ref = {.service = "credit-risk", .target = "local"};
  outcome.url = "http://127.0.0.1:8400";
  outcome.duration = Milliseconds{1712};
  return outcome;
}

}  // namespace samples
