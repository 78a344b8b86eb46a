# mdl_runtime(providers/aws/runtime EMBED target): the program that goes into artifacts. It is built apart from everything else: static, small, for
# this processor and, with Debian's cross compiler, for arm64. Its parts are also a library, mdl_aws_runtime, for tests. The target's sources
# include "embedded/aws_runtime.hpp" and call mdl::embedded::aws_runtime(), files named by platform ("linux/amd64").
set(runtime_flags -std=c++23 -Os -fno-rtti -fno-plt -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -DNDEBUG -Wall -Wextra
    -Wno-missing-field-initializers)
set(runtime_link -static -s -Wl,--gc-sections -Wl,--build-id=none)
find_program(AARCH64_CXX aarch64-linux-gnu-g++)

# One command for all sources: the cross compiler is not the project's, and changes here are few.
function(mdl_runtime_program platform compiler output)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${compiler} ${runtime_flags} -I${PROJECT_SOURCE_DIR} ${ARGN} -o ${output} ${runtime_link}
    DEPENDS ${ARGN} ${runtime_headers}
    COMMENT "Building the runtime client for ${platform}"
    VERBATIM)
endfunction()

function(mdl_runtime folder)
  cmake_parse_arguments(ARG "" "EMBED" "" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.cpp)
  file(GLOB runtime_headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.hpp)
  set(shared ${PROJECT_SOURCE_DIR}/core/util/base64.cpp)

  set(parts ${sources})
  list(FILTER parts EXCLUDE REGEX "/main\\.cpp$")
  add_library(mdl_aws_runtime STATIC ${parts})
  target_link_libraries(mdl_aws_runtime PUBLIC mdl_settings mdl_core_util)

  set(here amd64)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
    set(here arm64)
  endif()
  set(programs ${PROJECT_BINARY_DIR}/runtime/${here})
  set(runtime_headers ${runtime_headers} PARENT_SCOPE)
  mdl_runtime_program(linux/${here} ${CMAKE_CXX_COMPILER} ${programs} ${sources} ${shared})
  if(here STREQUAL amd64 AND AARCH64_CXX)
    mdl_runtime_program(linux/arm64 ${AARCH64_CXX} ${PROJECT_BINARY_DIR}/runtime/arm64 ${sources} ${shared})
    list(APPEND programs ${PROJECT_BINARY_DIR}/runtime/arm64)
  endif()
  add_custom_target(runtime_programs ALL DEPENDS ${programs})

  # The assembler takes the bytes as they are: as text in C++ they would cost the compiler seconds.
  set(generated ${PROJECT_BINARY_DIR}/generated/embedded)
  set(parts "")
  set(entries "")
  foreach(program IN LISTS programs)
    get_filename_component(name ${program} NAME)
    string(APPEND parts "asm(\".section .rodata,\\\"a\\\"\\n.global mdl_runtime_${name}\\nmdl_runtime_${name}:\\n.incbin \\\"${program}\\\"\\n\"
    \".global mdl_runtime_${name}_end\\nmdl_runtime_${name}_end:\\n.previous\\n\");
extern \"C\" const char mdl_runtime_${name}[], mdl_runtime_${name}_end[];\n")
    string(APPEND entries "      {\"linux/${name}\", {mdl_runtime_${name}, static_cast<std::size_t>(mdl_runtime_${name}_end - mdl_runtime_${name})}, true},\n")
  endforeach()
  list(LENGTH programs count)
  file(CONFIGURE OUTPUT ${generated}/aws_runtime.hpp CONTENT "#pragma once\n
#include <span>\n
#include \"core/util/embedded.hpp\"\n
namespace mdl::embedded {
std::span<const EmbeddedFile> aws_runtime();
}  // namespace mdl::embedded\n")
  file(CONFIGURE OUTPUT ${generated}/aws_runtime.cpp CONTENT "#include \"embedded/aws_runtime.hpp\"\n
#include <array>\n
${parts}
namespace mdl::embedded {
std::span<const EmbeddedFile> aws_runtime() {
  static const std::array<EmbeddedFile, ${count}> files{{
${entries}  }};
  return files;
}
}  // namespace mdl::embedded\n" @ONLY)
  set_source_files_properties(${generated}/aws_runtime.cpp PROPERTIES OBJECT_DEPENDS "${programs}")
  target_sources(${ARG_EMBED} PRIVATE ${generated}/aws_runtime.cpp)
  set_source_files_properties(${generated}/aws_runtime.cpp PROPERTIES GENERATED TRUE)
endfunction()
