#include "providers/local/gpus.hpp"

#include <algorithm>
#include <array>
#include <dlfcn.h>
#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <optional>

#include "core/util/files.hpp"
#include "core/util/text.hpp"

namespace mdl::local {

namespace {

using manifest::Problem;
using manifest::Service;
using manifest::Severity;

// The value of a line "GPU UUID:     GPU-8f6a…".
std::string value_of(const std::string& text, std::string_view name) {
  for (const auto line : split(text, '\n')) {
    if (!line.starts_with(name)) continue;
    auto value = line.substr(name.size());
    value.remove_prefix(std::min(value.find_first_not_of(" \t:"), value.size()));
    return std::string(value.substr(0, value.find_last_not_of(" \t\r") + 1));
  }
  return {};
}

// One file a device, below the number of its bus: their order is CUDA's with CUDA_DEVICE_ORDER=PCI_BUS_ID.
std::vector<Gpu> of_driver(const std::string& root) {
  std::error_code error;
  std::vector<std::string> folders;
  for (const auto& entry : std::filesystem::directory_iterator(root + "/proc/driver/nvidia/gpus", error))
    folders.push_back(entry.path().string());
  std::ranges::sort(folders);
  std::vector<Gpu> found;
  for (std::size_t index = 0; index < folders.size(); ++index) {
    const auto text = read_file(folders[index] + "/information");
    if (!text) continue;
    const auto minor = value_of(*text, "Device Minor");
    if (!minor.empty() && !exists(root + "/dev/nvidia" + minor)) continue;  // not given to this container
    const auto uuid = value_of(*text, "GPU UUID");
    const bool known = uuid.starts_with("GPU-") && uuid.find('?') == std::string::npos;
    found.push_back({.id = known ? uuid : std::to_string(index), .name = value_of(*text, "Model")});
  }
  return found;
}

std::vector<Gpu> of_nodes(const std::string& root) {
  std::map<std::int64_t, Gpu> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(root + "/dev", error)) {
    const auto name = entry.path().filename().string();
    if (!name.starts_with("nvidia")) continue;
    if (const auto minor = parse_integer(std::string_view(name).substr(6)))
      found[*minor] = {.id = std::to_string(*minor), .name = {}};
  }
  std::vector<Gpu> all;
  for (auto& [minor, gpu] : found) all.push_back(std::move(gpu));
  return all;
}

// The few functions of NVML that are needed; each returns 0 when it did.
struct Nvml {
  explicit Nvml(const std::string& file) : library(::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    load("nvmlInit_v2", start);
    load("nvmlShutdown", stop);
    load("nvmlDeviceGetCount_v2", count);
    load("nvmlDeviceGetHandleByIndex_v2", device);
    load("nvmlDeviceGetUUID", uuid);
    load("nvmlDeviceGetName", name);
  }
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;
  ~Nvml() {
    if (library) ::dlclose(library);
  }
  template <class Function>
  void load(const char* symbol, Function& function) {
    function = library ? reinterpret_cast<Function>(::dlsym(library, symbol)) : nullptr;
    complete = complete && function;
  }

  void* library;
  bool complete = true;
  int (*start)() = nullptr;
  int (*stop)() = nullptr;
  int (*count)(unsigned*) = nullptr;
  int (*device)(unsigned, void**) = nullptr;
  int (*uuid)(void*, char*, unsigned) = nullptr;
  int (*name)(void*, char*, unsigned) = nullptr;
};

std::vector<Gpu> of_nvml(const std::string& file) {
  std::vector<Gpu> found;
  if (file.empty()) return found;
  const Nvml nvml(file);
  if (!nvml.complete || nvml.start() != 0) return found;
  unsigned count = 0;
  if (nvml.count(&count) != 0) count = 0;
  for (unsigned index = 0; index < count; ++index) {
    void* device = nullptr;
    std::array<char, 128> uuid{}, name{};
    if (nvml.device(index, &device) != 0) continue;
    const bool known = nvml.uuid(device, uuid.data(), uuid.size() - 1) == 0;
    if (nvml.name(device, name.data(), name.size() - 1) != 0) name[0] = 0;
    found.push_back({.id = known ? uuid.data() : std::to_string(index), .name = name.data()});
  }
  nvml.stop();
  return found;
}

// Numbers and (beginnings of) UUIDs, as CUDA reads them: what is behind the first that names no device is
// ignored.
std::vector<Gpu> only(const std::vector<Gpu>& devices, const std::string& visible) {
  std::vector<Gpu> kept;
  for (const auto word : split(visible, ',')) {
    const auto index = parse_integer(word);
    const auto found = std::ranges::find_if(devices, [&](const Gpu& gpu) {
      if (index) return *index == &gpu - devices.data();
      return word.starts_with("GPU-") && gpu.id.starts_with(word);
    });
    if (found == devices.end()) break;
    if (std::ranges::find(kept, *found) == kept.end()) kept.push_back(*found);
  }
  return kept;
}

std::string devices_text(std::size_t count) {
  return count == 0 ? "no NVIDIA GPU" : counted(count, "NVIDIA GPU");
}

Problem problem(const Service& service, Severity severity, std::string field, std::string message) {
  Problem out{.severity = severity, .field = field, .message = field + ": " + std::move(message)};
  out.where = service.source_of(field);
  return out;
}

}  // namespace

GpuSources gpu_sources() { return {.root = {}, .visible = environment("CUDA_VISIBLE_DEVICES")}; }

std::vector<Gpu> find_gpus(const GpuSources& sources) {
  auto found = of_driver(sources.root);
  if (found.empty()) found = of_nvml(sources.nvml);
  if (found.empty()) found = of_nodes(sources.root);
  return sources.visible.empty() ? found : only(found, sources.visible);
}

std::vector<Problem> gpu_problems(const Service& service, const std::vector<Gpu>& devices) {
  const int each = service.resources.gpu, there = static_cast<int>(devices.size());
  if (each == 0) return {};
  if (!service.build.dockerfile.empty())
    return {problem(
        service, Severity::certain, "resources.gpu",
        "the local target gives devices to processes, not to containers; leave build.dockerfile out for it")};
  const auto has = "this machine has " + devices_text(devices.size());
  if (there < each)
    return {problem(
        service, Severity::certain, "resources.gpu",
        fmt::format("a replica needs {}, and {}", devices_text(static_cast<std::size_t>(each)), has))};
  const int most = there / each;
  const auto few = fmt::format("with {} GPU{} each, at most {} can run: {}", each, each == 1 ? "" : "s",
                               most == 1 ? "one replica" : fmt::format("{} replicas", most), has);
  if (service.scale.min > most) return {problem(service, Severity::certain, "scale.min", few)};
  if (service.scale.max > most) return {problem(service, Severity::likely, "scale.max", few)};
  return {};
}

}  // namespace mdl::local
