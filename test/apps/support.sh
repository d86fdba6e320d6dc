# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034  # some names are for those who source this
# For the tests of applications as their users run them: source support.sh PROGRAM. Works in a new directory.
set -euo pipefail

program=$(readlink -f "$1")
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=test/support/fed.sh
source "$here/../../support/fed.sh"
scratch=$(mktemp -d)
clean_up() {
  jobs -p | xargs -r kill 2> /dev/null || :
  wait
  rm -rf "$scratch"
}
trap clean_up EXIT
cd "$scratch"

# What every run of the program is told.
always=(--progress none)

fail() {
  echo "FAILED: $*" >&2
  for file in out err difference; do [ ! -s "$file" ] || { echo "--- $file"; head -c 4000 "$file"; } >&2; done
  exit 1
}

expect() { # WHAT FOUND EXPECTED
  [ "$2" = "$3" ] || fail "$1: found '$2', expected '$3'"
}

# ranks N ARGUMENT...: runs the program; its output goes to `out` and `err`.
ranks() {
  local n=$1
  shift
  mpirun --oversubscribe -n "$n" "$program" "${always[@]}" "$@" > out 2> err
}

# fed_ranks INPUT N ARGUMENT...: the same with the file INPUT as standard input.
fed_ranks() {
  local -r input=$1 n=$2
  shift 2
  fed "$input" out err mpirun --oversubscribe -n "$n" "$program" "${always[@]}" "$@"
}

# alone ARGUMENT...: without mpirun.
alone() {
  "$program" "${always[@]}" "$@" > out 2> err < /dev/null
}
