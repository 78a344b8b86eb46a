#include "core/oci/unpacked.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <set>

#include "core/util/files.hpp"
#include "core/util/text.hpp"

namespace mdl::oci {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view interpreter = "#!/usr/bin/env python3\n";

std::unexpected<Error> not_changed(const std::string& path, const std::error_code& error) {
  return fail(Error{.kind = ErrorKind::failed,
                    .message = fmt::format("'{}' could not be brought into its final form", path),
                    .quoted = error.message(),
                    .resource = path});
}

// What tells about the installing, not about the package.
bool is_left_out(const fs::path& path) {
  const auto name = path.filename().string();
  if (name == "__pycache__" || path.extension() == ".pyc") return true;
  if (path.parent_path().extension() != ".dist-info") return false;
  return name == "INSTALLER" || name == "REQUESTED" || name == "direct_url.json" || name.starts_with("uv_");
}

Result<void> remove_left_out(const std::string& folder) {
  std::vector<fs::path> left_out{fs::path(folder) / ".lock"};
  std::error_code error;
  for (auto it = fs::recursive_directory_iterator(folder, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error))
    if (is_left_out(it->path())) {
      left_out.push_back(it->path());
      it.disable_recursion_pending();
    }
  for (const auto& path : left_out)
    if (!error) fs::remove_all(path, error);
  return error ? not_changed(folder, error) : Result<void>();
}

// "name = package.module:object.attribute [extra]" of entry_points.txt → the program's text; "" for other
// lines.
std::string program_text(std::string_view target) {
  target = trimmed(target.substr(0, target.find('[')));
  const auto colon = target.find(':');
  if (colon == std::string_view::npos) return {};
  const auto object = trimmed(target.substr(colon + 1));
  return fmt::format("{}import sys\n\nfrom {} import {}\n\nsys.exit({}())\n", interpreter,
                     trimmed(target.substr(0, colon)), object.substr(0, object.find('.')), object);
}

Result<void> write_programs(const std::string& folder, const std::string& info) {
  const auto text = read_file(info + "/entry_points.txt", 1u << 20);
  if (!text)
    return text.error().kind == ErrorKind::not_found ? Result<void>() : std::unexpected(text.error());
  bool programs = false;
  for (const auto raw : split(*text, '\n')) {
    const auto line = trimmed(raw);
    if (line.starts_with('[')) programs = line == "[console_scripts]" || line == "[gui_scripts]";
    const auto equals = line.find('=');
    if (!programs || line.starts_with('[') || line.starts_with('#') || equals == std::string_view::npos)
      continue;
    const auto name = trimmed(line.substr(0, equals));
    const auto program = program_text(line.substr(equals + 1));
    if (name.empty() || name.find('/') != std::string_view::npos || program.empty()) continue;
    MDL_CHECK(write_file(fmt::format("{}/bin/{}", folder, name), program, 0755));
  }
  return {};
}

// Scripts that a wheel brings begin with "#!python", which the installer has replaced by a path of this
// machine; a long one by two lines that start it through sh.
Result<void> correct_script(const std::string& path) {
  MDL_TRY(const auto text, read_file(path));
  if (!text.starts_with("#!")) return {};
  auto end = text.find('\n');
  if (text.starts_with("#!/bin/sh\n'''exec' "))
    end = text.find("\n' '''\n") + 6;
  else if (text.substr(0, end).find("python") == std::string::npos)
    return {};
  if (end >= text.size()) return {};
  return write_file(path, std::string(interpreter) + text.substr(end + 1), 0755);
}

Result<void> correct_scripts(const std::string& folder) {
  std::error_code error;
  std::vector<std::string> scripts;
  for (const auto& entry : fs::directory_iterator(folder + "/bin", error))
    if (entry.is_regular_file() && entry.file_size() < (1u << 20)) scripts.push_back(entry.path());
  for (const auto& path : scripts) MDL_CHECK(correct_script(path));
  return {};
}

// The path of a line "path,sha256=…,bytes"; one with a comma is in quotes.
std::string recorded_path(std::string_view line) {
  if (!line.starts_with('"')) return std::string(line.substr(0, line.find(',')));
  return std::string(line.substr(1, line.find('"', 1) - 1));
}

Result<void> correct_record(const std::string& folder, const std::string& info) {
  const auto path = info + "/RECORD";
  const auto text = read_file(path);
  if (!text)
    return text.error().kind == ErrorKind::not_found ? Result<void>() : std::unexpected(text.error());
  std::set<std::string> lines;
  for (const auto raw : split(*text, '\n')) {
    const auto line = trimmed(raw);
    auto file = recorded_path(line);
    // Where programs lie differs between installers, and their bytes are other ones now.
    if (const auto bin = file.rfind("../bin/"); bin != std::string::npos) file.erase(0, bin + 3);
    if (file.empty() || !exists(folder + "/" + file)) continue;
    if (file.starts_with("bin/"))
      lines.insert(file + ",,");
    else if (!file.starts_with('/') && !file.starts_with(".."))
      lines.insert(std::string(line));
  }
  return write_file(path, join({lines.begin(), lines.end()}, "\n") + "\n");
}

// "Name: flask" of METADATA.
std::string field(std::string_view metadata, std::string_view name) {
  for (const auto line : split(metadata.substr(0, metadata.find("\n\n")), '\n'))
    if (line.starts_with(name)) return std::string(trimmed(line.substr(name.size())));
  return {};
}

}  // namespace

Result<std::vector<Package>> normalize_packages(const std::string& folder) {
  MDL_CHECK(remove_left_out(folder));
  MDL_CHECK(correct_scripts(folder));
  std::vector<std::string> infos;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.path().extension() == ".dist-info") infos.push_back(entry.path());
  if (error) return not_changed(folder, error);
  std::vector<Package> packages;
  for (const auto& info : infos) {
    MDL_CHECK(write_programs(folder, info));
    MDL_CHECK(correct_record(folder, info));
    MDL_TRY(const auto metadata, read_file(info + "/METADATA"));
    packages.push_back({.name = field(metadata, "Name:"), .version = field(metadata, "Version:")});
  }
  std::ranges::sort(packages, {}, &Package::name);
  return packages;
}

}  // namespace mdl::oci
