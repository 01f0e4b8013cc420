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
    # Only the published METS schema in the last is used: its own dependencies are left out.
    venv .build/venv scripts/test-requirements.txt --no-deps eark-validator==1.1.3
}

# Makes a virtual environment of a list of requirements, unless it was made of the same; what follows is installed apart.
venv() {
    local place=$1 wanted=$2
    shift 2
    if cmp -s "$wanted" "$place/made-of"; then return; fi
    rm -rf "$place"
    "$python" -m venv "$place"
    "$place/bin/python" -m pip --quiet --disable-pip-version-check install -r "$wanted"
    if [ $# -gt 0 ]; then "$place/bin/python" -m pip --quiet --disable-pip-version-check install "$@"; fi
    cp "$wanted" "$place/made-of"
}

# Makes .build/venv-bench with what we measure ourselves against: Benchmarks/requirements.txt says what each is for.
bench_venv() { venv .build/venv-bench Benchmarks/requirements.txt; }

# The seconds since the script began, as "12 min 3 s".
elapsed() {
    if [ "$SECONDS" -lt 60 ]; then echo "$SECONDS s"; else echo "$((SECONDS / 60)) min $((SECONDS % 60)) s"; fi
}
