# shellcheck shell=bash
# What all scripts share; to be sourced. Leaves us in the root of the clone.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD

# SwiftPM, pip and others keep caches at home: without a home they get one of their own.
if [ -z "${HOME:-}" ]; then
    export HOME="$root/.build/home"
    mkdir -p "$HOME"
fi
export LC_ALL=C.UTF-8
# Debian's python3, for which python3-venv is made, before any other.
if [ -x /usr/bin/python3 ]; then python=/usr/bin/python3; else python=python3; fi
export python

# Makes the release binary, .build/release/tdr, with the Swift runtime inside.
build_release() { swift build -c release --static-swift-stdlib --product tdr "$@"; }

# Makes .build/venv with what tests ask for a second opinion: scripts/test-requirements.txt says what each is for.
bagit_venv() {
    local wanted=scripts/test-requirements.txt
    if cmp -s "$wanted" .build/venv/made-of; then return; fi
    rm -rf .build/venv
    "$python" -m venv .build/venv
    .build/venv/bin/python -m pip --quiet --disable-pip-version-check install -r "$wanted"
    # Only the published METS schema in it is used: its own dependencies are left out.
    .build/venv/bin/python -m pip --quiet --disable-pip-version-check install --no-deps eark-validator==1.1.3
    cp "$wanted" .build/venv/made-of
}

# Makes .build/venv-bench with siegfried (pygfried 0.15.1 is siegfried 1.11.4 with PRONOM V122), which we measure
# ourselves against.
bench_venv() {
    if .build/venv-bench/bin/python -c 'import pygfried' 2>/dev/null; then return; fi
    rm -rf .build/venv-bench
    "$python" -m venv .build/venv-bench
    .build/venv-bench/bin/python -m pip --quiet --disable-pip-version-check install pygfried==0.15.1
}

# The seconds since the script began, as "12 min 3 s".
elapsed() {
    if [ "$SECONDS" -lt 60 ]; then echo "$SECONDS s"; else echo "$((SECONDS / 60)) min $((SECONDS % 60)) s"; fi
}
