#include "core/http/curl_library.hpp"

#include <dlfcn.h>

namespace mdl::http {

namespace {

std::unexpected<Error> load_error(const char* words) {
  return fail(Error{.kind = ErrorKind::unavailable,
                    .message = "libcurl cannot be loaded",
                    .code = "other",
                    .quoted = words ? words : "",
                    .resource = "libcurl.so.4"});
}

template <class Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, name));
  return function != nullptr;
}

}  // namespace

Result<CurlLibrary> load_curl() {
  void* library = ::dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  if (!library) return load_error(::dlerror());
  CurlLibrary curl;
  const bool complete = find(library, "curl_global_init", curl.global_init) &&
                        find(library, "curl_easy_init", curl.easy_init) &&
                        find(library, "curl_easy_setopt", curl.easy_setopt) &&
                        find(library, "curl_easy_perform", curl.easy_perform) &&
                        find(library, "curl_easy_getinfo", curl.easy_getinfo) &&
                        find(library, "curl_easy_reset", curl.easy_reset) &&
                        find(library, "curl_easy_cleanup", curl.easy_cleanup) &&
                        find(library, "curl_easy_strerror", curl.easy_strerror) &&
                        find(library, "curl_slist_append", curl.slist_append) &&
                        find(library, "curl_slist_free_all", curl.slist_free_all);
  if (!complete) return load_error(::dlerror());
  if (curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return load_error("curl_global_init failed");
  return curl;
}

}  // namespace mdl::http
