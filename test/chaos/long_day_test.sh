#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Short maps for long: rank 3 of 4 is frozen past the time-out and thawed again and again, ranks 1 and 2 are killed on the
# way. What root and survivors hold in memory must stay flat, and a job that waits must leave the cores alone.
#   long_day_test.sh SOURCE_FOLDER RANKRUN LONG_DAY [SECONDS [SECONDS_FROM_FREEZE_TO_FREEZE]]
# shellcheck source=test/cli/support.sh disable=SC2154
source "$1/test/cli/support.sh" "$1" "$2"
readonly long_day=$3 seconds=${4:-18} period=${5:-3} most_growth_kib=5120 idle_seconds=5
# A real core's 2 %, at most, where nothing else runs: the short run shares its cores with other tests.
readonly most_idle_permille=$((seconds >= 60 ? 20 : 60))

resident_kib() { awk '/^VmRSS:/ { print $2 }' "/proc/$1/status"; }
# Time on a core, in ms.
busy_ms() { sed 's/.*) //' "/proc/$1/stat" | awk -v hz="$(getconf CLK_TCK)" '{ print int(($12 + $13) * 1000 / hz) }'; }
now_ms() { echo $((${EPOCHREALTIME/./} / 1000)); }

"$rankrun" --oversubscribe -n 4 "$long_day" --quiet --heartbeat-timeout 1 --marks "$PWD" < /dev/null > out 2> err &
job=$!
is_joined() { [[ $(grep -c '^process ' out) == 4 ]] || ! kill -0 "$job" 2> /dev/null; }
wait_until is_joined
mapfile -t process < <(sed -n 's/^process //p' out)

# look RANK...: notes what they hold, and how far that is from the least and the most of this part of the day.
declare -A least most
worst=0
look() {
  local rank kib
  for rank in "$@"; do
    kib=$(resident_kib "${process[rank]}")
    ((kib >= ${least[$rank]:-$kib})) || least[$rank]=$kib
    ((kib <= ${most[$rank]:-$kib})) || most[$rank]=$kib
    : "${least[$rank]:=$kib}" "${most[$rank]:=$kib}"
    ((most[$rank] - least[$rank] <= worst)) || worst=$((most[$rank] - least[$rank]))
  done
}

begin=$(now_ms)
warm=$((seconds >= 180 ? 60000 : seconds * 1000 / 6))
alive=(0 1 2 3) part=0 is_frozen='' part_name=(warm whole 'after a kill' 'after two kills') n_frozen=0
while at=$(($(now_ms) - begin)) && ((at < seconds * 1000)) && kill -0 "$job" 2> /dev/null; do
  if ((part == 0 && at >= warm)); then part=1 least=() most=() worst=0; fi
  for rank in 1 2; do
    if ((part == rank && at >= seconds * 1000 * rank / 3)); then
      same "growth in KiB, ${part_name[part]}, at most $most_growth_kib" "$((worst > most_growth_kib ? worst : 0))" 0
      printf '%s: %d ranks grew by at most %d KiB; root %d KiB\n' "${part_name[part]}" ${#alive[@]} "$worst" "${most[0]}"
      kill -KILL "${process[rank]}"
      unset "alive[rank]"
      part=$((rank + 1)) settles_at=$((at + 2000))
    fi
  done
  if [[ ${settles_at-} ]] && ((at >= settles_at)); then settles_at='' least=() most=() worst=0; fi
  if ((at % (period * 1000) < 2000)); then
    [[ $is_frozen ]] || n_frozen=$((n_frozen + 1))
    [[ $is_frozen ]] || kill -STOP "${process[3]}"
    is_frozen=yes
  elif [[ $is_frozen ]]; then
    kill -CONT "${process[3]}"
    is_frozen=''
  fi
  look "${alive[@]}"
  sleep 0.2
done
kill -CONT "${process[3]}" 2> /dev/null || true
same "growth in KiB, ${part_name[part]}, at most $most_growth_kib" "$((worst > most_growth_kib ? worst : 0))" 0
printf '%s: %d ranks grew by at most %d KiB; root %d KiB\n' "${part_name[part]}" ${#alive[@]} "$worst" "${most[0]}"

: > idle
is_idle() { grep -q '^idle' out || ! kill -0 "$job" 2> /dev/null; }
wait_until is_idle
sleep 1
before=() begin=$(now_ms)
for rank in "${alive[@]}"; do before[rank]=$(busy_ms "${process[rank]}"); done
sleep "$idle_seconds"
for rank in "${alive[@]}"; do
  permille=$((($(busy_ms "${process[rank]}") - before[rank]) * 1000 / ($(now_ms) - begin)))
  printf 'idle: rank %d takes %d per mille of a core\n' "$rank" "$permille"
  same "per mille of a core that idle rank $rank takes, at most $most_idle_permille" \
    "$((permille > most_idle_permille ? permille : 0))" 0
done
: > end
status=0
wait "$job" || status=$?
same status "$status" 0
holds 'maps were run' grep -q '^maps [1-9]' out
printf '%s; rank 3 was frozen %d times\n' "$(tail -n 1 out)" "$n_frozen"
[[ $status == 0 ]] || cat err
finish
