#!/usr/bin/env bash
# Makes Sources/CPages/assets/sha256.wasm, with which the upload page computes checksums, by the clang of the Swift
# toolchain. The result is kept in the repository: to be run after a change of Sources/CPages/wasm/sha256.c.
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

clang=$(dirname "$(readlink -f "$(command -v swift)")")/clang
"$clang" --target=wasm32 -std=c2x -O3 -nostdlib -ffreestanding -Wall -Wextra -Werror \
    -Wl,--no-entry -Wl,--strip-all -Wl,-z,stack-size=4096 \
    -o Sources/CPages/assets/sha256.wasm Sources/CPages/wasm/sha256.c
