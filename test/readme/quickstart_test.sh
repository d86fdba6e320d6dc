#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# quickstart_test.sh SOURCE_DIRECTORY PROGRAM LAUNCHER...: the README's code block is apps/quickstart/main.cpp, has fewer
# than 15 lines of its own, and prints what the README shows, without a launcher and with it.
set -euo pipefail

source=$1 program=$2
shift 2

fail() {
  printf 'quickstart_test: %s\n' "$1" >&2
  exit 1
}

# The one block of C++.
# shellcheck disable=SC2016
shown=$(sed -n '/^```cpp$/,/^```$/ { /^```/d; p }' "$source/README.md")
diff <(printf '%s\n' "$shown") "$source/apps/quickstart/main.cpp" ||
  fail 'the code in README.md is not apps/quickstart/main.cpp (above: < README, > file)'

n_lines=$(grep --count --invert-match --extended-regexp '^(#include.*|//.*|)$' "$source/apps/quickstart/main.cpp")
((n_lines < 15)) || fail "main.cpp has $n_lines lines of its own, fewer than 15 are accepted"

# What the README shows of stdout: the lines with a number alone.
expected=$(grep --extended-regexp '^ *[0-9]{16}$' "$source/README.md" | tr -d ' ')
[[ -n $expected ]] || fail 'README.md shows no output of the program'
alone=$("$program")
diff <(printf '%s\n' "$expected") <(printf '%s\n' "$alone") || fail 'without a launcher (above: < README, > program)'
launched=$("$@" "$program")
diff <(printf '%s\n' "$expected") <(printf '%s\n' "$launched") || fail "with $* (above: < README, > program)"
printf '%d lines; the same output alone and with %s\n' "$n_lines" "$*"
