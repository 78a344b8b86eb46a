# shellcheck shell=bash disable=SC2154 # project, cache: of common.sh
# Installs Debian packages of lib/packages. Sourced after common.sh.

# need_packages GROUP…: installs those packages of the groups that are missing, without a question.
need_packages() {
  local missing
  missing=$(missing_packages "$@")
  [ -n "$missing" ] || return 0
  command -v apt-get >/dev/null || die "this needs Debian's apt-get, or install by other means: $missing"
  say "Missing Debian packages: $missing"
  # Asked now, if at all: a prompt would be lost in the output of a step.
  [ "$(id -u)" = 0 ] || sudo -v || die "installing packages needs root or sudo"
  step "apt-get update" as_root apt-get -q -o Acquire::Retries=3 update
  # shellcheck disable=SC2086 # one word a package
  step "apt-get install" install_packages $missing
}

# Boost alone is 15,000 small files: one sync at the end instead of one a file takes a tenth of the time.
install_packages() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends -o Acquire::Retries=3 \
    -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-unsafe-io install "$@" && sync
}

missing_packages() {
  local group packages installed
  for group in "$@"; do
    packages+=" $(awk -v group="$group" '$1 == group { print $2 }' "$project/scripts/lib/packages" | xargs)"
  done
  # shellcheck disable=SC2086
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $packages 2>/dev/null | awk '$1 == "installed" { print $2 }')
  # shellcheck disable=SC2086
  comm -23 <(printf '%s\n' $packages | sort -u) <(sort -u <<<"$installed") | xargs
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}
