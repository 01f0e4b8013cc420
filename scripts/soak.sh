#!/usr/bin/env bash
# What takes hours and is made before a release: `make soak`. Kills programs fifty times each and the server thirty times
# at random moments, throws random requests at it and random bytes at the parsers for ten minutes, and compares mutated
# queries with two other implementations of GraphQL for half an hour.
#   scripts/soak.sh [FILTER]    a regular expression over names of suites and tests; all of the above without it
# TDR_KILLS, TDR_KILL_ROUNDS, TDR_FUZZ_SECONDS, TDR_TEST_GRAPHQL_ROUNDS and TDR_SEED change how much and what.
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

export TDR_KILLS=${TDR_KILLS:-50} TDR_KILL_ROUNDS=${TDR_KILL_ROUNDS:-30} TDR_FUZZ_SECONDS=${TDR_FUZZ_SECONDS:-600}
export TDR_TEST_GRAPHQL_ROUNDS=${TDR_TEST_GRAPHQL_ROUNDS:-100} TDR_SEED=${TDR_SEED:-$RANDOM$RANDOM}
filter=${1:-/killed|ServerKillTests|FuzzTests|DifferentialTests|MutationTests}
echo "soak: commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown), $(date +%F), seed $TDR_SEED"
SANITIZE=${SANITIZE:-} scripts/test.sh --filter "$filter"
grep -aE ': [0-9]+ of [0-9]+ kills met it at work' .build/test.log || true
echo "soak: $(elapsed)"
