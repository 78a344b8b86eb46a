#include <cstdio>

// NVML with two devices, the second of which does not tell its UUID.
extern "C" {

int nvmlInit_v2() { return 0; }
int nvmlShutdown() { return 0; }

int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = 2;
  return 0;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  static int devices[2] = {0, 1};
  *device = &devices[index];
  return 0;
}

int nvmlDeviceGetUUID(void* device, char* uuid, unsigned size) {
  const int index = *static_cast<int*>(device);
  if (index == 1) return 3;  // not supported
  std::snprintf(uuid, size, "GPU-nvml-%d", index);
  return 0;
}

int nvmlDeviceGetName(void* device, char* name, unsigned size) {
  std::snprintf(name, size, "Fake %d", *static_cast<int*>(device));
  return 0;
}
}
