#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A program that starts MPI itself is to rankrun an MPI program like others: own_mpi_test.sh SOURCE_FOLDER RANKRUN OWN_MPI
# shellcheck source=test/cli/support.sh disable=SC2154
source "$1/test/cli/support.sh" "$1" "$2"
readonly own_mpi=$3

# Longer than the start-up may take: it is not ended in the middle of its work, and says nothing of its own.
succeeds $'999000\n999000\n999000' "$rankrun" --start-timeout 1 --oversubscribe -n 3 "$own_mpi" 2500

# It does not go on without a rank: as under plain mpirun the job ends.
run "$rankrun" --oversubscribe -n 3 "$own_mpi" 0 die
same 'status where a rank dies' "$status" 137

finish
