#pragma once

#include <curl/curl.h>

#include "core/util/error.hpp"

namespace mdl::http {

// The functions of libcurl that are used, found when the library is loaded. The package's header gives their
// types.
struct CurlLibrary {
  decltype(&::curl_global_init) global_init = nullptr;
  decltype(&::curl_easy_init) easy_init = nullptr;
  decltype(&::curl_easy_setopt) easy_setopt = nullptr;
  decltype(&::curl_easy_perform) easy_perform = nullptr;
  decltype(&::curl_easy_getinfo) easy_getinfo = nullptr;
  decltype(&::curl_easy_reset) easy_reset = nullptr;
  decltype(&::curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&::curl_easy_strerror) easy_strerror = nullptr;
  decltype(&::curl_slist_append) slist_append = nullptr;
  decltype(&::curl_slist_free_all) slist_free_all = nullptr;
};

// Loads and initialises libcurl; it stays loaded. Errors: unavailable, code "other", when it is not there or
// too old.
Result<CurlLibrary> load_curl();

}  // namespace mdl::http
