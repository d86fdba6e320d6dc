#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# cookbook_test.sh SOURCE_DIRECTORY TOP_WORDS INVERTED_INDEX NEW_WORDS LAUNCHER...: the cookbook's programs find what
# coreutils find, without a launcher and with it.
set -euo pipefail
export LC_ALL=C

source=$1 top_words=$2 inverted_index=$3 new_words=$4
shift 4

fail() {
  printf 'cookbook_test: %s\n' "$1" >&2
  exit 1
}

# compare PROGRAM INPUT EXPECTED LAUNCHER...
compare() {
  local -r program=$1 input=$2 expected=$3
  shift 3
  diff <(printf '%s\n' "$expected") <("$program" --quiet "$input") || fail "$program alone (above: < expected, > found)"
  diff <(printf '%s\n' "$expected") <("$@" "$program" --quiet "$input") || fail "$program with $* (above: < expected, > found)"
}

texts=$(mktemp -d)
trap 'rm -rf "$texts"' EXIT
cp "$source/README.md" "$source/docs/cookbook.md" "$source/LICENSE" "$texts"
expected=$(for file in "$texts"/*; do
  tr -cs 'A-Za-z' '\n' < "$file" | tr '[:upper:]' '[:lower:]' | sed '/^$/d' | sort -u | sed "s|\$|: $file|"
done | sort -s -t : -k 1,1 | awk -F ': ' '$1 == word { line = line ", " $2; next } { if (NR > 1) print line; word = $1; line = $0 } END { print line }')
(($(wc -l <<< "$expected") > 500)) || fail 'the texts have fewer than 500 words'
compare "$inverted_index" "$texts" "$expected" "$@"

expected=$(cat "$texts"/* | tr -s '[:space:]' '\n' | sed '/^$/d' | sort | uniq -c | awk '{ print $1 "\t" $2 }' |
  sort -t $'\t' -k 1,1nr -k 2 | sed -n 1,10p)
compare "$top_words" "$texts" "$expected" "$@"

expected=$(awk '{ n = 0; for (i = 1; i <= NF; ++i) n += !known[$i]++; print NR ": " n }' "$source/README.md")
compare "$new_words" "$source/README.md" "$expected" "$@"
