#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Each header compiles alone: headers_test.sh FOLDER COMPILER OPTION... -- FILE_OR_FOLDER...
# The files are below FOLDER, by which they are included; header_chains.py says which of them one run of the compiler reads.
set -euo pipefail
chains=$(realpath "$(dirname "${BASH_SOURCE[0]}")/header_chains.py")
cd "$1"
shift
compile=()
while [[ $1 != -- ]]; do
  compile+=("$1")
  shift
done
shift
lines=$(python3 "$chains" "$@")
printf '%d headers in %d runs of the compiler\n' "$(wc -w <<< "$lines")" "$(wc -l <<< "$lines")"
# shellcheck disable=SC2016  # for the inner shell: each line's headers are its arguments, after the compiler's
xargs -L 1 bash -c '
  compile=()
  while [[ $1 != -- ]]; do compile+=("$1") && shift; done
  shift
  printf "#include <%s>\n" "$@" | "${compile[@]}" -w -fsyntax-only -x c++ - || { printf "above: %s\n" "$*" && exit 1; }
' headers "${compile[@]}" -- <<< "$lines"
