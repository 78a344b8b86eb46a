# Libraries from the distribution's packages. libcurl and libgit2 give their headers only: they are loaded when first used, so that
# commands that need neither start fast (docs/decisions/0002).
find_package(PkgConfig REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
# Static, so that the bytes of a zip depend on this program alone (docs/decisions/0008).
set(ZLIB_USE_STATIC_LIBS ON)
find_package(ZLIB REQUIRED)
pkg_check_modules(curl REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(git2 REQUIRED IMPORTED_TARGET libgit2)

add_library(mdl_beast INTERFACE)
target_link_libraries(mdl_beast INTERFACE Boost::headers Threads::Threads)
target_compile_definitions(mdl_beast INTERFACE
  BOOST_ASIO_DISABLE_THREADS BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION)
