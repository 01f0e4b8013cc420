#!/usr/bin/env bash
# The whole way of a consignment on real files, told step by step: `make demo`.
# Everything it makes lies in .build/demo and is made anew each time; it stops the clamd that it starts.
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m' plain=$'\e[0m'; else bold='' plain=''; fi
say() { printf '%s\n' "$@"; }
step() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }

# Shows a command as one would type it, then runs it. A number before it is the exit code that is right here.
show() {
    local expected=0 code=0
    if [[ $1 =~ ^[0-9]+$ ]]; then
        expected=$1
        shift
    fi
    printf '\n%s$ %s%s\n' "$bold" "$1" "$plain"
    eval "$1" >"$demo/.screen" 2>&1 || code=$?
    cat "$demo/.screen"
    if [ "$code" -ne 0 ]; then say "(exit code $code)"; fi
    if [ "$code" -ne "$expected" ]; then
        say "demo: this should have ended with exit code $expected" >&2
        exit 1
    fi
}

private=''
clamd_id=''
finish() {
    if [ -n "$clamd_id" ]; then
        kill "$clamd_id" 2>/dev/null || true
        wait "$clamd_id" 2>/dev/null || true
    fi
    if [ -n "$private" ]; then rm -rf "$private"; fi
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Whether a clamd answers at the socket.
answers() {
    "$python" - "$1" 2>/dev/null <<'PYTHON'
import socket, sys
with socket.socket(socket.AF_UNIX) as clamd:
    clamd.settimeout(5)
    clamd.connect(sys.argv[1])
    clamd.sendall(b"zPING\0")
    sys.exit(clamd.recv(16) != b"PONG\0")
PYTHON
}

# The harmless text that every antivirus engine takes for a virus, in two parts so that this script is not taken for one.
# shellcheck disable=SC2016
eicar='X5O!P%@AP[4\PZX54(P^)7CC)7}$''EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'

# A clamd that knows one signature, made on the spot. It lies in /tmp, where Debian's AppArmor profile lets it read.
start_clamd() {
    local socket clamd
    clamd=$(PATH="$PATH:/usr/sbin" command -v clamd)
    private=$(mktemp -d /tmp/tdr-demo.XXXXXX)
    socket=$private/clamd.sock
    mkdir "$private/db"
    # Name, any file type, at the beginning, the bytes in hexadecimal.
    say "Eicar-Test:0:0:$(printf %s "$eicar" | od -An -v -tx1 | tr -d ' \n')" >"$private/db/demo.ndb"
    cat >"$private/clamd.conf" <<CONFIGURATION
LocalSocket $socket
DatabaseDirectory $private/db
User $(id -un)
Foreground yes
LogFile $private/clamd.log
MaxThreads 2
CONFIGURATION
    "$clamd" --config-file="$private/clamd.conf" >"$private/clamd.out" 2>&1 &
    clamd_id=$!
    for _ in $(seq 300); do
        if [ -S "$socket" ] && answers "$socket"; then break; fi
        if ! kill -0 "$clamd_id" 2>/dev/null; then
            say "demo: clamd does not start:" >&2
            cat "$private/clamd.out" "$private/clamd.log" >&2
            exit 1
        fi
        sleep 0.2
    done
    export TDR_CLAMD="$private/clamd.conf"
}

find_clamd() {
    local socket
    for socket in /run/clamav/clamd.ctl /var/run/clamav/clamd.ctl /run/clamd.scan/clamd.sock; do
        if [ -S "$socket" ] && answers "$socket"; then
            say "The antivirus engine is the clamd of this machine, at $socket."
            return
        fi
    done
    start_clamd
    say "No clamd is running here, so the demo has started one of its own, which knows one signature" \
        "(the EICAR test file). It is named by TDR_CLAMD=$TDR_CLAMD"
}

say "${bold}tdr: from a folder of records to a bag that proves itself${plain}"
scripts/setup.sh demo

step "Building tdr (release; the first time takes some minutes, most of it for a cryptography library)"
if [ -t 1 ]; then
    build_release
else
    build_release --quiet 2>&1 |
        sed -E '/^(Fetch(ing|ed)|Comput(ing|ed)|Creating working copy|Working copy)|the use of .mktemp/d'
fi
say "built .build/release/tdr in $(elapsed)"
export PATH="$root/.build/release:$PATH" QUOTING_STYLE=shell-escape

demo=$root/.build/demo
rm -rf "$demo"
mkdir -p "$demo/archive"
cd "$demo"

step "1. The records"
"$python" "$root/scripts/demo-records.py" Records
export TDR_STORE="$demo/store" TDR_CONTACT_NAME="Ada Archivist" TDR_CONTACT_EMAIL=ada@example.org
find_clamd
size=$(find Records -type f -printf '%s\n' | awk '{ bytes += $1 } END { printf "%.1f MB", bytes / 1e6 }')
say "" "A folder of $(find Records -type f -printf . | wc -c) files, $size: documents, images, sound, mail, archives," \
    "empty files and folders, and awkward names (quotes and \$'…' are how ls writes those)." \
    "What tdr keeps goes to a store of its own: TDR_STORE=$demo/store"
show 'ls Records "Records/Awkward names"'

step "2. Upload: copy the folder into the store, hashing each byte on its way"
show 'tdr upload Records --series "DEMO 1" --body "Department of Examples"'
reference=$(tail -n 1 .screen)
say "" "The reference alone is the answer (stdout); all else is talk (stderr). The two system files" \
    "were left out and named. The folder itself was only read."

step "3. Check: antivirus, checksum and format of every file, on one read of the stored bytes"
show 2 "tdr check $reference"
say "" "Exit code 2 means: done, with findings. They are no errors, but somebody has to know of them."

step "4. Status: where the consignment stands"
show 2 "tdr status $reference"
show 2 "tdr status $reference --files | tail -n 5"

step "5. Export: first refused, because of the findings"
show 2 "tdr export $reference --to archive"
findings=$(tdr status "$reference" --json | "$python" -c '
import json, sys
print(",".join(sorted(name for name, count in json.load(sys.stdin)["fileStatusCounts"]["FFID"].items()
                      if name != "Success" and count)))' || true)  # its exit code tells of the findings
say "" "Nothing was written. An archivist looks at the files, decides, and says why; the bag records" \
    "both. What is infected, altered or could not be checked cannot be allowed at all."
decision="--allow $findings --reason 'looked at by Ada; kept as found'"
show "tdr export $reference --to archive $decision"
show 'ls -l archive'

step "6. Verify: read the bag back and prove every byte"
show "tdr verify archive/$reference.tar.gz"
say "" "Others must be able to say the same without tdr:"
show "(cd archive && sha256sum -c $reference.tar.gz.sha256)"
show "tar -tzf archive/$reference.tar.gz | sed -n 1,12p"
show "bsdtar -tf archive/$reference.tar.gz | wc -l"
say "" "The same consignment gives the same bytes, whenever it is exported:"
mkdir again unpacked
show "tdr export $reference --to again $decision --quiet"
show "cmp archive/$reference.tar.gz again/$reference.tar.gz && echo the same bytes"
show "tar -xzf archive/$reference.tar.gz -C unpacked"
if (cd "$root" && bagit_venv) >"$demo/pip.log" 2>&1; then
    PATH="$root/.build/venv/bin:$PATH" show "bagit.py --validate unpacked/$reference 2>&1 | tail -n 1"
else
    say "" "(bagit-python cannot be fetched from PyPI here, so its opinion is missing.)"
fi
show "diff -r --exclude=Thumbs.db --exclude=.DS_Store Records unpacked/$reference/data/Records && echo the same"
show "cat unpacked/$reference/bag-info.txt"

step "7. And if a single bit changes?"
victim="unpacked/$reference/data/Records/Minutes/accounts.csv"
show "sed -i '0,/1950/s//1951/' $victim"
show 2 "tdr verify unpacked/$reference"

step "8. And a virus?"
mkdir "Infected records"
printf %s "$eicar" >"Infected records/invoice.txt"
show 'tdr upload "Infected records" --series "DEMO 1" --body "Department of Examples" --quiet'
infected=$(tail -n 1 .screen)
show 2 "tdr check $infected"
show 2 "tdr export $infected --to archive"
show 2 "tdr status"

step "Done in $(elapsed)"
say "The bag:      $demo/archive/$reference.tar.gz" \
    "Its SHA-256:  $demo/archive/$reference.tar.gz.sha256" \
    "The store:    $demo/store" "" \
    "Try next:" \
    "  export PATH=$root/.build/release:\$PATH TDR_STORE=$demo/store" \
    "  tdr status $reference --failed            the files with findings, and what to do" \
    "  tdr status $reference --files --csv       every file, for a spreadsheet" \
    "  tdr export $reference --to /some/folder --form folder --allow $findings --reason …" \
    "  tdr upload ANY-FOLDER --series CODE --body NAME --dry-run" \
    "  sudo make install                         tdr, its manual pages and completions into /usr/local"
