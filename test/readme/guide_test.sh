#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# guide_test.sh SOURCE_DIRECTORY PROGRAM LAUNCHER...: the guide's program prints the same without a launcher and with it,
# and the guide's line builds it.
set -euo pipefail

source=$1 program=$2
shift 2

fail() {
  printf 'guide_test: %s\n' "$1" >&2
  exit 1
}

# The line that builds it does, as it stands there.
line=$(grep -m 1 '^    mpicxx ' "$source/docs/guide/README.md")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp "$source/examples/stations.cpp" "$scratch/stations.cpp"
ln -s "$source/scheduler" "$scratch/scheduler"
(cd "$scratch" && bash -c "$line") || fail "the guide's line does not build its program: $line"

alone=$("$program" --stations 7)
[[ $("$scratch/stations" --stations 7) == "$alone" ]] || fail "what the guide's line has built prints something else"
(($(wc -l <<< "$alone") == 8)) || fail "found \"$alone\", where a line for each of 7 stations and their sum were expected"
launched=$("$@" "$program" --stations 7)
diff <(printf '%s\n' "$alone") <(printf '%s\n' "$launched") || fail "with $* (above: < alone, > launched)"
