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

# Makes .build/venv with bagit-python, bagit_profile, botocore and gql, whose opinions of our bags, signatures and schema
# are not our own, and with selenium and axe-core, which drive a browser through the pages and look at them.
bagit_venv() {
    if .build/venv/bin/python -c 'import axe_core_python, bagit, bagit_profile, botocore, gql, requests, selenium' \
        2>/dev/null; then return; fi
    rm -rf .build/venv
    "$python" -m venv .build/venv
    .build/venv/bin/python -m pip --quiet --disable-pip-version-check install \
        axe-core-python==0.1.0 bagit==1.9.0 bagit_profile==1.3.1 botocore==1.43.11 'gql[requests]==4.4.0' \
        selenium==4.51.0
}

# The seconds since the script began, as "12 min 3 s".
elapsed() {
    if [ "$SECONDS" -lt 60 ]; then echo "$SECONDS s"; else echo "$((SECONDS / 60)) min $((SECONDS % 60)) s"; fi
}
