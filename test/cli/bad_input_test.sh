#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# rankrun's refusals: arguments, exact message, status 2, nothing left behind.
# shellcheck source=test/cli/support.sh
source "$(dirname "$0")/support.sh" "$@"

readonly count='accepted: a whole number from 1 to 1000000'
readonly line='accepted: "name", "name slots=N [max_slots=M]" (Open MPI) or "name:N" (MPICH), N from 1'
readonly program="accepted: a program's path, or its name on the PATH"
readonly slots='more slots, or --oversubscribe to let ranks share cores'
readonly resolver="a host that does not resolve, accepted: a name that the resolver (getent hosts) or ssh's configuration knows"

printf 'localhost slots=2\n' > good
printf '# two\nlocalhost slots=2\n\npi001 slots=x\n' > bad
printf 'localhost slots=1\nno-such-host.invalid slots=2\n' > missing
printf '# pi001 slots=4   # no answer in 5 s\n' > none
printf 'a slots=1\nb:2\n' > mixed
printf 'localhost slots=1 max_slots=2\n' > limited
printf 'text\n' > not-a-program
mkdir folder

# refuse MESSAGE ARGUMENT...
refuse() {
  local -r message=$1
  shift
  refuses "rankrun: $message" "$rankrun" "$@"
}

refuse "found no program to run, accepted: rankrun [-f HOSTFILE] [-n N] ... PROGRAM [ARGUMENT ...] (rankrun --help says more)" \
  -f good
refuse "-n: found \"0\", $count" -n 0 true
refuse "-n: found \"-3\", $count" -n -3 true
refuse "-np: found \"abc\", $count" -np abc true
refuse "-n: found \"\", $count" -n '' true
refuse "-n: found nothing after it, $count" -n
refuse '-f: found nothing after it, accepted: a host file' -f
refuse '-f: found "nowhere" (No such file or directory), accepted: a host file that can be read' -f nowhere true
refuse '-f: found "folder" (a directory), accepted: a host file that can be read' -f folder true
refuse '-f: found --host as well, accepted: one of the two' -f good --host localhost true
refuse "bad:4: found \"pi001 slots=x\", $line" -f bad -n 2 true
refuse "none: no slots: found no host, $line" -f none true
refuse 'mixed:2: found "b:2" after lines in Open MPI'\''s format, accepted: one format in a file' -f mixed true
refuse "missing:2: found \"no-such-host.invalid\", $resolver" -f missing -n 1 true
refuse "--host: found \"no-such-host.invalid\", $resolver" --host no-such-host.invalid true
refuse '--host: found "a:0", accepted: names with slots, as in "a:2,b:4"' --host a:0 true
refuse "good: found 3 ranks (-n) for 2 slots, accepted: -n up to 2, $slots" -f good -n 3 true
refuse 'limited: found 3 ranks (-n) for max_slots of 2, accepted: -n up to 2' -f limited -n 3 --oversubscribe true
refuse "this machine: found 1000000 ranks (-n) for $(nproc) slots, accepted: -n up to $(nproc), $slots" -n 1000000 true
refuse "program: found \"no-such-program\", which does not exist, $program" -f good no-such-program
refuse "program: found \"./not-a-program\", which can't be run, $program" ./not-a-program
refuse "program: found \"folder\", which can't be run, $program" folder
refuse "program: found \"7\", which does not exist, $program (if it is the value of --unknown, write --unknown=7)" \
  --unknown 7 true
refuse '--mpirun: found "./nowhere", accepted: a program that can be run' --mpirun ./nowhere true
refuse "$(type -P cat) --version: found \"$(cat --version | head -n 1)\", accepted: Open MPI's or MPICH's mpirun" \
  --mpirun cat true
refuse '--dry-run: found "yes", accepted: no value' --dry-run=yes true

# A PATH with no mpirun on it.
mkdir bin
ln -s "$(type -P true)" bin/true
refuses 'rankrun: mpirun: found none on the PATH, accepted: the mpirun of Open MPI or MPICH (Debian: apt install openmpi-bin), or --mpirun with its path' \
  env PATH="$PWD/bin" "$rankrun" -n 1 true

if ((EUID == 0)); then
  refuses 'rankrun: found the user root, whom Open MPI refuses unless told, accepted: another user, --allow-run-as-root, or OMPI_ALLOW_RUN_AS_ROOT=1 and OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 in the environment' \
    env -u OMPI_ALLOW_RUN_AS_ROOT "$rankrun" -f good true
  succeeds '' env -u OMPI_ALLOW_RUN_AS_ROOT "$rankrun" --allow-run-as-root -f good true
fi

finish
