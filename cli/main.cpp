#include <cstdio>

int main() {
  std::puts("mdl " MDL_VERSION);
  return 0;
}
