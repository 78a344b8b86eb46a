#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mdl::oci {

enum class DetectedKind { nothing, entry, handler, command, dockerfile };

struct DetectedModel {
  std::string path;  // relative; of a folder: ends in '/'
  int files = 0;
  std::uint64_t bytes = 0;
};

// What a folder with code seems to hold: where `mdl init` starts from. Every path is relative to the folder.
struct Detected {
  DetectedKind kind = DetectedKind::nothing;
  std::string file;     // that the kind was read from: "app.py", "lambda_function.py", "Procfile"
  std::string entry;    // "src.app:app"
  std::string handler;  // "lambda_function.lambda_handler"
  std::vector<std::string> command;  // ["npm", "start"]; ["sh", "-c", …] when the line needs a shell
  std::string framework;  // "Flask", "FastAPI", "Django", …; of a plain one "WSGI" or "ASGI"; may be empty
  std::string interface;  // of an entry: "wsgi", "asgi", or "auto" when the text does not say
  std::string health;     // a health path that the code answers: "/healthz"; empty: none was seen
  bool dockerfile = false;           // there is one, whatever the kind
  int port = 0;                      // that the Dockerfile exposes; 0: none
  std::string requirements;          // "requirements.txt", "pyproject.toml"; empty: none
  std::string python;                // "3.11", from .python-version or runtime.txt; empty: not stated
  std::vector<DetectedModel> model;  // the largest first

  // "Found app.py (Flask application 'app'), requirements.txt, weights/ (3 files, 1.2 GB)."
  std::string sentence() const;
};

// Reads the texts by simple rules and runs nothing. What cannot be read is as if it were not there. An
// application object comes before a handler, that before a Procfile's web line, a package.json's start script
// and a Dockerfile.
Detected detect(const std::string& folder);

}  // namespace mdl::oci
