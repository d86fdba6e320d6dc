# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034  # some names are for those who source this
# For the tests of tools as they are typed: source support.sh SOURCE_FOLDER RANKRUN. Works in a new folder, with a
# TMPDIR of its own that must be empty at the end.
set -euo pipefail
export LC_ALL=C

readonly source_folder=$1 rankrun=$2
# shellcheck source=test/support/fed.sh
source "$source_folder/test/support/fed.sh"
# What rankrun tells Open MPI here, before and after the number of ranks.
allow_root=''
((EUID != 0)) || allow_root=' --allow-run-as-root'
readonly allow_root
scratch=$(mktemp -d)
readonly scratch
export TMPDIR=$scratch/tmp
mkdir "$scratch/tmp" "$scratch/work"
cd "$scratch/work"
trap 'rm -rf "$scratch"' EXIT
# What the caller's own environment says must not decide.
unset "${!RANKWISE_@}" "${!OMPI_MCA_@}"

n_checks=0 n_failed=0

# same WHAT FOUND EXPECTED
same() {
  n_checks=$((n_checks + 1))
  [[ $2 != "$3" ]] || return 0
  n_failed=$((n_failed + 1))
  printf 'FAILED (%s:%s): %s\n  found:    %s\n  expected: %s\n' \
    "${BASH_SOURCE[-1]##*/}" "${BASH_LINENO[-2]}" "$1" "${2@Q}" "${3@Q}"
}

# holds WHAT COMMAND...
holds() {
  local -r what=$1
  shift
  if "$@"; then same "$what" yes yes; else same "$what" no yes; fi
}

# run COMMAND...: -> $status, $out, $err
run() {
  status=0
  "$@" > "$scratch/out" 2> "$scratch/err" < /dev/null || status=$?
  out=$(< "$scratch/out") err=$(< "$scratch/err")
}

# fed_by INPUT COMMAND...: prints what a job prints, with the file INPUT as standard input.
fed_by() {
  fed "$1" "$scratch/out" "$scratch/err" "${@:2}" || true
  cat "$scratch/out" "$scratch/err"
}

# refuses MESSAGE COMMAND...: status 2, exactly that message, and no file made, changed or left.
refuses() {
  local -r message=$1
  local before
  shift
  before=$(ls -lR --time-style=full-iso "$scratch/work")
  run "$@"
  same "status of: $*" "$status" 2
  same "stderr of: $*" "$err" "$message"
  same "stdout of: $*" "$out" ''
  same "files after: $*" "$(ls -lR --time-style=full-iso "$scratch/work")" "$before"
  same "temporary files after: $*" "$(ls -A "$TMPDIR")" ''
}

# soon STARTED: little time has gone by since that $EPOCHREALTIME: much more than is needed on a busy machine, much less than
# where something is waited for that never comes.
soon() {
  ((${EPOCHREALTIME/./} - ${1/./} < 45000000))
}

# succeeds OUTPUT COMMAND...: status 0, exactly that on stdout, nothing on stderr.
succeeds() {
  local -r expected=$1
  shift
  run "$@"
  same "status of: $*" "$status" 0
  same "stderr of: $*" "$err" ''
  same "stdout of: $*" "$out" "$expected"
}

# wait_until COMMAND...: ctest's TIMEOUT ends a test whose condition never comes.
mkfifo "$scratch/idle"
exec {idle}<> "$scratch/idle"
wait_until() {
  until "$@"; do read -rt 0.02 -u "$idle" || true; done
}

is_gone() {
  local state
  state=$(sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$1/status" 2> /dev/null || true)
  [[ -z $state || $state == Z ]] # a zombie waits for its new parent only
}

finish() {
  same 'temporary files at the end' "$(ls -A "$TMPDIR")" ''
  printf '%s: %d checks, %d failed\n' "${BASH_SOURCE[-1]##*/}" "$n_checks" "$n_failed"
  ((n_failed == 0))
}
