#!/usr/bin/env bash
# Measures tdr beside openssl, bagit-python and tar, in one go, and prints a table: `make bench`.
#   Benchmarks/run.sh [--runs N] [--million | --scale FILES,...] [--record] [a] [b] [c] [none]
# --million also takes 10,000, 100,000 and 1,000,000 tiny files through a whole transfer, --scale as many as it says;
# --record writes the table into docs/performance.md. BENCH_CORPUS names where the corpora are or go (default .build/bench; all three: 8.5 GB,
# and three times that while measuring).
#   Benchmarks/run.sh checks …    all three checks beside clamdscan, siegfried and bagit-python
#   Benchmarks/run.sh exports …   the original's published sets, and S3 beside aws s3 cp
#   Benchmarks/run.sh compress …  the forms of export beside tar with sha256sum, gzip and pigz
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/../scripts/common.sh"

scripts/setup.sh bench
build_release --quiet >&2
program=bench
case "${1:-}" in
    checks)
        program=$1
        bench_venv
        shift
        ;;
    exports | compress)
        program=$1
        shift
        ;;
esac
exec "$python" "Benchmarks/$program.py" "$@"
