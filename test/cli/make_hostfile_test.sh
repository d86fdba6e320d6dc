#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# scripts/make-hostfile, with hosts that are played by a script in ssh's place.
# shellcheck source=test/cli/support.sh
source "$(dirname "$0")/support.sh" "$@"

readonly make_hostfile=$source_folder/scripts/make-hostfile
readonly usual_path=$PATH
mkfifo never

# shellcheck disable=SC2016  # variables in single quotes are for the scripts written
# host NAME CORES ARCHITECTURE MPI: what its commands answer
host() {
  local -r bin=$scratch/hosts/$1
  local command
  mkdir -p "$bin"
  printf '#!/bin/sh\necho "${OMP_NUM_THREADS:-%s}"\n' "$2" > "$bin/nproc"
  printf '#!/bin/sh\nif [ "$1" = -n ]; then echo %s; else echo %s; fi\n' "$1" "$3" > "$bin/uname"
  if [[ -n $4 ]]; then printf '#!/bin/sh\ncat << X\n%s\nX\n' "$4" > "$bin/mpirun"; fi
  chmod +x "$bin"/*
  for command in bash sh sed env cat; do ln -s "$(type -P "$command")" "$bin/$command"; done
}

host me 2 x86_64 'mpirun (Open MPI) 4.1.4'
host pi001 4 aarch64 'mpirun (Open MPI) 4.1.6'
host pi002 4 x86_64 'mpirun (Open MPI) 3.1.3'
host pi003 4 x86_64 ''
host pi004 1 x86_64 $'HYDRA build details:\n    Version:       4.0.2\n    Release Date:  2022'
host shim 2 x86_64 $'rankrun 0.1.0 (rankwise)\nover /usr/bin/mpirun: mpirun (Open MPI) 4.1.4'

cat > "$scratch/ssh" << 'TEXT'
#!/usr/bin/env bash
# ssh -n -o BatchMode=yes -o ConnectTimeout=S HOST COMMAND
[[ "$1 $2 $3 $4" == '-n -o BatchMode=yes -o' && $5 == ConnectTimeout=[0-9]* && $# == 7 ]] || exit 99
case $6 in
  silent) exec cat never ;;
  unreachable) echo 'ssh: connect to host unreachable port 22: Connection timed out' >&2 && exit 255 ;;
  refused) printf 'Some banner\nrefused: Permission denied (publickey).\r\n' >&2 && exit 255 ;;
  closed) exit 255 ;;
  hostile) cat "${0%/*}/answer" && exit ;;
  mocking) printf 'refused \033]0;mine\007 # of course\n' >&2 && exit 255 ;;
  greeting) echo 'Welcome! cores=99' && set -- "${@:1:5}" pi001 "$7" ;;
esac
PATH=${0%/*}/hosts/$6 exec sh -c "$7"
TEXT
chmod +x "$scratch/ssh"
export RANKWISE_SSH=$scratch/ssh
export PATH=$scratch/hosts/me:$usual_path
# The real ones, where they are installed, would be asked first.
ln -s mpirun "$scratch/hosts/me/mpirun.openmpi"
ln -s mpirun "$scratch/hosts/me/mpirun.mpich"

kib=$(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo)
memory=$(printf '%d.%d GiB' $((kib / 1048576)) $((kib % 1048576 * 10 / 1048576)))
readonly memory
readonly open_mpi="# Host file in Open MPI's format: a line a host, and how many ranks it takes."
readonly other='(another architecture than here)'

succeeds "$open_mpi
# 1 of 1 host can serve, with 2 slots.
localhost slots=2   # x86_64, 2 cores, $memory, Open MPI 4.1.4" "$make_hostfile"
succeeds "# Host file in MPICH's format: a line a host, and how many ranks it takes.
# 1 of 1 host can serve, with 3 slots.
me:3   # x86_64, 2 cores, $memory, Open MPI 4.1.4" env OMP_NUM_THREADS=7 "$make_hostfile" --format=mpich --slots 3 me

succeeds "$open_mpi
# 2 of 2 hosts can serve, with 3 slots.
# threads=2
# A slot is as many cores: rankrun gives each rank so many threads.
pi001 slots=2   # aarch64, 4 cores, $memory, Open MPI 4.1.6 $other
localhost slots=1   # x86_64, 2 cores, $memory, Open MPI 4.1.4" "$make_hostfile" --threads 2 pi001 localhost

# Every kind of host, in the order given, whatever the order of the answers.
readonly all="$open_mpi
# 4 of 10 hosts can serve, with 12 slots.
# silent   # no answer in 5 s
pi001 slots=4   # aarch64, 4 cores, $memory, Open MPI 4.1.6 $other
# pi002 slots=4   # Open MPI 4.1.4 here, Open MPI 3.1.3 there
# pi003 slots=4   # no MPI found
# unreachable   # no answer in 5 s
localhost slots=2   # x86_64, 2 cores, $memory, Open MPI 4.1.4
# refused   # refused: Permission denied (publickey).
# closed   # no answer: the connection was closed
greeting slots=4   # aarch64, 4 cores, $memory, Open MPI 4.1.6 $other
shim slots=2   # x86_64, 2 cores, $memory, Open MPI 4.1.4"
readonly names=(silent 'pi[001-002,003]' unreachable localhost refused closed greeting shim)
succeeds "$all" "$make_hostfile" --timeout 5 "${names[@]}"
succeeds "$all" "$make_hostfile" --timeout 5 --jobs 1 "${names[@]}"
printf '# the lab\nsilent # always\n\n pi[001-003]\r\nunreachable\nlocalhost' > names
succeeds "$all" "$make_hostfile" --timeout 5 --file names refused closed greeting shim

# Into a file, which is checked, and which rankrun reads.
printf 'old\n' > hosts
succeeds '' "$make_hostfile" --out hosts pi001 pi003
same 'the file written' "$(< hosts)" "$open_mpi
# 1 of 2 hosts can serve, with 4 slots.
pi001 slots=4   # aarch64, 4 cores, $memory, Open MPI 4.1.6 $other
# pi003 slots=4   # no MPI found"
same 'its mode' "$(stat -c %a hosts)" "$(printf '%o' $((0666 & ~$(umask))))"
same 'no file beside it' "$(echo hosts*)" hosts
chmod 600 hosts
ln -s hosts link
mkfifo pipe
cat pipe > piped &
succeeds '' "$make_hostfile" --out link pi001
same 'what a link leads to is written' "$(readlink link) $(grep -c '^pi001 slots=4' hosts)" 'hosts 1'
same 'its mode stays' "$(stat -c %a hosts)" 600
succeeds '' "$make_hostfile" --out pipe pi001
wait $!
same 'a FIFO carries it' "$(stat -c %F pipe) $(grep -c '^pi001 slots=4' piped)" 'fifo 1'
rm link pipe piped
chmod 644 hosts
succeeds "hosts: 1 host, 4 slots, Open MPI's format" "$make_hostfile" --check hosts
succeeds '' "$make_hostfile" --out hosts
succeeds 'word' env PATH="$usual_path" "$rankrun" -f hosts -n 1 echo word

# Whatever a host answers: nothing of it is run, and what is shown of it is plain.
# hostile EXPECTED FIELD=ANSWER...: what is written of a host that answers so.
hostile() {
  local -r expected=$1
  local field
  {
    for field in cores=4 arch=x86_64 kib=1048576 'mpi=Open MPI 4.1.4' "${@:2}"; do printf 'rankwise-%b\n' "$field"; done
    echo rankwise-end
  } > "$scratch/answer"
  # The MPI that is told first counts.
  [[ $2 != mpi=* ]] || sed -i '/^rankwise-mpi=Open MPI 4.1.4$/d' "$scratch/answer"
  run "$make_hostfile" me hostile
  same "status of a host that answers $2" "$status$err" 0
  same "what is written of a host that answers $2" "$(grep hostile "$scratch/out")" "$expected"
  same "what a host runs here that answers $2" "$(ls ran-here 2> /dev/null || true)" ''
}
# shellcheck disable=SC2016  # what a host would have the shell run
for evil in 'names[$(touch ran-here; echo 0)]' 'a[$(touch ran-here)0]' '`touch ran-here`' '1;touch ran-here' '\033]0;mine\007' '99999999999999999999' '-1' '0x10' '1 slots=9' ''; do
  hostile 'hostile slots=4   # x86_64, 4 cores, Open MPI 4.1.4' "kib=$evil"
  hostile '# hostile   # the number of cores is unknown' "cores=$evil"
  hostile '# hostile slots=4   # no MPI found' "mpi=$evil"
done
# shellcheck disable=SC2016
for evil in '$(touch ran-here)' 'x86_64 # slots' '\033[31mred' "$(printf 'x%.0s' {1..100})" ''; do
  hostile 'hostile slots=4   # unknown architecture, 4 cores, 1.0 GiB, Open MPI 4.1.4 (another architecture than here)' "arch=$evil"
done
hostile '# hostile slots=4   # no MPI found' 'mpi=Open MPI 4.1.4\033[31m'
run "$make_hostfile" me mocking
same 'a reason in plain characters' "$(grep mocking "$scratch/out")" '# mocking   # refused ?]0;mine?  of course'

# Hosts with an MPI may serve even where this machine has none; the first of them sets the series.
rm "$scratch/hosts/me/mpirun"
mkdir "$scratch/hosts/tools"
for tool in mktemp timeout rm cat wc head; do ln -s "$(type -P "$tool")" "$scratch/hosts/tools/$tool"; done
succeeds "$open_mpi
# 1 of 3 hosts can serve, with 1 slot.
# me slots=2   # no MPI found
pi004 slots=1   # x86_64, 1 core, $memory, MPICH 4.0.2
# pi001 slots=4   # MPICH 4.0.2 on pi004, Open MPI 4.1.6 there" env PATH="$scratch/hosts/me:$scratch/hosts/tools" "$make_hostfile" me pi004 pi001

# Patterns: a host that does not exist answers with what it was asked for.
cat > echo_ssh << 'TEXT'
#!/bin/sh
echo "$6" >&2
exit 255
TEXT
chmod +x echo_ssh

# expands PATTERN NAME...
expands() {
  run env RANKWISE_SSH=./echo_ssh "$make_hostfile" "$1" localhost
  same "expansion of $1" "$(sed -n 's/^# \(.*\)   # .*/\1/p' "$scratch/out" | tr '\n' ' ')" "${*:2} "
}
expands 'pi[001-003]' pi001 pi002 pi003
expands 'pi[1,3,7-9].lab' pi1.lab pi3.lab pi7.lab pi8.lab pi9.lab
expands 'pi[08-11]' pi08 pi09 pi10 pi11
expands 'pi[8-11]' pi8 pi9 pi10 pi11
expands 'r[1-2]n[01-02]' r1n01 r1n02 r2n01 r2n02
expands '[1-2]x' 1x 2x

# Refusals, and nothing written.
readonly accepted='accepted: a host name, or a pattern such as pi[001-006] or pi[1,3,7-9].lab'
# refuse MESSAGE ARGUMENT...
refuse() {
  local -r message=$1
  shift
  refuses "make-hostfile: $message" "$make_hostfile" "$@"
}
for bad in 'pi[1' 'pi]' 'pi[]' 'pi[a-b]' 'pi[1-]' 'pi[-3]' 'pi[1,,2]' 'pi[1,]' 'pi[1-2-3]' 'pi[[1]]' 'pi 1' 'me@pi' '' '*' 'pi:4'; do
  refuse "found \"$bad\", $accepted" --out new "$bad"
done
refuse 'found "pi[3-1]", accepted: ranges that go up, as in pi[001-006]' --out new 'pi[3-1]'
refuse 'found "pi2" twice, accepted: each host once' 'pi[1-3]' pi2
refuse 'found more than 1000000 hosts' 'pi[0-999999999]'
refuse '-x: found an unknown option, accepted: --out --format --slots --threads --timeout --jobs --file --check --help -h' -x
refuse '--format: found "slurm", accepted: openmpi, mpich' --format slurm
for option in --slots --timeout --jobs; do
  for value in 0 -1 x '' 1000001; do
    refuse "$option: found \"$value\", accepted: a whole number from 1 to 1000000" "$option" "$value"
  done
  refuse "$option: found nothing after it, accepted: a value (make-hostfile --help)" "$option"
done
refuse '--file: found "nowhere", accepted: a file of host names that can be read' --file nowhere
printf 'pi001\n\npi[2\n' > bad_names
refuse "bad_names:3: found \"pi[2\", $accepted" --file bad_names
refuse '--out: found "no/such/folder", accepted: a file in a directory that can be written, or -' --out no/such/folder
refuse '--out: found ".", accepted: a file in a directory that can be written, or -' --out .
printf '# none\n' > empty_names
refuse '--file: found "empty_names" without a host, accepted: a file with at least one' --file empty_names
refuse 'found no host that can serve (refused: refused: Permission denied (publickey).; pi003: no MPI found), accepted: at least one with MPI that answers' \
  --out new refused pi003
refuses "make-hostfile: found no ssh to ask other hosts with (\"no-such-ssh\"), accepted: apt install openssh-client, or RANKWISE_SSH" \
  env RANKWISE_SSH=no-such-ssh "$make_hostfile" --out new pi001

# --check, line by line.
readonly line='accepted: "name", "name slots=N [max_slots=M]" (Open MPI) or "name:N" (MPICH), N from 1'
printf '\xef\xbb\xbfpi slots=2\r\n' > marked
succeeds "marked: 1 host, 2 slots, Open MPI's format" "$make_hostfile" --check marked
printf '\xef\xbb\xbfpi001\r\n' > marked
run "$make_hostfile" --file marked
same 'names behind a byte-order mark' "$status$err" 0
rm marked
same 'what --help and -h print' "$("$make_hostfile" --help)" "$("$make_hostfile" -h)"
for shown in --help "--check $PWD/full_checked"; do
  echo pi > full_checked
  status=0
  # shellcheck disable=SC2086  # two words
  "$make_hostfile" $shown > /dev/full 2> "$scratch/err" || status=$?
  same "status of $shown that can't be printed" "$status" 1
done
rm full_checked
readonly good_lines=('pi' 'pi slots=2' 'pi  slots=2   max_slots=4 # why' 'pi max-slots=2' 'pi:4' 'pi:04')
readonly bad_lines=('pi slots=0' 'pi slots' 'pi slots=' 'pi slots = 2' 'pi slots=2 slots=2' 'pi slots=4 max_slots=2'
  'pi cores=2' 'pi pi2' 'pi:0' 'pi:' 'pi:2:3' 'pi:2 slots=2' ':2' 'me@pi' '-o pi' 'pi slots=1000001' 'pi,pi2')
for good in "${good_lines[@]}"; do
  printf '%s\n' "$good" > checked
  run "$make_hostfile" --check checked
  same "status of the check of $good" "$status$err" 0
  run env PATH="$usual_path" "$rankrun" --dry-run -f checked -n 1 true
  same "what rankrun says of $good" "${err##*found \"pi\", }" "a host that does not resolve, accepted: a name that the resolver (getent hosts) or ssh's configuration knows"
done
for bad in "${bad_lines[@]}"; do
  printf 'localhost\n%s\n' "$bad" > checked
  refuses "checked:2: found \"$bad\", $line" "$make_hostfile" --check checked
  refuses "rankrun: checked:2: found \"$bad\", $line" "$rankrun" -f checked -n 1 true
done
printf 'a:2\nb\nx y\nc slots=1\n' > checked
refuses "checked:3: found \"x y\", $line
checked:4: found \"c slots=1\" after lines in MPICH's format, accepted: one format in a file" \
  "$make_hostfile" --check checked
refuses "empty_names: no slots: found no host, $line" "$make_hostfile" --check empty_names
refuse '--check: found "nowhere", accepted: a host file that can be read' --check nowhere
printf 'a\na:2\nb:3\n' > checked
succeeds "checked: 2 hosts, 6 slots, MPICH's format" "$make_hostfile" --check checked

# The examples.
for file in "$source_folder"/hostfiles/*.hosts; do
  run "$make_hostfile" --check "$file"
  same "check of $file" "$status$err" 0
done

finish
