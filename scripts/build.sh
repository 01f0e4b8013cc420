#!/usr/bin/env bash
# Builds .build/release/tdr, installing what that needs. Arguments go to `swift build`.
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

scripts/setup.sh build
build_release "$@"
