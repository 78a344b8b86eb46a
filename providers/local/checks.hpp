#pragma once

#include <vector>

#include "core/provider/provider.hpp"
#include "providers/local/client.hpp"
#include "providers/local/gpus.hpp"

namespace mdl::local {

// What only this machine can tell about a service before it is built: interpreter, installer, secrets, the
// entry's file, memory, cores, GPUs, the port. Starts no supervisor and changes nothing.
std::vector<manifest::Problem> examine_service(const Home& home, const manifest::Service& service,
                                               const std::vector<Gpu>& devices = find_gpus());

// The same for `mdl doctor`, good news included, and whether the supervisor answers and the disk has room.
std::vector<provider::Inspect::Check> doctor_checks(const SupervisorClient& client,
                                                    const manifest::Service& service);

// The file that an entry ("src.app:app") or a handler ("pkg/mod.handler") is imported from: src/app.py or
// src/app/__init__.py. Returns the first of these as it should be called when neither is there.
std::string module_file(const manifest::Service& service);

}  // namespace mdl::local
