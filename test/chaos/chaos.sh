#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Real jobs while ranks are killed and frozen at random moments: each must end with status 0 and all its keys, whole and
# different, and leave no process behind.
#   chaos.sh BIN_FOLDER [RUNS [kill|freeze|both [SEED [OPTION_OF_RSA_KEYGEN ...]]]]
set -euo pipefail
export LC_ALL=C
bin=$(realpath "$1")
readonly bin runs=${2:-5} how=${3:-both} seed=${4:-$RANDOM} n_keys=60 n_ranks=4
shift $(($# < 4 ? $# : 4))
scratch=$(mktemp -d)
readonly scratch
trap 'rm -rf "$scratch"' EXIT
RANDOM=$seed
echo "chaos: $runs runs, $how, seed $seed"

# The process of a rank of the job with that mark; empty where there is none.
process_of() {
  local folder
  for folder in /proc/[0-9]*; do
    if grep -qzx "RANKWISE_TEST_MARK=$1" "$folder/environ" 2> /dev/null &&
      grep -qzx "OMPI_COMM_WORLD_RANK=$2" "$folder/environ" 2> /dev/null; then
      echo "${folder#/proc/}"
      return
    fi
  done
}

# Until the ranks have joined nothing can be saved: the job's first progress line shows that they have.
wait_until_joined() {
  until grep -q ' items ' "$scratch/err"; do
    kill -0 "$job" 2> /dev/null || return 0
    sleep 0.05
  done
}

strike() {
  local rank=$1 what=$how pid
  [[ $what != both ]] || what=$( ((RANDOM % 2)) && echo kill || echo freeze)
  pid=$(process_of "$mark" "$rank")
  [[ $pid ]] || return 0
  if [[ $what == kill ]]; then
    kill -KILL "$pid" 2> /dev/null || true
  else
    kill -STOP "$pid" 2> /dev/null || true
    if ((RANDOM % 2)); then
      sleep "$((RANDOM % 4)).5"
      kill -CONT "$pid" 2> /dev/null || true
    fi
  fi
}

n_bad=0
for ((run = 1; run <= runs; ++run)); do
  mark=$$-$run
  rm -rf "$scratch/keys"
  : > "$scratch/err" # of the run before
  status=0
  RANKWISE_TEST_MARK=$mark RANKWISE_PROGRESS=plain "$bin/rankrun" --oversubscribe -n "$n_ranks" -x RANKWISE_TEST_MARK \
    "$bin/rsa_keygen" --count "$n_keys" --bits 2048 --heartbeat-timeout 2 --out "$scratch/keys" "$@" \
    > "$scratch/out" 2> "$scratch/err" < /dev/null &
  job=$!
  wait_until_joined
  for rank in 1 2 3; do
    { sleep "$((RANDOM % 3)).$((RANDOM % 10))" && strike "$rank"; } &
  done
  wait "$job" || status=$?
  wait
  wrong=''
  [[ $status == 0 ]] || wrong+=" status $status;"
  n_files=$(find "$scratch/keys" -name '*.pem' ! -name '*.pub.pem' 2> /dev/null | wc -l)
  [[ $n_files == "$n_keys" ]] || wrong+=" $n_files files;"
  n_different=$(awk '$2 == 2048 { print $3 }' "$scratch/out" | sort -u | wc -l)
  [[ $n_different == "$n_keys" ]] || wrong+=" $n_different results;"
  for key in "$scratch"/keys/*.pem; do
    [[ $key == *.pub.pem ]] || openssl rsa -in "$key" -check -noout > /dev/null 2>&1 || wrong+=" ${key##*/} is no key;"
  done
  for rank in 0 1 2 3; do
    pid=$(process_of "$mark" "$rank")
    [[ ! $pid ]] || wrong+=" rank $rank is left as process $pid;"
  done
  grep -E '^rankwise: rank .* (is lost|is back)' "$scratch/err" | sed "s/^rankwise:/run $run:/" || true
  if [[ $wrong ]]; then
    n_bad=$((n_bad + 1))
    echo "run $run FAILED:$wrong"
    tail -n 20 "$scratch/err"
  fi
done
echo "chaos: $n_bad of $runs runs failed"
((n_bad == 0))
