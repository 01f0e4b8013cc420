#!/bin/sh
# Makes Sources/CSignatures/default.signatures, the signatures that the program is built with, from the copy of the
# PRONOM data in a registry package: DROID_SignatureFile_V109 and container-signature-20200121 in opf-fido 1.6.1.
# PRONOM data: (c) Crown copyright, Open Government Licence v3.0; see NOTICE.
#
# usage: scripts/make-signatures.sh          needs python3 with pip and a network
set -eu

package=opf-fido
version=1.6.1
wheel_sha256=7180c872803fdcd1c38bd5ecb48ed3c6662bf0652258f6fcb02be412c220ff05

root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m pip download --quiet --no-deps --only-binary :all: --dest "$work" "$package==$version"
wheel=$(ls "$work"/*.whl)
echo "$wheel_sha256  $wheel" | sha256sum --check --quiet
python3 -m zipfile -e "$wheel" "$work/wheel"

cd "$root"
swift run -c release pronom-compile \
    "$work/wheel/fido/conf/DROID_SignatureFile-v109.xml" \
    "$work/wheel/fido/conf/container-signature-20200121.xml" \
    "$work/default.signatures" \
    DROID_SignatureFile_V109.xml container-signature-20200121.xml
mv "$work/default.signatures" Sources/CSignatures/default.signatures
