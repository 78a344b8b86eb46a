# mdl_embed(mdl_cli templates ${PROJECT_SOURCE_DIR}/templates): puts the folder's files into the target. Its sources include
# "embedded/templates.hpp" and call mdl::embedded::templates(), a span of EmbeddedFile sorted by path.
if(CMAKE_SCRIPT_MODE_FILE)
  # Run by the build: writes OUTPUT from the files of FOLDER.
  file(GLOB_RECURSE files RELATIVE ${FOLDER} ${FOLDER}/*)
  list(FILTER files EXCLUDE REGEX "(^|/)(__pycache__|\\.venv)/|\\.pyc$")
  list(SORT files)
  set(entries "")
  set(count 0)
  foreach(file IN LISTS files)
    file(READ "${FOLDER}/${file}" bytes HEX)
    string(LENGTH "${bytes}" length)
    math(EXPR length "${length} / 2")
    string(REGEX REPLACE "(..)" "\\\\x\\1" bytes "${bytes}")
    execute_process(COMMAND test -x "${FOLDER}/${file}" RESULT_VARIABLE plain)
    if(plain EQUAL 0)
      set(executable true)
    else()
      set(executable false)
    endif()
    string(APPEND entries "    {\"${file}\", std::string_view(\"${bytes}\", ${length}), ${executable}},\n")
    math(EXPR count "${count} + 1")
  endforeach()
  file(WRITE ${OUTPUT} "#include \"embedded/${NAME}.hpp\"\n
#include <array>\n
namespace mdl::embedded {
namespace {
constexpr std::array<EmbeddedFile, ${count}> files{{
${entries}}};
}  // namespace
std::span<const EmbeddedFile> ${NAME}() { return files; }
}  // namespace mdl::embedded\n")
  return()
endif()

set(MDL_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

function(mdl_embed target name folder)
  set(generated ${PROJECT_BINARY_DIR}/generated/embedded)
  file(CONFIGURE OUTPUT ${generated}/${name}.hpp CONTENT "#pragma once\n
#include <span>\n
#include \"core/util/embedded.hpp\"\n
namespace mdl::embedded {
std::span<const EmbeddedFile> ${name}();
}  // namespace mdl::embedded\n")
  file(GLOB_RECURSE files CONFIGURE_DEPENDS ${folder}/*)
  list(FILTER files EXCLUDE REGEX "/(__pycache__|\\.venv)/|\\.pyc$")
  # The list itself is a dependency too: a removed file changes it.
  string(SHA256 listed "${files}")
  add_custom_command(
    OUTPUT ${generated}/${name}.cpp
    COMMAND ${CMAKE_COMMAND} -D NAME=${name} -D FOLDER=${folder} -D OUTPUT=${generated}/${name}.cpp -D LISTED=${listed}
            -P ${MDL_EMBED_SCRIPT}
    DEPENDS ${files} ${MDL_EMBED_SCRIPT}
    COMMENT "Embedding ${name}"
    VERBATIM)
  target_sources(${target} PRIVATE ${generated}/${name}.cpp)
endfunction()
