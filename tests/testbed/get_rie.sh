#!/usr/bin/env bash
# Brings the Lambda Runtime Interface Emulator, which AWS publishes inside its command line for local development, into the cache of the
# tests: tests/integration/aws_rie_test.py runs under it.
set -euo pipefail
target=${MDL_DEV_CACHE:-${HOME:-/root}/.cache/mdl-dev}/aws
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$target"
pip download --quiet --no-deps --dest "$work" aws-sam-cli==1.170.0
unzip -q -j -o "$work"/*.whl 'samcli/local/rapid/aws-lambda-rie-*' -d "$target"
chmod +x "$target"/aws-lambda-rie-*
