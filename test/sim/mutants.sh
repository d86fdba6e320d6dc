# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# For the tests that change lines of the library, to see whether the simulation finds that: source mutants.sh SOURCE_FOLDER.
# All mutations are compiled into one program, which has the one that RANKWISE_TEST_MUTATION names; 0 is none.
set -euo pipefail
readonly source_folder=$1
scratch=$(mktemp -d)
readonly scratch
trap 'rm -rf "$scratch"' EXIT
cp -r "$source_folder/scheduler/rankwise" "$scratch"
names=(none)
n_failed=0

# mutate NAME FILE OLD NEW: in the file the only OLD becomes NEW, in which MUTANT is true for this mutation alone.
mutate() {
  local -r name=$1 file=$scratch/rankwise/$2 old=$3 new=${4//MUTANT/rankwise_mutant(${#names[@]})}
  names+=("$name")
  if [[ $(grep -cF -- "$old" "$file") != 1 ]]; then
    echo "FAILED: $name: $2 has not exactly one line with: $old"
    n_failed=$((n_failed + 1))
    return
  fi
  OLD=$old NEW=$new awk '{ at = index($0, ENVIRON["OLD"])
    if (at) $0 = substr($0, 1, at - 1) ENVIRON["NEW"] substr($0, at + length(ENVIRON["OLD"])); print }' \
    "$file" > "$scratch/mutated"
  mv "$scratch/mutated" "$file"
}

# build_mutants COMPILER OPTION...: makes the program of all mutations.
build_mutants() {
  ((n_failed == 0)) || exit 1
  cat > "$scratch/mutant.hpp" << 'END'
#pragma once
#include <cstdlib>
inline bool rankwise_mutant(int number) {
  static const char* const text = std::getenv("RANKWISE_TEST_MUTATION");
  return text != nullptr && std::atoi(text) == number;
}
END
  "$1" -std=c++20 -w -include "$scratch/mutant.hpp" -I"$scratch" -I"$source_folder/test/support" \
    -o "$scratch/mutants" "${@:2}"
}

# find_mutants TESTS: each mutation must fail the program's test within 1,000 schedules, and the program without one must not.
find_mutants() {
  local number name found
  for number in "${!names[@]}"; do
    name=${names[number]}
    if RANKWISE_TEST_MUTATION=$number RANKWISE_TEST_SCHEDULES=1000 "$scratch/mutants" --abort "$1" > "$scratch/out"; then
      ((number == 0)) && continue
      echo "FAILED: $name: 1,000 schedules did not find it"
      n_failed=$((n_failed + 1))
    elif ((number == 0)); then
      echo 'FAILED: without a mutation the schedules fail too'
      n_failed=$((n_failed + 1))
    else
      found=$(grep -o -m 1 'RANKWISE_TEST_SEED=[0-9]*' "$scratch/out" || echo 'a crash')
      echo "$name: found, first by $found"
    fi
  done
  exit "$((n_failed != 0))"
}
