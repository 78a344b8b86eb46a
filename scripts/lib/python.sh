# shellcheck shell=bash disable=SC2154 # project, cache: of common.sh
# Virtual environments of the scripts' own, kept in the cache. Sourced after common.sh.

# make_environment REQUIREMENTS: prints the folder of a virtual environment that has what the file asks for; makes it, with
# progress, when the cache does not have it.
make_environment() {
  local requirements=$1 folder
  folder=$cache/environments/$(environment_key "$requirements")
  if [ ! -e "$folder/.complete" ]; then
    rm -rf "$folder"
    mkdir -p "$(dirname "$folder")"
    step "Python packages of ${requirements#"$project"/}" install_environment "$folder" "$requirements"
  fi
  printf '%s\n' "$folder"
}

# By the requirements (with the files that they include) and the interpreter.
environment_key() {
  local folder
  folder=$(dirname "$1")
  { /usr/bin/python3 --version; cat "$1"; sed -n "s|^-r *|$folder/|p" "$1" | xargs -r cat; } | sha256sum | cut -c1-16
}

install_environment() {
  /usr/bin/python3 -m venv "$1" &&
    "$1/bin/python" -m pip install --progress-bar off --retries 5 -r "$2" &&
    touch "$1/.complete"
}
