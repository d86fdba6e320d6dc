#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# other_files_test.sh WORD_COUNT: three ranks that see different folders (mount namespaces) count the root's words: rank 1
# has no file there, rank 2 one of the files, and another in a version of its own.
set -euo pipefail
export LC_ALL=C

word_count=$1

fail() {
  printf 'other_files_test: %s\n' "$1" >&2
  exit 1
}

folder=$(mktemp -d)
trap 'rm -rf "$folder" "$folder".*' EXIT
for name in one two; do
  awk -v name="$name" 'BEGIN { for (i = 0; i < 400000; ++i) print name i % 5000, "word" i % 77, "a-longer-word-of-" i % 900 }' \
    > "$folder/$name.txt"
done
gzip --keep --stdout "$folder/one.txt" > "$folder/three.txt.gz"
cp --preserve=timestamps "$folder/one.txt" "$folder.one"
expected=$(cat "$folder/one.txt" "$folder/two.txt" <(zcat "$folder/three.txt.gz") | tr -s '[:space:]' '\n' | sed '/^$/d' |
  sort | uniq -c | awk '{ print $1 "\t" $2 }' | sort -t $'\t' -k 1,1nr -k 2)

# In a namespace of its own a rank mounts another folder over this one. Without root that takes a user namespace, where
# ranks can't read each other's memory.
namespace=(unshare --mount)
if ((EUID != 0)); then
  namespace+=(--map-root-user)
  export OMPI_MCA_btl_vader_single_copy_mechanism=none
fi
"${namespace[@]}" true 2> /dev/null || {
  echo 'other_files_test: skipped: no mount namespace can be made here'
  exit 77
}
# shellcheck disable=SC2016
elsewhere=("${namespace[@]}" bash -c 'mount -t tmpfs none "$0" && { [[ $1 == empty ]] || { cp --preserve=timestamps "$0.one" "$0/one.txt" && echo other words > "$0/two.txt"; }; } && shift && exec "$@"')
count=("$word_count" "$folder")
found=$(mpirun -n 1 "${count[@]}" : -n 1 "${elsewhere[@]}" "$folder" empty "${count[@]}" \
  : -n 1 "${elsewhere[@]}" "$folder" mixed "${count[@]}" 2> "$folder.err") || fail "status $?: $(cat "$folder.err")"
diff <(printf '%s\n' "$expected") <(printf '%s\n' "$found") > "$folder.diff" ||
  fail "the words differ (< expected, > found): $(head -n 5 "$folder.diff")"
grep -E "^streamed from rank 0: [0-9.]+ MB of files, to rank 1 on [^ ]+ \(3 of 3 files\), rank 2 on [^ ]+ \(2 of 3 files\)$" "$folder.err" ||
  fail "the summary does not say what was streamed: $(cat "$folder.err")"
