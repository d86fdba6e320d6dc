# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# For tests that feed mpirun through standard input: source fed.sh.

# fed INPUT OUT ERR COMMAND...: runs COMMAND, which is mpirun or starts it, with the file INPUT as standard input; what it
# prints goes to the files OUT and ERR.
#
# mpirun of Open MPI 4.1.4 dies of SIGSEGV in one of a hundred such runs, of any program: it reads the end of a redirected
# standard input a second time, when what it reads for is gone (orte/mca/iof/hnp/iof_hnp_read.c). A run with that very
# fault, and no other, is done again.
fed() {
  local -r input=$1 out=$2 err=$3
  local status
  shift 3
  for _ in 1 2 3; do
    status=0
    "$@" < "$input" > "$out" 2> "$err" || status=$?
    if [[ $status != 139 ]] || ! grep -q orte_iof_hnp_read_local_handler "$err"; then break; fi
  done
  return "$status"
}
