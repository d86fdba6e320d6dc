#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# example_test.sh EXPECTED LAUNCHER PROGRAM [--status N] [--stdin FILE] [--again TEXT] [-- ARGUMENT...]
# The program prints what the file EXPECTED holds (where @RANKS@ stands for the number of ranks) and ends with status N,
# alone and under LAUNCHER, each time in an empty directory. With --again it runs there a second time, prints the same,
# and says TEXT on standard error.
set -euo pipefail
# shellcheck source=test/support/fed.sh
source "$(dirname "$0")/../test/support/fed.sh"

expected=$1 program=$3 status=0 input=/dev/null again=''
read -ra launcher <<< "$2"
shift 3
while (($# > 0)); do
  case $1 in
    --status) status=$2 ;;
    --stdin) input=$2 ;;
    --again) again=$2 ;;
    --)
      shift
      break
      ;;
  esac
  shift 2
done
arguments=("$@")

fail() {
  printf 'example_test: %s\n' "$1" >&2
  exit 1
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# run_once RANKS WHAT COMMAND...: in the current directory.
run_once() {
  local -r n_ranks=$1 what=$2
  shift 2
  local found=0
  fed "$input" "$scratch/out" "$scratch/err" "$@" || found=$?
  if ((found != status)) || ! diff <(sed "s/@RANKS@/$n_ranks/" "$expected") "$scratch/out"; then
    cat "$scratch/err" >&2
    fail "$what: status $found, expected: $status; output above: < expected, > found"
  fi
}

# run_in DIRECTORY RANKS COMMAND...
run_in() {
  local -r directory=$scratch/$1
  mkdir "$directory"
  cd "$directory"
  shift
  run_once "$1" "${*:2}" "${@:2}"
  [[ -n $again ]] || return 0
  run_once "$1" "again: ${*:2}" "${@:2}"
  grep -qF -- "$again" "$scratch/err" || {
    cat "$scratch/err" >&2
    fail "the second time it did not say (above) \"$again\""
  }
}

run_in alone 1 "$program" "${arguments[@]}"
run_in launched 3 "${launcher[@]}" "$program" "${arguments[@]}"
