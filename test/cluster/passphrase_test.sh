#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Where the passphrase of a job on three pretend hosts is to be found: passphrase_test.sh SOURCE_FOLDER RANKRUN RSA_KEYGEN
# Nowhere but in its file: in no command line or environment of any process, in no packet, in no other file.
# Status 77 where this machine gives no such hosts.
# shellcheck source=test/cli/support.sh disable=SC2154
source "$1/test/cli/support.sh" "$1" "$2"
readonly rsa_keygen=$3 hosts=$1/test/cluster/hosts.sh secret=unfindable-7f3a91c2-passphrase

if ! "$hosts" up 3 2> why || ! "$hosts" agent 10.77.0.1 true 2>> why; then
  echo "passphrase_test.sh: left out, since no pretend hosts can be made here: $(tail -n 1 why)"
  exit 77
fi
trap '"$hosts" down; rm -rf "$scratch"' EXIT

# All that crosses the switch, as it is, until the process is ended.
cat > capture.py << 'END'
import socket, sys
packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.ntohs(3))
with open(sys.argv[1], "wb", buffering=0) as out:
    while True:
        out.write(packets.recv(1 << 16))
END
ip netns exec rankwise-test-switch python3 capture.py capture &
readonly capture=$!
wait_until test -e capture

(umask 077 && printf '%s\n' "$secret" > passphrase)
setsid "$hosts" agent 10.77.0.1 cd "$PWD" '&&' OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 \
  "$rankrun" -H 10.77.0.1,10.77.0.2,10.77.0.3 -n 3 --mca plm_rsh_agent "'$hosts agent'" -wdir "$PWD" \
  "$rsa_keygen" --progress none --count 30 --bits 2048 --out keys --gather --passphrase file:passphrase \
  > "$scratch/out" 2> "$scratch/err" < /dev/null &
readonly job=$!

# Looks through all processes, again and again: what a look has found goes to `seen`, what it has looked at to `looked`.
: > seen
: > looked
while kill -0 "$job" 2> /dev/null; do
  for address in 10.77.0.1 10.77.0.2 10.77.0.3; do
    "$hosts" processes "$address" "$rsa_keygen" >> looked
  done
  grep -laF -e "$secret" /proc/[0-9]*/environ /proc/[0-9]*/cmdline >> seen 2> /dev/null || true
done
status=0
wait "$job" || status=$?
same 'status' "$status" 0
kill "$capture"
wait "$capture" || true

holds 'ranks were looked at while they ran' grep -qx 1 looked
same 'processes that show the passphrase' "$(cat seen)" ''
holds 'packets of the job were captured' grep -qaF 'rsa_keygen' capture
holds 'public keys were captured' grep -qaF 'BEGIN PUBLIC KEY' capture
same 'packets that hold the passphrase' "$(grep -caF "$secret" capture || true)" 0
same 'packets that hold a private key' "$(grep -ca 'BEGIN PRIVATE KEY\|BEGIN RSA PRIVATE KEY' capture || true)" 0
rm -rf "$TMPDIR"/ompi.*
same 'files that hold the passphrase' "$(grep -rlaF "$secret" "$scratch" /dev/shm || true)" "$scratch/work/passphrase"
for key in keys/*.pem; do
  holds "$key opens with the passphrase" openssl pkey -in "$key" -passin file:passphrase -check -noout > /dev/null
done
same 'keys' "$(find keys -name '*.pem' | wc -l)" 30

finish
