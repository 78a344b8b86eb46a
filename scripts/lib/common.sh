# shellcheck shell=bash disable=SC2034 # project is for those that source it
# What the scripts share: where things are kept, and steps that show their progress. Sourced.

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${MDL_DEV_CACHE:-${HOME:-/root}/.cache/mdl-dev}
export MDL_DEV_CACHE=$cache PIP_CACHE_DIR=$cache/pip PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
mkdir -p "$cache/logs"

say() { printf '%s\n' "$*" >&2; }
die() { say "$(basename "$0"): $*"; exit 1; }

# step TITLE COMMAND…: runs the command with its output in a log. While it runs its last line shows: on a terminal in place,
# otherwise every ten seconds on a line of its own. When it fails the end of the log is shown and the script ends.
step() {
  local title=$1 log begun pid status=0
  shift
  log=$cache/logs/$(basename "$0")-$(tr -cs 'a-zA-Z0-9' - <<<"$title").log
  begun=$SECONDS
  say "== $title"
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  watch_log "$pid" "$log" "$begun"
  wait "$pid" || status=$?
  if [ "$status" != 0 ]; then
    tail -n 40 "$log" >&2
    die "$title: failed with status $status; all of its output is in $log"
  fi
  say "   done in $((SECONDS - begun)) s"
}

# Shows the last line of a log until its process ends.
watch_log() {
  local pid=$1 log=$2 begun=$3 shown=$3 line
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.2
    line=$(tail -n 1 "$log" | tr -d '\r' | cut -c1-100)
    if [ -t 2 ]; then
      printf '\r\033[K   %4d s  %s' $((SECONDS - begun)) "$line" >&2
    elif [ $((SECONDS - shown)) -ge 10 ]; then
      shown=$SECONDS
      say "   $((SECONDS - begun)) s  $line"
    fi
  done
  if [ -t 2 ]; then printf '\r\033[K' >&2; fi
}
