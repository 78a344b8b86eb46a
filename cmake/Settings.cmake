# Compiler, warnings and sanitizers, as one interface target that every module links.
add_library(mdl_settings INTERFACE)
target_include_directories(mdl_settings INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)
target_compile_options(mdl_settings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Werror
  $<$<CXX_COMPILER_ID:GNU>:-Wno-missing-field-initializers -Wno-maybe-uninitialized -Wno-restrict>
  $<$<CXX_COMPILER_ID:Clang>:-Wno-error>)
target_compile_definitions(mdl_settings INTERFACE MDL_VERSION="${PROJECT_VERSION}")

set(MDL_SANITIZE "" CACHE STRING "address,undefined or thread")
if(MDL_SANITIZE)
  target_compile_options(mdl_settings INTERFACE -fsanitize=${MDL_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(mdl_settings INTERFACE -fsanitize=${MDL_SANITIZE})
endif()
if(MDL_FUZZ)
  target_compile_options(mdl_settings INTERFACE -fsanitize=fuzzer-no-link)
elseif(MDL_SANITIZE MATCHES "undefined")
  # What is found ends the program, so that no test passes over it. Not the check of types behind pointers: it asks the system with
  # a pipe what can be read, and finds fault with everything in a process that has no descriptors left.
  target_compile_options(mdl_settings INTERFACE -fno-sanitize-recover=undefined -fno-sanitize=vptr)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  # With a base folder and without hashing the build folder, a clean clone elsewhere hits the cache too.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  target_link_options(mdl_settings INTERFACE -fuse-ld=mold)
endif()
