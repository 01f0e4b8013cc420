#!/usr/bin/env bash
# Everything that must hold before a change goes in: `make test`. The last lines are the test runner's own.
# Arguments go to `swift test`; SANITIZE=thread or address builds and tests with that sanitizer.
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

scripts/setup.sh test

echo "== lint"
scripts/lint.sh

echo "== build"
options=()
export SANITIZE=${SANITIZE:-}
if [ -n "$SANITIZE" ]; then options=(--sanitize "$SANITIZE" --scratch-path ".build/$SANITIZE"); fi
# Incremental builds repeat no warnings, so a file that has some is built again next time.
swift build --build-tests "${options[@]}" 2>&1 | tee .build/build.log
warned=$(grep -oE "^$root/(Sources|Tests|Package\.swift)[^:]*:[0-9]+:[0-9]+: warning: .*" .build/build.log | sort -u || true)
if [ -n "$warned" ]; then
    echo "test: the code builds with warnings:" >&2
    echo "${warned//"$root/"/}" >&2
    cut -d: -f1 <<<"$warned" | sort -u | xargs -r touch
    exit 1
fi

echo "== test"
# LeakSanitizer calls the Swift runtime's own bookkeeping a leak.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}
export TDR_TEST_BAGIT=$root/.build/venv/bin/bagit.py
export TDR_TEST_PYTHON=$root/.build/venv/bin/python
# All tests at once would have to share a few threads: those that wait for programs would keep the others from their turn
# for minutes, and their time limits would run out before they had begun.
failed=0
swift test --skip-build --disable-xctest --experimental-maximum-parallelization-width "$((2 * $(nproc)))" \
    "${options[@]}" "$@" 2>&1 | tee .build/test.log || failed=$?
if [ "$failed" -ne 0 ]; then
    # What failed is told again where it is seen, however much the tests have said, and then the runner's closing line.
    echo "== what failed"
    grep -aE '^. (Test|Suite) .*recorded an issue|^(Fatal|error:)|Sanitizer:' .build/test.log | cut -c1-700 | head -n 12 || true
    grep -aE '^. Test run with' .build/test.log | tail -n 1 || true
fi
exit "$failed"
