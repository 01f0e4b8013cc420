#!/usr/bin/env bash
# Writes the manual pages and completions from the commands:
#   scripts/generate.sh [FOLDER [TDR]]     into FOLDER/man and FOLDER/completions, as the binary TDR has them
# Without arguments: of this clone. A test proves that what is checked in is current.
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

folder=${1:-$root}
tdr=${2:-}
if [ -z "$tdr" ]; then
    scripts/setup.sh build
    swift build --product tdr
    tdr=$root/.build/debug/tdr
fi
mkdir -p "$folder/man" "$folder/completions"
"$python" scripts/make-man.py "$tdr" "$folder/man"
"$tdr" --generate-completion-script bash >"$folder/completions/tdr.bash"
"$tdr" --generate-completion-script zsh >"$folder/completions/_tdr"
"$tdr" --generate-completion-script fish >"$folder/completions/tdr.fish"
