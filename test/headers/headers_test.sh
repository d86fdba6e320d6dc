#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Each header compiles alone: headers_test.sh FOLDER COMPILER OPTION... -- FILE_OR_FOLDER...
# The files are below FOLDER, by which they are included. A header that another of them includes before all else is compiled
# alone there: it takes no time of its own.
set -euo pipefail
export LC_ALL=C
cd "$1"
shift
compile=()
while [[ $1 != -- ]]; do
  compile+=("$1")
  shift
done
shift
mapfile -t headers < <(find "$@" -name '*.hpp' | sort)
((${#headers[@]} > 0)) || { echo 'headers_test.sh: found no header' >&2 && exit 1; }
# shellcheck disable=SC2016  # for awk
included_first=$(awk 'FNR == 1 { at_begin = 1 }
  at_begin && /^#/ && !/^#pragma once/ { at_begin = 0; if ($1 == "#include" && $2 ~ /^</) print substr($2, 2, length($2) - 2) }' \
  "${headers[@]}" | sort -u)
alone=$(comm -23 <(printf '%s\n' "${headers[@]}") <(printf '%s\n' "$included_first"))
printf '%d headers, of which %d are compiled on their own\n' "${#headers[@]}" "$(wc -l <<< "$alone")"
xargs -I{} "${compile[@]}" -w -fsyntax-only -include {} -x c++ /dev/null <<< "$alone"
