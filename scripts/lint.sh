#!/usr/bin/env bash
# Says what is not in the house's form: Swift, shell, completions, manual pages. `scripts/lint.sh --fix` formats Swift.
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

swift_code=(Package.swift Sources)
if [ -d Tests ]; then swift_code+=(Tests); fi
if [ "${1:-}" = --fix ]; then swift format --in-place --parallel --recursive "${swift_code[@]}"; fi
swift format lint --strict --parallel --recursive "${swift_code[@]}"

for script in scripts/*.sh Benchmarks/*.sh .ci/run completions/tdr.bash; do bash -n "$script"; done
# The other tools are asked where they are installed.
if command -v shellcheck >/dev/null; then shellcheck -x scripts/*.sh Benchmarks/*.sh .ci/run; fi
if command -v zsh >/dev/null; then zsh -n completions/_tdr; fi
if command -v fish >/dev/null; then fish -n completions/tdr.fish; fi
if command -v mandoc >/dev/null; then mandoc -T lint -W warning man/*.1; fi
