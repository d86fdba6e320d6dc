#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# cookbook_test.sh SOURCE_DIRECTORY TOP_WORDS INVERTED_INDEX LAUNCHER...: the cookbook's code blocks are the programs
# beside this script, and find what coreutils find, without a launcher and with it.
set -euo pipefail
export LC_ALL=C

source=$1 top_words=$2 inverted_index=$3
shift 3

fail() {
  printf 'cookbook_test: %s\n' "$1" >&2
  exit 1
}

# The blocks of C++, in their order.
# shellcheck disable=SC2016
shown=$(sed -n '/^```cpp$/,/^```$/ { /^```/d; p }' "$source/docs/cookbook.md")
diff <(printf '%s\n' "$shown") <(cat "$source/test/readme/top_words.cpp" "$source/test/readme/inverted_index.cpp") ||
  fail 'the code in docs/cookbook.md is not that of test/readme (above: < cookbook, > files)'

# compare PROGRAM EXPECTED LAUNCHER...
compare() {
  local -r program=$1 expected=$2
  shift 2
  diff <(printf '%s\n' "$expected") <("$program" --quiet "$texts") || fail "$program alone (above: < expected, > found)"
  diff <(printf '%s\n' "$expected") <("$@" "$program" --quiet "$texts") || fail "$program with $* (above: < expected, > found)"
}

texts=$(mktemp -d)
trap 'rm -rf "$texts"' EXIT
cp "$source/README.md" "$source/docs/guide.md" "$source/LICENSE" "$texts"
expected=$(for file in "$texts"/*; do
  tr -cs 'A-Za-z' '\n' < "$file" | tr '[:upper:]' '[:lower:]' | sed '/^$/d' | sort -u | sed "s|\$|: $file|"
done | sort -s -t : -k 1,1 | awk -F ': ' '$1 == word { line = line ", " $2; next } { if (NR > 1) print line; word = $1; line = $0 } END { print line }')
(($(wc -l <<< "$expected") > 500)) || fail 'the texts have fewer than 500 words'
compare "$inverted_index" "$expected" "$@"

expected=$(cat "$texts"/* | tr -s '[:space:]' '\n' | sed '/^$/d' | sort | uniq -c | awk '{ print $1 "\t" $2 }' |
  sort -t $'\t' -k 1,1nr -k 2 | sed -n 1,10p)
compare "$top_words" "$expected" "$@"
