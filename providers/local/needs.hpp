#pragma once

#include "core/manifest/service.hpp"
#include "providers/local/container.hpp"

// What a service is run with on this machine.
namespace mdl::local {

// Behind the Python front: its entry or handler. A container brings its own server.
inline bool served_by_front(const manifest::Service& service) {
  return !runs_in_container(service) && !(service.http.entry.empty() && service.http.handler.empty());
}

// In an environment with an interpreter.
inline bool uses_python(const manifest::Service& service) {
  return served_by_front(service) || (!runs_in_container(service) &&
                                      !(service.build.requirements.empty() && service.build.python.empty()));
}

}  // namespace mdl::local
