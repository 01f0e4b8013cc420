#!/usr/bin/env bash
# Installs the Debian packages that a step needs and this machine lacks, and nothing else:
#   scripts/setup.sh [build|demo|test|bench]     (build when not said; the others include it)
# Swift itself is only looked for: see https://www.swift.org/install/linux/
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

step=${1:-build}

# A package, the steps that need it ("all": every step), the command that makes it unnecessary, if any, and why.
packages() {
    cat <<'TABLE'
pkg-config        all             pkg-config  finds the libraries below when building
libsqlite3-dev    all             -           SQLite, the store's database
libarchive-dev    all             -           libarchive, reads and writes tar
libdeflate-dev    all             -           libdeflate, compresses gzip and ZIP
libzstd-dev       all             -           libzstd, compresses and unpacks Zstandard
libmagic-dev      all             -           libmagic, recognises file formats
libyara-dev       all             -           libyara, scans files by YARA rules
zlib1g-dev        all             -           zlib, unpacks members of ZIP containers
libexpat1-dev     all             -           expat, reads signature files
chromium          test            chromium    a browser, for the web pages
chromium-driver   test            chromedriver drives it
curl              test,bench      curl        fetches signature files for tdr signatures update, and asks servers
git               all             git         fetches the Swift packages
ca-certificates   all             -           lets git check whom it talks to
python3           demo,test,bench python3     makes sample records, the manual pages and the benchmark table
python3-venv      demo,test,bench -           holds bagit-python, the second opinion on our bags
clamav-daemon     demo,test,bench clamd       clamd, the antivirus engine (its package starts freshclam)
clamdscan         bench           clamdscan   the client of clamd we measure ourselves against
libarchive-tools  demo,test       bsdtar      bsdtar, another reader of our archives
zstd              test            zstd        zstd, another reader of our archives
unzip             test            unzip       unzip, another reader of our archives
zip               test            zip         zip, a writer of archives that we read
pigz              test,bench      pigz        the parallel gzip we measure ourselves against
swift-proxy       test,bench      -           OpenStack Swift, a strict S3 server, with the four below
swift-account     test,bench      -           the same
swift-container   test,bench      -           the same
swift-object      test,bench      -           the same
memcached         test,bench      memcached   the same
file              bench           file        another program that we measure ourselves against
awscli            test,bench      -           another client of S3, for what we have written
sqlite3           test            sqlite3     looks into the store from outside
nodejs            test            node        runs the next one
node-graphql      test            -           the reference implementation of GraphQL, to compare ours with
nginx             bench           nginx       takes uploads by PUT, which we measure ourselves against
wrk               bench           wrk         asks a server as fast as it can
openssl           test,bench      openssl     another HMAC, and the SHA-256 we measure ourselves against
TABLE
}

check_swift() {
    local version
    if ! command -v swift >/dev/null; then
        cat >&2 <<'MESSAGE'
setup: there is no `swift` on the PATH, and this script does not download one.
       tdr needs Swift 6.3 or newer. Install it from https://www.swift.org/install/linux/
       (swiftly, or the archive for Debian 12), open a new shell and try again.
MESSAGE
        exit 1
    fi
    version=$(swift --version 2>/dev/null | grep -oE 'Swift version [0-9]+\.[0-9]+' | grep -oE '[0-9.]+$' || echo 0.0)
    if [ "${version%.*}" -lt 6 ] || { [ "${version%.*}" -eq 6 ] && [ "${version#*.}" -lt 3 ]; }; then
        echo "setup: this is Swift $version and tdr needs 6.3 or newer: https://www.swift.org/install/linux/" >&2
        exit 1
    fi
}

is_installed() { dpkg -s "$1" 2>/dev/null | grep -q '^Status: .* installed$'; }

# Prints "package why" for all that is missing.
missing() {
    packages | while read -r package steps command why; do
        case ",$steps," in *,all,* | *",$step,"*) ;; *) continue ;; esac
        if is_installed "$package"; then continue; fi
        if [ "$command" != - ] && PATH="$PATH:/usr/sbin" command -v "$command" >/dev/null; then continue; fi
        printf '%s %s\n' "$package" "$why"
    done
}

install_missing() {
    local list names admin=()
    list=$(missing)
    if [ -z "$list" ]; then return; fi
    mapfile -t names < <(cut -d' ' -f1 <<<"$list")
    echo "setup: this machine lacks"
    while read -r package why; do printf '         %-17s %s\n' "$package" "$why"; done <<<"$list"
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "setup: ask your administrator: apt-get install ${names[*]}" >&2
            exit 1
        fi
        admin=(sudo)
    fi
    echo "setup: apt-get install ${names[*]}"
    "${admin[@]}" apt-get -qq update
    "${admin[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
        -o Dpkg::Use-Pty=0 install "${names[@]}" >.build/apt.log 2>&1 || {
        tail -n 20 .build/apt.log >&2
        exit 1
    }
}

case "$step" in
    build | demo | test | bench) ;;
    *)
        echo "usage: scripts/setup.sh [build|demo|test|bench]" >&2
        exit 64
        ;;
esac
mkdir -p .build
check_swift
if command -v dpkg >/dev/null; then
    install_missing
else
    echo "setup: this is not Debian; see scripts/setup.sh for what tdr needs" >&2
fi
case "$step" in test | bench) bagit_venv ;; esac
