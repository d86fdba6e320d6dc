#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The same command line under MPICH.
# shellcheck disable=SC2016  # variables in single quotes are for the ranks
# shellcheck source=test/cli/support.sh
source "$(dirname "$0")/support.sh" "$@"

printf 'localhost slots=2\n' > hosts
succeeds "$(command -v mpirun.mpich) -hosts localhost:2 -n 2 -prepend-rank echo 'a b'" \
  "$rankrun" --mpirun mpirun.mpich --dry-run --tag-output -f hosts echo 'a b'
succeeds $'word\nword' "$rankrun" --mpirun mpirun.mpich -f hosts -n 2 echo word
succeeds 3 env RANKWISE_CHUNK=3 "$rankrun" --mpirun mpirun.mpich -n 1 sh -c 'echo $RANKWISE_CHUNK'
run "$rankrun" --mpirun mpirun.mpich --tag-output -f hosts echo word
same 'tags' "$(sort "$scratch/out")" $'[0] word\n[1] word'
run "$rankrun" --mpirun mpirun.mpich -f hosts -n 2 sh -c 'exit 7'
same 'status 7' "$status" 7
refuses 'rankrun: hosts: found 3 ranks (-n) for 2 slots, accepted: -n up to 2, more slots, or --oversubscribe to let ranks share cores' \
  "$rankrun" --mpirun mpirun.mpich -f hosts -n 3 true

finish
