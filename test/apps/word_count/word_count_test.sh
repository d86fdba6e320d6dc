#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# word_count as its users run it, with coreutils as the judge.
#   word_count_test.sh PROGRAM CASE [DOCUMENTS]
# DOCUMENTS: how many files of /usr/share/doc are counted, or "all" (default: 200).
# shellcheck source=test/apps/support.sh
source "$(dirname "$0")/../support.sh" "$1"
export LC_ALL=C

documents=${3:-200}

# words: of the text that comes in, one on each line.
words() {
  tr -s '[:space:]' '\n' | sed '/^$/d'
}

# letters: the runs of letters in the text that comes in, lower-cased, one on each line.
letters() {
  tr -cs 'A-Za-z' '\n' | tr '[:upper:]' '[:lower:]' | sed '/^$/d'
}

# counted: lines of count, tab, word, the largest count first, then by the words' bytes.
counted() {
  sort | uniq -c | sed -E 's/^ *([0-9]+) /\1\t/' | sort -t $'\t' -k 1,1nr -k 2
}

# same_as FILE WHAT: what the program printed is in FILE, byte for byte.
same_as() {
  cmp -s out "$1" || { diff -a out "$1" > difference || :; fail "$2: the words differ (< found, > expected)"; }
}

# same_on_all EXPECTED ARGUMENT...: the program prints that with and without mpirun.
same_on_all() {
  local expected=$1 n
  shift
  alone "$@" || fail "status $? of $*"
  same_as "$expected" "$*"
  for n in 1 2 3 5; do
    ranks "$n" "$@" || fail "status $? of $* on $n ranks"
    same_as "$expected" "$* on $n ranks"
  done
}

# zipf_text N SEED: N words, of which the one of rank k comes in proportion to 1/k; lines, marks, capitals and what is
# short or long among them.
zipf_text() {
  awk -v n="$1" -v seed="$2" 'BEGIN {
    srand(seed)
    n_short = split("- The of, a \"and\" -- is. \\", short, " ")
    for (; n > 0; --n) {
      rank = int(exp(rand() * log(200000)))
      word = ""
      for (rest = rank * 7919 % 1000003; rest > 0; rest = int(rest / 23)) word = word sprintf("%c", 97 + rest % 23)
      if (rank % 50 == 0) word = toupper(word) "-which-makes-it-a-long-word-" rank
      if (rand() < 0.05) word = short[1 + int(rand() * n_short)]
      printf "%s%s", word, rand() < 0.1 ? "\n" : rand() < 0.01 ? ".\t\v\f\r " : " "
    }
  }'
}

# random_bytes N: of all 256 values, white space among them.
random_bytes() {
  perl -e 'srand 1; print pack "C*", map { int rand 256 } 1 .. shift' "$1"
}

case_zipf_text() {
  zipf_text 300000 1 > text
  words < text | counted > expected
  same_on_all expected text
  for combiner in cuckoo zynq none; do
    ranks 2 --combiner "$combiner" text || fail "status $?"
    same_as expected "--combiner $combiner"
  done
}

case_documentation() {
  local i
  mapfile -d '' -t files < <(find /usr/share/doc -type f ! -name '*.gz' ! -name '*.zst' -print0 | sort -z)
  [ "$documents" = all ] || files=("${files[@]:0:$documents}")
  ((${#files[@]} > 0)) || fail "no files in /usr/share/doc"
  mkdir texts  # mpirun takes no list of all their names
  for i in "${!files[@]}"; do cp "${files[i]}" "texts/$i"; done
  for i in texts/*; do
    cat "$i"
    echo # what two files end and begin with is no word
  done | words | counted > expected
  same_on_all expected texts
}

case_random_bytes() {
  random_bytes 3000000 > bytes
  tr '\0-\377' '\0\0\0\0 \0\1 ' < bytes > zeros  # hardly more than NULs and spaces
  for file in bytes zeros; do
    words < "$file" | counted > expected
    same_on_all expected "$file"
  done
}

case_word_of_64_mebibytes() {
  {
    printf 'before '
    head -c 67108864 /dev/zero | tr '\0' x
    printf '\nbetween xx '
    head -c 67108864 /dev/zero | tr '\0' x
    printf ' after'
  } > text
  words < text | counted > expected
  same_on_all expected text
}

case_small_texts() {
  : > empty
  printf ' \t\n\v\f\r' > spaces
  printf 'b a b' > unended
  printf '\n\nb\va\fb\rc\t' > other_spaces
  printf 'x' > letter
  # A word ends, begins, or stands across, where a block of 256 KiB does.
  for shift in 0 1 2 3; do
    { head -c $((262144 - shift)) /dev/zero | tr '\0' '\n' && printf 'ab cd' && printf '\n%.0s' {1..100}; } > "border$shift"
    { head -c $((524288 - shift)) < <(yes 'a word and') && printf 'ab cd'; } > "more$shift"
  done
  for file in empty spaces unended other_spaces letter border? more?; do
    words < "$file" | counted > expected
    alone "$file" || fail "status $?"
    same_as expected "$file"
    ranks 2 "$file" || fail "status $?"
    same_as expected "$file on 2 ranks"
  done
  for file in empty spaces unended other_spaces letter border? more?; do
    cat "$file"
    echo
  done | words | counted > expected
  same_on_all expected empty spaces unended other_spaces letter border? more?
}

case_packed_files() {
  mkdir -p texts/below
  for i in 1 2 3; do zipf_text 50000 "$i" > "text$i"; done
  gzip -c text1 > texts/one.gz
  { gzip -c text2; gzip -c text3; } > texts/below/members.gz
  zstd -qc text1 > texts/one.zst
  { zstd -qc text2; zstd -qc text3; } > texts/below/frames.zst
  cp text3 texts/below/plain
  { zcat texts/one.gz; echo; zcat texts/below/members.gz; } | words | counted > expected
  same_on_all expected texts/one.gz texts/below/members.gz
  { zstdcat texts/one.zst; echo; zstdcat texts/below/frames.zst; } | words | counted > expected
  same_on_all expected texts/one.zst texts/below/frames.zst
  {
    for file in texts/*.gz texts/*/*.gz; do zcat "$file"; echo; done
    for file in texts/*.zst texts/*/*.zst; do zstdcat "$file"; echo; done
    cat texts/below/plain
  } | words | counted > expected
  same_on_all expected texts
  same_on_all expected 'texts/one.*' 'texts/below/*'

  # By their first bytes, whatever their names; and padded, as by tapes.
  { echo; cat text2; } > behind
  cat text1 behind | words | counted > expected
  for pack in 'gzip -c' 'zstd -qc' 'bzip2 -c' 'xz -c'; do
    { $pack text1; head -c 512 /dev/zero; $pack behind; head -c 300000 /dev/zero; } > PACKED.DAT
    ranks 2 PACKED.DAT || fail "status $? of what $pack packed"
    same_as expected "what $pack packed"
    "$program" --progress none - < PACKED.DAT > out 2> err || fail "status $? of standard input packed by $pack"
    same_as expected "standard input packed by $pack"
  done
  gzip -c text1 > ONE.GZ
  words < text1 | counted > expected
  alone ONE.GZ || fail "status $? of ONE.GZ"
  same_as expected "a name in capitals"
}

# Sizes are hints: what has none is read to its end.
case_special_files() {
  zipf_text 50000 1 > text
  words < text | counted > expected
  mkfifo pipe
  for n in 0 2; do
    cat text > pipe &
    if ((n == 0)); then alone pipe; else ranks "$n" pipe; fi || fail "status $? of a FIFO"
    same_as expected "a FIFO"
    wait $!
  done
  "$program" --progress none <(cat text) > out 2> err || fail "status $? of a substituted process"
  same_as expected "a substituted process"
  "$program" --progress none /dev/stdin < text > out 2> err || fail "status $? of /dev/stdin"
  same_as expected "/dev/stdin"
  words < /proc/version | counted > expected
  same_on_all expected /proc/version
  alone /dev/null || fail "status $? of /dev/null"
  expect "words of /dev/null" "$(cat out)" ""
}

# A log that another program cuts, or adds to, while it is read: never a part of it with status 0.
case_changed_files() {
  local n status
  for change in 'truncate -s 1000 log' 'echo more >> log'; do
    for n in 0 3; do
      { yes 'a b c d' || :; } | head -c 100000000 > log
      # It is changed once the ranks have it open.
      (
        while [ -z "$(find /proc/[0-9]*/fd -lname "$PWD/log" 2> /dev/null | head -n 1)" ]; do :; done
        eval "$change"
      ) &
      status=0
      if ((n == 0)); then alone log; else ranks "$n" log; fi || status=$?
      wait $!
      expect "status of $change on $n ranks" "$status" 2
      expect "output of $change on $n ranks" "$(cat out)" ""
      grep -Eq 'log: byte [0-9]+: the file has changed since the job began: it had 100000000 bytes, and has (1000|100000005)' err ||
        fail "no message of $change on $n ranks"
    done
  done
}

case_standard_input() {
  zipf_text 50000 1 > text
  words < text | counted > expected
  "$program" --progress none - < text > out 2> err || fail "status $?"
  same_as expected "standard input"
  fed_ranks text 3 - || fail "status $?"
  same_as expected "standard input on 3 ranks"
  { cat text text; } | words | counted > expected
  cp text other
  fed_ranks other 2 text - || fail "status $?"
  same_as expected "a file and standard input"
}

case_options() {
  zipf_text 100000 1 > text
  random_bytes 300000 > bytes
  cat text bytes | letters | counted > expected
  same_on_all expected --letters text bytes
  words < text | awk 'length($0) >= 5' | counted > expected
  same_on_all expected --min-length 5 text
  letters < text | awk 'length($0) >= 3' | counted | sed -n 1,7p > expected
  same_on_all expected --letters --min-length 3 --top 7 text
  words < text | counted > expected
  head -n 10 expected > first
  same_on_all first --top 10 text
  same_on_all expected --top 100000000 text
  sort -t $'\t' -k 2 expected > by_word
  same_on_all by_word --by word text
  head -n 12 by_word > first
  same_on_all first --by word --top 12 text
}

case_json() {
  zipf_text 20000 1 > text
  words < text | counted > expected
  ranks 2 --json text || fail "status $?"
  grep '^{"word":' out | sed -E 's/^\{"word":"(.*)","count":([0-9]+)\}$/\2\t\1/; s/\\(["\\])/\1/g' > lines
  mv lines out
  same_as expected "--json"
}

case_parts() {
  local n i
  zipf_text 100000 1 > text
  words < text | counted > expected
  sort expected > sorted
  for n in 1 2 3 5; do
    ranks "$n" --out "parts$n" text || fail "status $?"
    expect "output" "$(cat out)" ""
    expect "files on $n ranks" "$(find "parts$n" -mindepth 1 -printf '%f\n' | sort)" \
      "$(for ((i = 0; i < n; ++i)); do printf 'part-%05d\n' "$i"; done)"
    for part in "parts$n"/*; do sort -c -t $'\t' -k 1,1nr -k 2 "$part" || fail "$part is not in order"; done
    cat "parts$n"/* | sort > out
    same_as sorted "parts of $n ranks"
  done
  ranks 3 --out by_word --by word text || fail "status $?"
  for part in by_word/*; do sort -c -t $'\t' -k 2 "$part" || fail "$part is not in order"; done
  sort by_word/* > out
  same_as sorted "parts by word"
}

# many_words N: each of N words once, then each third of them again.
many_words() {
  seq -f 'word%.0f' 1 "$1"
  seq -f 'word%.0f' 1 3 "$1"
}

# nothing_in DIR: no file is left in DIR.
nothing_in() {
  expect "files left in $1" "$(find "$1" -mindepth 1)" ""
}

case_bounded_memory() {
  many_words 2000000 > text
  words < text | counted > expected
  mkdir spill
  for n in 1 2 3; do
    ranks "$n" --memory 8M --spill-dir spill text || fail "status $? on $n ranks"
    same_as expected "--memory 8M on $n ranks"
    nothing_in spill
  done
  ranks 2 --memory 8M --spill-dir spill --json --top 1 text || fail "status $?"
  grep -qE '"bytes_spilled":[1-9]' out err || fail "nothing was spilled"
  ranks 2 --memory 8M --spill-dir spill --out parts text || fail "status $?"
  sort -t $'\t' -k 1,1nr -k 2 parts/* > out
  same_as expected "--memory 8M --out"
  nothing_in spill
}

case_killed_rank_leaves_no_file() {
  local mpirun_id ranks_ids
  many_words 20000000 > text
  mkdir spill
  mpirun --oversubscribe -n 2 "$program" --progress none --memory 8M --spill-dir spill --out parts text > out 2> err &
  mpirun_id=$!
  while :; do
    kill -0 "$mpirun_id" 2> /dev/null || fail "the job ended by itself"
    read -ra ranks_ids <<< "$(cat "/proc/$mpirun_id/task/"*/children 2> /dev/null | tr '\n' ' ')"
    ((${#ranks_ids[@]} == 2)) || continue
    # A file that has no name is one that nothing leaves behind.
    [[ -z $(find "/proc/${ranks_ids[1]}/fd" -lname "$scratch/spill/*(deleted)" 2> /dev/null || true) ]] || break
  done
  kill -KILL "${ranks_ids[1]}"
  ! wait "$mpirun_id" || fail "status 0 after a rank was killed"
  nothing_in spill
  [ ! -d parts ] || nothing_in parts
}

# refused MESSAGE ARGUMENT...: MESSAGE is all that is said, status 2, no file is made or changed.
refused() {
  local message=$1 before status=0
  shift
  before=$(find . -mindepth 1 ! -name out ! -name err | sort)
  alone "$@" || status=$?
  expect "message of $*" "$(cat err)" "word_count: $message"
  expect "status of $*" "$status" 2
  expect "output of $*" "$(cat out)" ""
  expect "files after $*" "$(find . -mindepth 1 ! -name out ! -name err | sort)" "$before"
}

# refused_by_ranks MESSAGE ARGUMENT...: also on 2 ranks, where mpirun adds words of its own.
refused_by_ranks() {
  local message=$1 before status=0
  refused "$@"
  shift
  before=$(find . -mindepth 1 ! -name out ! -name err | sort)
  ranks 2 "$@" || status=$?
  expect "message of $* on 2 ranks" "$(grep '^word_count: ' err)" "word_count: $message"
  expect "status of $* on 2 ranks" "$status" 2
  expect "files after $* on 2 ranks" "$(find . -mindepth 1 ! -name out ! -name err | sort)" "$before"
}

# refused_by_tasks MESSAGE ARGUMENT...: what a rank finds, whose name is told too.
refused_by_tasks() {
  local message=$1 before status run
  shift
  before=$(find . -mindepth 1 ! -name out ! -name err | sort)
  for run in alone 'ranks 2'; do
    status=0
    $run "$@" || status=$?
    grep -qE "^word_count: task [0-9]+ failed on rank [01] \([^)]*\): " err || fail "message of $run $*: '$(cat err)'"
    grep -qF "): $message" err || fail "message of $run $*: found '$(cat err)', expected '$message'"
    expect "status of $run $*" "$status" 2
    expect "output of $run $*" "$(cat out)" ""
    expect "files after $run $*" "$(find . -mindepth 1 ! -name out ! -name err | sort)" "$before"
  done
}

case_bad_inputs() {
  echo 'a b a' > text
  mkdir empty parts
  echo old > parts/part-00000
  echo text > not.gz
  echo text > not.zst
  gzip -c text | head -c 20 > cut.gz
  zstd -qc text | head -c 10 > cut.zst
  head -c 2097153 /dev/zero | tr '\0' x > long
  refused 'found no file, accepted: one or more; see --help'
  refused_by_ranks "no: not found; accepted: files, directories, patterns such as 'logs/*.txt', and - for standard input" no
  refused "no-*: not found; accepted: files, directories, patterns such as 'logs/*.txt', and - for standard input" 'no-*'
  refused_by_ranks 'empty: holds no file' empty
  refused_by_ranks '--memory: found "3", accepted: a number of bytes of at least 8388608, such as 512K, 256M or 2G' --memory 3 text
  refused '--memory: found "16X", accepted: a number of bytes of at least 8388608, such as 512K, 256M or 2G' --memory 16X text
  refused '--memory: found "-1", accepted: a number of bytes of at least 8388608, such as 512K, 256M or 2G' --memory=-1 text
  refused '--combiner: found "fpga", accepted: linear, cuckoo, zynq, none' --combiner fpga text
  refused '--by: found "size", accepted: count, word' --by size text
  refused '--top: found "0", accepted: a whole number of at least 1' --top 0 text
  refused '--min-length: found "x", accepted: a whole number of at least 1' --min-length x text
  refused '--top and --out: accepted: one of them' --top 3 --out new text
  refused 'unknown option --lettres; did you mean --letters? See --help' --lettres text
  refused_by_tasks 'parts/part-00000: is there already: nothing is overwritten' --out parts text
  expect "the old part" "$(cat parts/part-00000)" old
  refused_by_tasks "text/parts/part-0000" --out text/parts text
  refused_by_tasks "spill directory 'none': no file can be made there: No such file or directory; --spill-dir names another directory" \
    --memory 8M --spill-dir none text
  gzip -c text > rubbish.gz
  echo text >> rubbish.gz
  echo 'LZIP and text' | tr ' ' '\001' > a.lz
  refused_by_tasks "$scratch/not.gz: byte 0: found 74 65 78 74, with which no gzip data begin, where the file's name says that it is packed so" not.gz
  refused_by_tasks "$scratch/rubbish.gz: byte $(gzip -c text | wc -c): found 74 65 78 74 behind the end of gzip data, accepted: more of them, zeros, or the end of the file" rubbish.gz
  refused_by_tasks "$scratch/a.lz: packed by lzip, accepted: gzip, zstd, bzip2, xz" a.lz
  refused_by_tasks "$scratch/cut.gz: byte 20: damaged gzip data: the file ends in the middle of them" cut.gz
  refused_by_tasks "$scratch/not.zst: byte 0: found 74 65 78 74, with which no zstd data begin, where the file's name says that it is packed so" not.zst
  refused_by_tasks "$scratch/cut.zst: byte 10: damaged zstd data: the file ends in the middle of them" cut.zst
  refused_by_tasks "$scratch/long: byte 0: a word of more than 2097152 bytes, the most that is accepted" --memory 8M long
}

"case_$2"
