#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# clash_test.sh PROGRAM [LAUNCHER ...]: PROGRAM has to stop with status 2, having said once which two files clash.
set -euo pipefail

program=$1
name=$(basename "$program")
shift
output=$(mktemp)
errors=$(mktemp)
trap 'rm -f "$output" "$errors"' EXIT
status=0
"$@" "$program" > "$output" 2> "$errors" || status=$?
cat "$errors"

fail() {
  printf 'clash_test: %s\n' "$1" >&2
  exit 1
}

((status == 2)) || fail "status $status, where 2 was expected"
[[ ! -s $output ]] || fail "found output, where the program must stop before its body: $(cat "$output")"
messages=$(grep -c "^$name: two tasks have the same name" "$errors" || true)
((messages == 1)) || fail "found $messages messages, where one was expected"
message=$(grep "^$name: " "$errors")
[[ $message == *work* ]] || fail 'the message does not name the task'
for file in clash/main.cpp clash/other.cpp; do
  [[ $message == *"$file"* ]] || fail "the message does not name $file"
done
