#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Jobs under the real mpirun: status, output, environment, signals, and what is left of them.
# shellcheck disable=SC2016  # variables in single quotes are for the ranks
# shellcheck source=test/cli/support.sh
source "$(dirname "$0")/support.sh" "$@"

printf 'localhost slots=2\n' > hosts
printf 'localhost:2\n' > hosts.mpich
mkfifo never # nothing is ever written to it: who reads it is blocked

# The command, and only the command.
succeeds "$(command -v mpirun) --host localhost:2 -n 2$allow_root --bind-to none --mca plm isolated -x RANKWISE_SEED --display-map echo 'a b'" \
  env RANKWISE_SEED=7 "$rankrun" --dry-run -f hosts --display-map echo 'a b'

# The status is the job's, and the program's message stands alone.
run "$rankrun" -f hosts -n 2 sh -c 'exit 7'
same 'status 7' "$status" 7
same 'stderr of status 7' "$err" ''
run "$rankrun" -f hosts -n 2 sh -c 'if [ "$OMPI_COMM_WORLD_RANK" = 1 ]; then echo "message: bad input" >&2; exit 2; fi'
same 'status 2' "$status" 2
same 'message of status 2' "$err" 'message: bad input'
run "$rankrun" -f hosts -n 1 sh -c 'kill -KILL $$'
same 'status after a kill' "$status" 137
holds 'the signal is named' grep -qx 'rankrun: the job ended with status 137, as after signal 9 (Killed)' "$scratch/err"
run "$rankrun" --no-such-option=1 -n 1 true
holds "mpirun's own message comes through" grep -q 'unknown option "--no-such-option"' "$scratch/err"
same 'status of an option that mpirun refuses' "$status" 1

# What a rank gets.
succeeds 2 "$rankrun" -f hosts.mpich -n 2 sh -c '[ "$OMPI_COMM_WORLD_RANK" = 1 ] || echo "$OMPI_COMM_WORLD_SIZE"'
succeeds '3 set' env RANKWISE_CHUNK=3 "$rankrun" -n 1 -x OTHER=set sh -c 'echo "$RANKWISE_CHUNK $OTHER"'
succeeds '4' "$rankrun" --oversubscribe -f hosts -n 4 sh -c '[ "$OMPI_COMM_WORLD_RANK" = 3 ] && echo "$OMPI_COMM_WORLD_SIZE" || true'
succeeds '[] 3' env RANKWISE_PASSPHRASE=secret RANKWISE_SEED=3 "$rankrun" -n 1 sh -c 'echo "[$RANKWISE_PASSPHRASE] $RANKWISE_SEED"'
printf '\xef\xbb\xbflocalhost slots=2\r\n' > marked
succeeds $'word\nword' "$rankrun" -f marked -n 2 echo word

# Tasks with threads: half as many ranks, which may use all cores.
cores=$(env -u OMP_NUM_THREADS nproc)
run env OMP_NUM_THREADS=7 "$rankrun" --threads 2 -f hosts \
  sh -c 'echo "$OMP_NUM_THREADS $RANKWISE_THREADS $OMPI_COMM_WORLD_SIZE $(env -u OMP_NUM_THREADS nproc)"'
same 'what a rank with two threads gets' "$out" "2 2 1 $cores"
same 'what is said of it' "$err" 'rankrun: 2 threads a rank: room for 1 rank, OMP_NUM_THREADS=2, not bound to cores'
run "$rankrun" --threads 3 -f hosts true
holds 'too few slots are named' grep -qxF 'rankrun: --threads 3: found more threads than slots on localhost (slots=2): they share cores' "$scratch/err"
run "$rankrun" --threads 2 -n 2 -f hosts true
same 'status where the ranks do not fit' "$status" 2
run "$rankrun" --threads 0 true
same 'a number that is none' "$err" 'rankrun: --threads: found "0", accepted: a whole number from 1 to 1000000'

# Inside an allocation of Slurm, or with the variables of one: a host file counts, and without one the allocation.
slurm() {
  env SLURM_JOB_ID=42 SLURM_JOBID=42 SLURM_NNODES=1 SLURM_NODELIST="$1" SLURM_JOB_NODELIST="$1" \
    SLURM_TASKS_PER_NODE="$2" "$rankrun" "${@:3}"
}
succeeds $'word\nword' slurm "$(uname -n)" 1 -f hosts -n 2 echo word
succeeds $'word\nword' slurm node7 2 -f hosts -n 2 echo word
succeeds $'word\nword\nword' slurm "$(uname -n)" 3 echo word
run slurm "$(uname -n)" 2 -n 3 echo word
same 'status of more ranks than the allocation has' "$status" 2
same 'message of more ranks than the allocation has' "$err" \
  "rankrun: Slurm's allocation (SLURM_JOB_NODELIST): found 3 ranks (-n) for 2 slots, accepted: -n up to 2, more slots, or --oversubscribe to let ranks share cores"
run slurm nowhere-at-all 2 echo word
same 'status of an allocation elsewhere' "$status" 2
holds 'the allocation elsewhere is named' grep -q "^rankrun: Slurm's allocation (SLURM_JOB_NODELIST): found \"nowhere-at-all\", a host that does not resolve" "$scratch/err"

run "$rankrun" --tag-output -f hosts -n 2 echo word
same 'tags' "$(sort "$scratch/out")" $'[1,0]<stdout>:word\n[1,1]<stdout>:word'
printf 'line' > line
same 'stdin' "$(fed_by line "$rankrun" -n 1 cat)" line
succeeds "$(nproc)" "$rankrun" -n 1 nproc # not bound to a core

# A container may have no /dev/pts.
has_terminal=yes
script -qec true /dev/null < /dev/null > /dev/null 2>&1 || has_terminal=''
readonly has_terminal
[[ $has_terminal ]] || echo 'no pseudo-terminal can be had here: what needs one is not checked'

# A terminal: its width reaches the ranks, whose own stderr is a pipe.
readonly show_width='sh -c '\''echo "width=$RANKWISE_TERMINAL"'\'
[[ ! $has_terminal ]] || same 'width at a terminal' \
  "$(script -qec "stty cols 97; '$rankrun' -n 1 $show_width" /dev/null < /dev/null | tr -d '\r' | grep width)" width=97
succeeds 'width=' "$rankrun" -n 1 sh -c 'echo "width=$RANKWISE_TERMINAL"'

# Ranks that ignore what asks them to end, each with a process that has left its group.
cat > stubborn << 'TEXT'
#!/bin/sh
trap '' INT TERM HUP
setsid sh -c 'echo $$ > pid.away.$OMPI_COMM_WORLD_RANK; exec cat never' &
echo $$ > pid.rank.$OMPI_COMM_WORLD_RANK
exec cat never
TEXT
chmod +x stubborn

all_there() {
  local file
  for file in pid.{rank,away}.{0,1}; do [[ -s $file ]] || return 1; done
}

all_gone() {
  local file
  for file in "$@"; do is_gone "$(< "$file")" || return 1; done
}

# ends_by STATUS SIGNAL...: the job ends soon, with that status, and nothing of it is left.
ends_by() {
  local -r expected=$1
  local signal job started status=0
  shift
  rm -f pid.*
  "$rankrun" -f hosts -n 2 ./stubborn < /dev/null &
  job=$!
  wait_until all_there
  started=$EPOCHREALTIME
  for signal in "$@"; do kill "-$signal" "$job"; done
  wait "$job" || status=$?
  same "status after $*" "$status" "$expected"
  holds "$* ends the job soon" soon "$started"
  holds "no process is left after $*" all_gone pid.*
  same "temporary files after $*" "$(ls -A "$TMPDIR")" ''
}

ends_by 130 INT
ends_by 143 TERM
ends_by 129 HUP
ends_by 143 TERM TERM

# Ctrl-C at a terminal, which reaches the whole foreground group.
ends_by_control_c() {
  local job keyboard started status=0
  rm -f pid.*
  mkfifo keys
  started_at_terminal() { script -qec "'$rankrun' -f hosts -n 2 ./stubborn" /dev/null < keys > /dev/null; }
  started_at_terminal &
  job=$!
  exec {keyboard}> keys
  wait_until all_there
  started=$EPOCHREALTIME
  printf '\003' >&"$keyboard"
  wait "$job" || status=$?
  exec {keyboard}>&-
  same 'status after Ctrl-C' "$status" 130
  holds 'Ctrl-C ends the job soon' soon "$started"
  holds 'no process is left after Ctrl-C' all_gone pid.*
}
[[ ! $has_terminal ]] || ends_by_control_c

# A rankrun that is killed hard takes mpirun along, and all of the job that runs here.
rm -f pid.*
"$rankrun" -f hosts -n 2 ./stubborn < /dev/null 2> /dev/null &
job=$!
wait_until all_there
kill -KILL "$job"
wait "$job" 2> /dev/null || true
wait_until all_gone pid.*
wait_until rmdir "$TMPDIR" 2> /dev/null # Open MPI removes its folder there last
mkdir "$TMPDIR"

# What a job that ends well leaves running goes too. (Open MPI waits for those who hold a rank's output.)
succeeds '' "$rankrun" -n 1 sh -c 'setsid sh -c "echo \$\$ > pid.away.0; exec cat never" > /dev/null 2>&1 & until [ -s pid.away.0 ]; do :; done'
holds 'nothing outlives its job' all_gone pid.away.0

# What a shell had started before it became rankrun is not the job's, nor is what that leaves behind.
bash -c "(exec cat never) & echo \$! > pid.before; (exec setsid sh -c 'setsid sh -c \"echo \\\$\\\$ > pid.orphan; exec cat never\" &') & exec '$rankrun' -n 1 true" < /dev/null
wait_until test -s pid.orphan
for file in pid.before pid.orphan; do
  holds "$file is left alone" kill -0 "$(< "$file")"
  kill "$(< "$file")"
done
bash -c "exec '$rankrun' -n 1 sh -c 'for i in 1 2 3 4 5; do echo line \$i; done' > >(sleep 0.5; cat > tee.log)" < /dev/null
wait_until test -s tee.log
same 'a log that is written behind exec' "$(wc -l < tee.log)" 5

# An mpirun that hangs and ignores every signal.
cat > hanging << 'TEXT'
#!/bin/sh
[ "$1" != --version ] || { echo 'mpirun (Open MPI) 5.0.7'; exit; }
trap '' INT TERM HUP
echo "$@" > arguments
echo $$ > pid.mpirun
exec cat never
TEXT
chmod +x hanging
"$rankrun" --mpirun ./hanging -n 1 true < /dev/null &
job=$!
wait_until test -s pid.mpirun
started=$EPOCHREALTIME
kill -TERM "$job"
status=0
wait "$job" || status=$?
same 'status of a job that had to be killed' "$status" 143
holds 'it is killed soon' soon "$started"
holds 'no hanging mpirun is left' all_gone pid.mpirun
same 'what Open MPI 5 is told' "$(< arguments)" \
  "--host localhost:$(nproc) -n 1$allow_root --bind-to none true"

# An mpirun that had to be killed can't remove its files: rankrun does.
"$rankrun" -n 1 sh -c 'echo $PPID > pid.stopped; exec cat never' < /dev/null &
job=$!
wait_until test -s pid.stopped
holds 'mpirun has a session folder' test -n "$(ls -A "$TMPDIR")"
kill -STOP "$(< pid.stopped)"
kill -TERM "$job"
status=0
wait "$job" || status=$?
same 'status of a job whose mpirun was killed' "$status" 143
holds 'no stopped mpirun is left' all_gone pid.stopped
same 'temporary files of an mpirun that was killed' "$(ls -A "$TMPDIR")" ''

# A job on many hosts that could not go on: all of them are asked again, some at a time.
cat > failing << 'TEXT'
#!/bin/sh
[ "$1" != --version ] || { echo 'mpirun (Open MPI) 4.1.4'; exit; }
echo "$2" >> asked
exit 137
TEXT
chmod +x failing
printf '10.%d.0.1\n' {1..250} | sed 'p; s/0.1$/1.1/p; s/1.1$/2.1/p; s/2.1$/3.1/p; s/3.1$/4.1/p; s/4.1$/5.1/' > many
run env RANKWISE_SSH='env true' "$rankrun" --mpirun ./failing -f many --restarts 1 true
same 'status of a job on many hosts' "$status" 137
same 'hosts of its second start' "$(tail -n 1 asked | tr ',' '\n' | wc -l)" 1500

finish
