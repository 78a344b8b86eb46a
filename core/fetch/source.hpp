#pragma once

#include <string>
#include <string_view>

#include "core/util/error.hpp"

// Weights that a manifest names by `from`: where they are, what they are before a byte is fetched, and the
// fetching.
namespace mdl::fetch {

// A file at a hub, as hf://organisation/repository[@revision]/file names it.
struct HubFile {
  std::string repository;         // "org/name"
  std::string revision = "main";  // a branch, a tag, a commit, or refs/pr/1
  std::string file;               // "sub/base.gguf"

  bool pinned() const;  // the revision is a commit: what it names never changes
  std::string url(const std::string& endpoint,
                  std::string_view at) const;    // of the file at the revision `at`
  std::string shown(std::string_view at) const;  // "hf://org/name@revision/file"
};

// Errors: invalid.
Result<HubFile> parse_hub(std::string_view from);

// How the hub is reached: HF_ENDPOINT and the token that its own tools use.
struct Hub {
  std::string endpoint = "https://huggingface.co";
  std::string token;  // a secret; empty: none

  // HF_ENDPOINT; HF_TOKEN (also HUGGING_FACE_HUB_TOKEN), else the file HF_TOKEN_PATH, $HF_HOME/token or
  // ~/.cache/huggingface/token, which `hf auth login` writes. HF_HUB_DISABLE_IMPLICIT_TOKEN leaves the files
  // aside.
  static Hub from_environment();
};

}  // namespace mdl::fetch
