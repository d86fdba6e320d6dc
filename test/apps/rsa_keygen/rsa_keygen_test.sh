#!/bin/bash
# SPDX-License-Identifier: MIT
# rsa_keygen as its users run it, with the openssl program as the judge.
#   rsa_keygen_test.sh PROGRAM CASE
# shellcheck source=test/apps/support.sh
source "$(dirname "$0")/../support.sh" "$1"

# member NAME: of each JSON line of `out` that describes a key.
member() {
  grep '"fingerprint"' out | sed -E "s/.*\"$1\":\"?([^,\"}]*).*/\1/"
}

# check_keys DIR COUNT BITS [OPENSSL-OPTION...]: all files of a job are there, right, and as `out` says; nothing else is.
check_keys() {
  local directory=$1 count=$2 bits=$3 index name modulus moduli=""
  shift 3
  expect "mode of $directory" "$(stat -c %a "$directory")" 700
  expect "files" "$(find "$directory" -mindepth 1 | wc -l)" $((2 * count))
  expect "indices" "$(member index | tr '\n' ' ')" "$(seq 0 $((count - 1)) | tr '\n' ' ')"
  mapfile -t fingerprints < <(member fingerprint)
  for ((index = 0; index < count; ++index)); do
    name=$directory/$(printf 'key-%06d' "$index")
    expect "mode of $name.pem" "$(stat -c %a "$name.pem")" 600
    openssl pkey -in "$name.pem" "$@" -check -noout >/dev/null || fail "openssl refuses $name.pem"
    openssl pkey -in "$name.pem" "$@" -pubout | cmp - "$name.pub" || fail "$name.pub is of another key"
    expect "fingerprint of $name" \
      "$(openssl pkey -pubin -in "$name.pub" -outform DER | sha256sum | cut -d' ' -f1)" "${fingerprints[index]}"
    modulus=$(openssl rsa -pubin -in "$name.pub" -noout -modulus)
    expect "bits of $name" $((4 * $(printf %s "${modulus#Modulus=}" | wc -c))) "$bits"
    moduli+=$modulus$'\n'
  done
  expect "moduli with a common factor" "$(printf %s "$moduli" | sed 's/^Modulus=//' | python3 -c '
import math, sys
product, shared = 1, 0
for line in sys.stdin:
    modulus = int(line, 16)
    shared += math.gcd(modulus, product) != 1
    product *= modulus
print(shared)')" 0
}

case_keys_of_2048_bits_on_2_ranks() {
  ranks 2 --count 64 --bits 2048 --out keys --json || fail "status $?"
  check_keys keys 64 2048
  expect "ranks at work" "$(member rank | sort -u | tr '\n' ' ')" "0 1 "
  expect "hosts" "$(member host | sort -u)" "$(hostname)"
  grep -q '^{"keys":64,"bits":2048,"ranks":2,' out || fail "no summary"
}

case_exercised_keys_of_1024_bits_on_3_ranks() {
  ranks 3 --count 32 --bits 1024 --exercise --out keys --json || fail "status $?"
  check_keys keys 32 1024
  grep -q '^rsa_keygen: warning: --bits 1024: ' err || fail "no warning of 1024 bits"
}

case_larger_keys_without_mpirun() {
  for bits in 3072 4096; do
    alone --count 2 --bits "$bits" --out "keys-$bits/" --json || fail "status $?"
    check_keys "keys-$bits" 2 "$bits"
  done
}

case_keys_of_nettle() {
  if [ "$(alone --engine nettle --count 0 --out no || grep -c 'built without nettle' err)" = 1 ]; then
    echo "left out: this program was built without nettle"
    return
  fi
  ranks 2 --engine nettle --exercise --count 40 --bits 2048 --out keys --json || fail "status $?"
  check_keys keys 40 2048
  for bits in 1024 3072 4096; do
    alone --engine nettle --count 2 --bits "$bits" --out "keys-$bits" --json || fail "status $?"
    check_keys "keys-$bits" 2 "$bits"
  done
}

case_table() {
  ranks 2 --count 3 --bits 1024 --out keys || fail "status $?"
  expect "heading" "$(head -n 1 out | tr -s ' ')" " index bits fingerprint (SHA-256 of the public key's DER) rank host time/s"
  expect "rows" "$(grep -cE '^ +[0-2]  1024  [0-9a-f]{64}  ' out)" 3
  expect "line of the rate" "$(grep -cE '^3 keys of 1024 bits in [0-9.]+ s on 2 ranks: [0-9.]+ \([0-9.]+ to [0-9.]+\) keys/s' out)" 1
  ranks 2 --count 3 --bits 1024 --out quiet --quiet || fail "status $?"
  expect "lines with --quiet" "$(wc -l <out)" 1
}

case_gathered_keys() {
  umask 077
  echo 'correct horse battery staple' >passphrase
  ranks 2 --count 4 --bits 1024 --out keys --json --gather --passphrase file:passphrase || fail "status $?"
  check_keys keys 4 1024 -passin file:passphrase
  expect "encrypted files" "$(grep -l 'BEGIN ENCRYPTED PRIVATE KEY' keys/*.pem | wc -l)" 4
  openssl asn1parse -in keys/key-000000.pem > structure
  grep -q aes-256-cbc structure || fail "not AES-256"
  ! openssl pkey -in keys/key-000000.pem -passin pass:wrong -noout 2>/dev/null || fail "any passphrase will do"

  # What openssl takes from the same place opens the keys.
  printf 'horse \r\nbattery' | "$program" "${always[@]}" --count 2 --bits 1024 --out input --json --gather --passphrase stdin > out 2> err ||
    fail "status $?"
  check_keys input 2 1024 -passin $'pass:horse \r'
  alone --count 2 --bits 1024 --out descriptor --json --gather --passphrase fd:7 7< passphrase || fail "status $?"
  check_keys descriptor 2 1024 -passin file:passphrase
  chmod 644 passphrase
  alone --count 1 --bits 1024 --out open --gather --passphrase file:passphrase || fail "status $?"
  grep -qx 'rsa_keygen: warning: --passphrase file:passphrase: others may read it (chmod 600 passphrase)' err ||
    fail "no warning of an open file"
}

case_speed_up() {
  local cores
  cores=$(getconf _NPROCESSORS_ONLN)
  ranks 2 --count 20 --bits 1024 --out keys --json --speedup || fail "status $?"
  check_keys keys 20 1024
  expect "runs" "$(grep -c '"paper_seconds"' out)" 2
  grep -q '^{"ranks":1,.*"speed_up":1.0000,.*"paper_seconds":133.9}$' out || fail "no run on one rank"
  ranks $((cores + 1)) --count 40 --bits 1024 --out more --speedup || fail "status $?"
  expect "oversubscribed" "$(grep -cE "^ +$((cores + 1)) .* oversubscribed +-" out)" 1
}

case_resumed_keys() {
  local job
  "$program" "${always[@]}" --count 40 --bits 2048 --out keys --journal keys.db > out 2> err &
  job=$!
  until compgen -G 'keys/key-*.pem' > /dev/null; do
    kill -0 "$job" 2> /dev/null || fail "the job ended by itself"
    sleep 0.02
  done
  expect "core dumps" "$(awk '/^Max core file size/ { print $5 <= 1, $6 <= 1 }' "/proc/$job/limits")" "1 1"
  sleep 0.5
  kill -KILL "$job"
  ! wait "$job" || fail "status 0 after the job was killed"
  if alone --count 40 --bits 2048 --out keys --journal keys.db; then fail "a journal that is there was taken for a new one"; fi
  ranks 2 --count 40 --bits 2048 --out keys --json --journal keys.db --resume || fail "status $?"
  check_keys keys 40 2048
  grep -q '^rankwise: keys.db holds [1-9][0-9]* of 40 items of pool::map$' err || fail "nothing was resumed"
  ! grep -q 'PRIVATE' keys.db || fail "private keys are in the journal"
  for also in '--gather (private keys do not go into a journal)' --speedup; do
    ! alone --count 1 --out other --journal other.db "${also%% *}" || fail "status 0 with ${also%% *}"
    expect "message" "$(cat err)" "rsa_keygen: --journal: found beside $also, accepted: one of them"
  done
}

case_resumed_keys_that_are_done() {
  local job=(--count 6 --bits 1024 --out keys --journal keys.db) before
  ranks 2 "${job[@]}" --quiet || fail "status $?"
  ranks 3 "${job[@]}" --quiet --resume || fail "status $?"
  expect "summary where nothing was made" "$(cat out)" "6 keys of 1024 bits, all from the journal"
  expect "files beside the journal" "$(ls keys.db*)" keys.db

  before=$(cat keys/*.pub | sha256sum)
  rm keys/key-000003.pem keys/key-000005.pub
  ranks 2 "${job[@]}" --json --resume || fail "status $?"
  grep -q "^rsa_keygen: the private file of key 3 is gone from $(hostname): the key is made again\$" err || fail "the loss is not said"
  grep -q '^{"keys":6,"bits":1024,"ranks":2,"made":1,' out || fail "not one key was made"
  check_keys keys 6 1024
  [ "$before" != "$(cat keys/*.pub | sha256sum)" ] || fail "key 3 is the one of before"
  alone "${job[@]}" --json --resume || fail "status $?"
  check_keys keys 6 1024  # the journal has the new key 3

  local fits="accepted: the same program with the same options and input, or a new journal"
  local misfit="rsa_keygen: keys.db: call 1 of the body does not fit: found"
  ! alone --count 6 --bits 2048 --out keys --journal keys.db --resume || fail "other bits were taken"
  expect "message" "$(cat err)" "$misfit --bits 2048, and the journal has --bits 1024; $fits"
  ! ranks 2 --count 6 --bits 1024 --out other --exercise --journal keys.db --resume || fail "another directory was taken"
  expect "message" "$(grep "$misfit" err)" "$misfit --exercise, --out other, and the journal has no --exercise, --out keys; $fits"
  expect "directories" "$(ls -d -- */)" keys/
}

# refused MESSAGE OPTION...: MESSAGE is all that is said, status 2, no file is made or changed.
refused() {
  local message=$1 before status=0
  shift
  before=$(find . -mindepth 1 ! -name out ! -name err | sort)
  "$program" "$@" >out 2>err || status=$?
  expect "message of $*" "$(cat err)" "$message"
  expect "status of $*" "$status" 2
  expect "output of $*" "$(cat out)" ""
  expect "files after $*" "$(find . -mindepth 1 ! -name out ! -name err | sort)" "$before"
}

# refused_by_ranks MESSAGE OPTION...: also on 2 ranks, where MPI starts before the fault is seen and mpirun adds its own.
refused_by_ranks() {
  local message=$1 before status=0
  refused "$@"
  shift
  before=$(find . -mindepth 1 ! -name out ! -name err | sort)
  ranks 2 "$@" || status=$?
  expect "message of $* on 2 ranks" "$(grep '^rsa_keygen: ' err)" "$message"
  expect "status of $* on 2 ranks" "$status" 2
  expect "files after $* on 2 ranks" "$(find . -mindepth 1 ! -name out ! -name err | sort)" "$before"
}

case_bad_inputs() {
  local here
  here=$(pwd -P)
  mkdir -m 700 full closed
  echo old >full/key-000003.pem
  mkdir -m 755 open
  echo >file
  printf '\n' >empty
  refused 'rsa_keygen: --out: missing; see --help' --count 1
  refused 'rsa_keygen: --out: found "", accepted: DIR' --out ''
  refused 'rsa_keygen: --count: found "0", accepted: a whole number from 1 to 100000000' --count 0 --out keys
  refused 'rsa_keygen: --count: found "-3", accepted: a whole number from 1 to 100000000' --count=-3 --out keys
  refused 'rsa_keygen: --bits: found "1000", accepted: 1024, 2048, 3072, 4096' --bits 1000 --out keys
  refused 'rsa_keygen: --bits: found "2048x", accepted: 1024, 2048, 3072, 4096' --bits 2048x --out keys
  refused_by_ranks 'rsa_keygen: unknown option --counts; did you mean --count? See --help' --counts 1 --out keys
  refused_by_ranks "rsa_keygen: --out $here/full: holds key-000003.pem already; accepted: a directory without key-* files" \
    --count 1 --out full
  expect "the old key" "$(cat full/key-000003.pem)" old
  refused "rsa_keygen: --out $here/open: has mode 0755, which lets others in; accepted: 0700 (chmod 700 $here/open)" \
    --count 1 --out open
  refused "rsa_keygen: --out $here/file: is not a directory" --count 1 --out file
  refused "rsa_keygen: --out $here/file/keys: cannot look at it: Not a directory" --count 1 --out file/keys
  refused "rsa_keygen: --out $here/no/keys: cannot make the directory: No such file or directory" --count 1 --out no/keys
  refused_by_ranks "rsa_keygen: --out /proc/no_keys: cannot make the directory: No such file or directory" --count 1 --out /proc/no_keys
  local places='accepted: file:PATH, fd:N, stdin' where='every process that the job starts inherits a variable, on every host'
  refused_by_ranks 'rsa_keygen: --gather: found no --passphrase, accepted: --passphrase file:PATH, fd:N, stdin' \
    --count 1 --out keys --gather
  refused 'rsa_keygen: --passphrase file:no: cannot read it: No such file or directory' \
    --count 1 --out keys --gather --passphrase file:no
  refused 'rsa_keygen: --passphrase file:empty: a passphrase of 0 bytes; accepted: 1 to 1023, none of them NUL' \
    --count 1 --out keys --gather --passphrase file:empty
  refused 'rsa_keygen: --passphrase: only accepted with --gather' --count 1 --out keys --passphrase file:file
  refused "rsa_keygen: --passphrase: found env:NAME, $places; $where" --count 1 --out keys --gather --passphrase env:NAME
  refused "rsa_keygen: --passphrase: found pass:..., $places; every user of a host can read a command line" \
    --count 1 --out keys --gather --passphrase pass:horse
  RANKWISE_PASSPHRASE=horse refused \
    "rsa_keygen: RANKWISE_PASSPHRASE: found a passphrase in a variable, accepted: --passphrase file:PATH, fd:N, stdin; $where" \
    --count 1 --out keys --gather
  refused 'rsa_keygen: --journal: found "", accepted: FILE' --count 1 --out keys --journal ''
  refused 'rsa_keygen: :memory:: found a name that SQLite takes for more than a file'"'"'s, accepted: ./:memory:' \
    --count 1 --out keys --journal :memory:
  refused 'rsa_keygen: --engine: found "gmp", accepted: openssl, nettle' --count 1 --out keys --engine gmp
}

case_killed_rank_leaves_whole_files() {
  local mpirun_id children name
  mpirun --oversubscribe -n 2 "$program" --progress none --count 4000 --bits 2048 --out keys >out 2>err &
  mpirun_id=$!
  until compgen -G 'keys/key-*.pem' >/dev/null; do
    kill -0 "$mpirun_id" 2>/dev/null || fail "the job ended by itself"
    sleep 0.05
  done
  read -ra children <<<"$(cat "/proc/$mpirun_id/task/"*/children)"
  kill -KILL "${children[-1]}"
  ! wait "$mpirun_id" || fail "status 0 after a rank was killed"
  expect "files that are not private keys" "$(find keys -mindepth 1 ! -name 'key-??????.pem')" ""
  for name in keys/*; do openssl pkey -in "$name" -check -noout >/dev/null || fail "$name is not whole"; done
}

"case_$2"
