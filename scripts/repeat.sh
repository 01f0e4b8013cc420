#!/usr/bin/env bash
# Makes the same tests again and again, to find what goes wrong once in a hundred times:
#   scripts/repeat.sh ROUNDS FILTER [thread|address]
# FILTER is a regular expression over names of suites and tests, as `swift test --filter` takes it; `concurrent` stands
# for the tests in which several threads share something. With a sanitizer everything is built with it, into
# .build/thread or .build/address. Ends at the first round that fails, and at the first report of the sanitizer.
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

if [ $# -lt 2 ] || [ $# -gt 3 ] || ! [ "$1" -ge 1 ] 2>/dev/null; then
    echo "usage: scripts/repeat.sh ROUNDS FILTER [thread|address]" >&2
    exit 64
fi
rounds=$1 filter=$2 sanitizer=${3:-}
if [ "$filter" = concurrent ]; then
    filter='ConcurrentChecksTests|SideThreadTests|BlockingExecutorTests/(offThePool|results|manyJobs)'
fi
options=() scratch=.build
if [ -n "$sanitizer" ]; then
    scratch=.build/$sanitizer
    options=(--sanitize "$sanitizer" --scratch-path "$scratch")
fi
swift build --quiet --build-tests "${options[@]}"

export SANITIZE=$sanitizer
export TSAN_OPTIONS="halt_on_error=1 ${TSAN_OPTIONS:-}"
# LeakSanitizer calls the Swift runtime's own bookkeeping a leak.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}
log=$scratch/repeat.log code=0
"$scratch"/debug/*PackageTests.xctest --testing-library swift-testing --filter "$filter" --repetitions "$rounds" \
    --repeat-until fail >"$log" 2>&1 || code=$?
# One round is told in other words than several.
ended=$(grep -c "Iteration [0-9]* ended" "$log" || true)
if [ "$rounds" -eq 1 ] && [ "$code" -eq 0 ]; then ended=1; fi
if ! grep -q "Test run with [1-9]" "$log"; then
    tail -n 60 "$log" >&2
    echo "repeat: the run broke off in round $((ended + 1)) of $rounds (code $code); see $log" >&2
    exit 1
fi
if [ "$code" -ne 0 ] || grep -q "WARNING: .*Sanitizer" "$log"; then
    grep -E "recorded an issue|Sanitizer|failed after" "$log" | head -n 40 >&2
    echo "repeat: round $ended of $rounds failed (code $code); see $log" >&2
    exit 1
fi
grep "Test run with" "$log" | tail -n 1
echo "repeat: $ended rounds without a failure in $(elapsed)${sanitizer:+, and without a report of the $sanitizer sanitizer}"
