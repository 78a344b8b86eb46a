#pragma once

#include "core/manifest/fields.hpp"

// What texts must look like.
namespace mdl::manifest::rules {

extern const Rule name;        // of services and targets
extern const Rule path;        // relative, without ".."
extern const Rule url_path;    // "/healthz"
extern const Rule entry;       // "src.app:app"
extern const Rule handler;     // "lambda_function.lambda_handler"
extern const Rule version;     // "3.11"
extern const Rule image;       // "registry.example/x@sha256:…"
extern const Rule model_from;  // "hf://…", "https://…"
extern const Rule sha256;
extern const Rule secret;    // "aws-secrets:prod/db"
extern const Rule variable;  // names of environment variables
extern const Rule word;      // no spaces, not empty

// The schemes of secrets, without the colon.
std::span<const std::string_view> secret_schemes();

}  // namespace mdl::manifest::rules
