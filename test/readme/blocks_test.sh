#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# blocks_test.sh SOURCE_DIRECTORY PAGE FILE... [-- OUTPUT...]: the page's code blocks are those files, one after another,
# and each line of the outputs stands on the page, indented.
set -euo pipefail

source=$1 page=$2
shift 2
files=()
while (($# > 0)) && [[ $1 != -- ]]; do
  files+=("$source/$1")
  shift
done

# shellcheck disable=SC2016
shown=$(sed -n '/^```cpp$/,/^```$/ { /^```/d; p }' "$source/$page")
diff <(printf '%s\n' "$shown") <(cat "${files[@]}") || {
  printf 'blocks_test: the code in %s is not that of %s (above: < page, > files)\n' "$page" "${files[*]}" >&2
  exit 1
}

for output in "${@:2}"; do
  while IFS= read -r line; do
    grep -qFx -- "    $line" "$source/$page" || {
      printf 'blocks_test: %s does not show the line "%s" of %s\n' "$page" "$line" "$output" >&2
      exit 1
    }
  done < "$source/$output"
done
