#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Pretend hosts on this machine, for jobs over several: each has its own network, name and process numbers. Linux, root.
#   hosts.sh up N             makes hosts 1 to N, with the addresses 10.77.0.1 to 10.77.0.N; fails where that can't be had
#   hosts.sh agent [OPTION...] ADDRESS COMMAND...   runs a command there, as ssh does; for mpirun and for RANKWISE_SSH
#   hosts.sh crash ADDRESS    as a loss of power: nothing runs there any more, and nobody is told
#   hosts.sh cut ADDRESS      takes it off the network
#   hosts.sh processes ADDRESS COMMAND   how many processes there run the program COMMAND
#   hosts.sh down
set -euo pipefail
readonly prefix=rankwise-test network=10.77.0

fail() {
  printf 'hosts.sh: %s\n' "$1" >&2
  exit 1
}

# space ADDRESS: its network namespace.
space() {
  printf "%s-%s" "$prefix" "${1##*.}"
}

up() {
  local number name
  down
  ip netns add "$prefix-switch"
  ip -n "$prefix-switch" link add switch type bridge
  ip -n "$prefix-switch" link set switch up
  for ((number = 1; number <= $1; ++number)); do
    name=$prefix-$number
    ip netns add "$name"
    ip -n "$prefix-switch" link add "port$number" type veth peer name eth0 netns "$name"
    ip -n "$prefix-switch" link set "port$number" master switch up
    ip -n "$name" addr add "$network.$number/24" dev eth0
    ip -n "$name" link set eth0 up
    ip -n "$name" link set lo up
  done
}

agent() {
  local name
  while [[ ${1:-} == -* ]]; do
    [[ $1 != -o ]] || shift
    shift
  done
  name=$(space "$1")
  shift
  # As ssh would find a host that is off, or cut off.
  ip -n "$name" link show eth0 up | grep -q 'state UP' || exit 255
  # shellcheck disable=SC2016  # for the shell inside
  exec ip netns exec "$name" unshare --uts --pid --fork --kill-child --mount-proc \
    sh -c 'hostname "$1" && shift && exec sh -c "$*"' sh "$name" "$@"
}

cut() {
  ip -n "$(space "$1")" link set eth0 down
}

# kill_all NAMESPACE
kill_all() {
  local pids
  pids=$(ip netns pids "$1")
  # shellcheck disable=SC2086  # one word each
  [[ ! $pids ]] || kill -KILL $pids 2> /dev/null || true
}

crash() {
  cut "$1"
  kill_all "$(space "$1")"
}

processes() {
  local pid n=0
  for pid in $(ip netns pids "$(space "$1")"); do
    [[ $(tr '\0' '\n' < "/proc/$pid/cmdline" 2> /dev/null | head -n 1) != "$2" ]] || n=$((n + 1))
  done
  echo "$n"
}

down() {
  local name
  for name in $(ip netns list | awk -v prefix="$prefix-" 'index($1, prefix) == 1 { print $1 }'); do
    kill_all "$name"
    ip netns del "$name"
  done
}

case ${1:-} in
  up | agent | crash | cut | processes | down) "$@" ;;
  *) fail "found \"${1:-}\", accepted: up, agent, crash, cut, processes, down" ;;
esac
