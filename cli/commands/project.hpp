#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands/report.hpp"
#include "core/manifest/load.hpp"
#include "core/release/record.hpp"

namespace mdl::cli {

// The manifest's services that a command is about, resolved for the target, in the order in which they
// deploy.
struct Selection {
  manifest::Project project;
  std::vector<manifest::Service> services;
};

manifest::LoadOptions load_options(const Context& context, const Arguments& arguments);
// The file named by --file, else mdl.yaml here.
std::string manifest_path(const Arguments& arguments);

// Those that -s names, else all. The target is the one of -t unless another is given.
std::expected<Selection, Report> select(const Context& context, const Arguments& arguments,
                                        const std::optional<std::string>& target = std::nullopt);

// Exactly one service; wrong usage (exit 2) when several are chosen.
std::expected<Selection, Report> select_single(const Context& context, const Arguments& arguments);

release::ServiceRef ref_of(const manifest::Service& service);

}  // namespace mdl::cli
