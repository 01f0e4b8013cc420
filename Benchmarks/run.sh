#!/usr/bin/env bash
# Measures tdr beside openssl, bagit-python and tar, in one go, and prints a table: `make bench`.
#   Benchmarks/run.sh [--runs N] [--million | --scale FILES,...] [--record] [a] [b] [c] [none]
# --million also takes 10,000, 100,000 and 1,000,000 tiny files through a whole transfer, --scale as many as it says;
# --record writes the table into docs/performance.md. BENCH_CORPUS names where the corpora are or go (default .build/bench; all three: 8.5 GB,
# and three times that while measuring).
#   Benchmarks/run.sh pronom …    identification beside siegfried and file; also done without a word, when ../shared is there
#   Benchmarks/run.sh checks …    all three checks beside clamdscan, siegfried and bagit-python
#   Benchmarks/run.sh exports …   the original's published sets, and S3 beside aws s3 cp (--s3 none: S3 alone)
#   Benchmarks/run.sh server …    the API beside graphql-core on uvicorn, and uploads beside nginx
#   Benchmarks/run.sh pages …     the web pages in headless Chromium: uploads beside curl, first paint, large results
#   Benchmarks/run.sh compress …  the forms of export beside tar with sha256sum, gzip and pigz
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/../scripts/common.sh"

scripts/setup.sh bench
build_release --quiet >&2

# What pronom.py measures with: the engine's runner and a counter of allocations.
prepare_pronom() {
    bench_venv
    swift build -c release --static-swift-stdlib --product pronom-bench --quiet >&2
    clang -O2 -shared -fPIC -o .build/allocations.so Benchmarks/allocations.c
}

program=bench
case "${1:-}" in
    checks | server)
        program=$1
        bench_venv
        shift
        ;;
    pronom)
        program=$1
        prepare_pronom
        shift
        ;;
    pages)
        program=$1
        bagit_venv
        shift
        ;;
    exports | compress)
        program=$1
        shift
        ;;
esac
if [ "$program" = pages ]; then python=.build/venv/bin/python; fi
if [ $# -eq 0 ] || [ "$*" = --record ] && [ $program = bench ] && [ -d ../shared/pronom ]; then
    "$python" Benchmarks/bench.py "$@"
    prepare_pronom
    program=pronom
fi
# In our place, so that it is told when we are to end.
exec "$python" "Benchmarks/$program.py" "$@"
