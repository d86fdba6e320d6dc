#!/bin/bash
# SPDX-License-Identifier: MIT
# histogram as its users run it, with Python's Counter, csv and bisect as the judges.
#   histogram_test.sh PROGRAM CASE
# shellcheck source=test/apps/support.sh
source "$(dirname "$0")/../support.sh" "$1"
export LC_ALL=C.UTF-8

oracle() {
  python3 "$here/oracle.py" "$@"
}

case_images() {
  local n
  oracle make-images images
  oracle count-images images/* >expected
  for n in 1 2 3 5; do
    ranks "$n" --json images || fail "status $? on $n ranks"
    expect "counts on $n ranks" "$(head -n 1 out)" "$(cat expected)"
  done
  alone --json images/*.bmp || fail "status $?"
  expect "counts without mpirun" "$(head -n 1 out)" "$(cat expected)"
  gzip -k images/a24.bmp
  alone --json images/a24.bmp.gz || fail "status $?"
  expect "counts of a packed image" "$(head -n 1 out)" "$(oracle count-images images/a24.bmp)"
}

# Offsets past 2^32: a file of 5.4 GB, all of it black (and not on the disk) but for some pixels.
case_image_past_4_gigabytes() {
  oracle make-large-image large.bmp >expected
  ranks 2 --json large.bmp || fail "status $?"
  expect "counts" "$(head -n 1 out)" "$(cat expected)"
}

case_columns() {
  local n
  oracle make-columns columns
  oracle count-column 20 - - 2 columns/* >expected
  oracle count-column 7 -0.25 0.5 2 columns/* >expected.limits
  oracle count-column 10 0 1 2 columns/* >expected.tenths
  for n in 1 2 3 5; do
    ranks "$n" --json --column weight columns || fail "status $? on $n ranks"
    expect "counts on $n ranks" "$(head -n 1 out)" "{\"column\":\"weight\",$(cat expected)"
    ranks "$n" --json --column 2 --bins 7 --min -0.25 --max 0.5 columns/* || fail "status $? on $n ranks"
    expect "counts of column 2 on $n ranks" "$(head -n 1 out)" "{\"column\":\"column 2\",$(cat expected.limits)"
    ranks "$n" --json --column 2 --bins 10 --min +0 --max +1.0e0 columns || fail "status $? on $n ranks"
    expect "counts of tenths on $n ranks" "$(head -n 1 out | sed 's/"low":0,"high":1,/"low":0.0,"high":1.0,/')" \
      "{\"column\":\"column 2\",$(cat expected.tenths)"
  done
  "$program" --progress none --json --column 2 - <columns/a.csv >out 2>err || fail "status $?"
  expect "counts of standard input" "$(head -n 1 out)" "{\"column\":\"column 2\",$(oracle count-column 20 - - 2 columns/a.csv)"
}

# Names that are numbers, missing values, other delimiters, and a byte-order mark before a quoted name.
case_tables() {
  local n
  printf '\xef\xbb\xbf"2020";2021\n0.3;1\nNA;2\n;3\n+1;4\n1e-400;5\n' >table.csv
  for n in 1 2; do
    ranks "$n" --json --column-name 2020 --delimiter ';' --missing 'NA,,.' --bins 10 table.csv || fail "status $? on $n ranks"
    expect "line on $n ranks" "$(head -n 1 out)" \
      '{"column":"2020","low":0,"high":1,"below":0,"above":0,"left_out":2,"counts":[1,0,0,1,0,0,0,0,0,1]}'
  done
  alone --column-name 2020 --delimiter ';' --missing 'NA,,.' table.csv || fail "status $?"
  expect "title" "$(head -n 1 out)" '2020: 3 numbers, 2 left out'
  printf '\xef\xbb\xbf1\tx\n2\ty\n' >marked.tsv
  alone --json --column 0 --delimiter '\t' --bins 1 marked.tsv || fail "status $?"
  expect "line" "$(head -n 1 out)" '{"column":"column 0","low":1,"high":2,"below":0,"above":0,"counts":[2]}'
  refused_by_tasks "$scratch/table.csv: byte 0: found no column 2020, but column 0 of that name, accepted: a column's \
number, or its name by the option that ends in -name" --column 2020 --delimiter ';' table.csv
  printf 'x;y\n1;2\n' >other.csv
  refused "$scratch/other.csv: byte 0: found no column \"x\", accepted: \"x;y\"; or another --delimiter" --column x other.csv
}

case_plots() {
  oracle make-images images
  oracle make-columns columns
  ranks 2 --svg colours.svg images || fail "status $?"
  expect "first line" "$(head -n 1 out)" "$(oracle title images/*)"
  expect "lines too wide" "$(grep -cE '^.{81,}$' out)" 0
  oracle check-svg colours.svg
  ranks 2 --column weight --bins 12 --min 0 --svg column.svg columns || fail "status $?"
  grep -qE '^weight: 6000 numbers, [0-9]+ below 0$' out || fail "no title"
  expect "bins" "$(grep -c '^\[' out)" 12
  expect "lines too wide" "$(grep -cE '^.{81,}$' out)" 0
  oracle check-svg column.svg
}

# refused MESSAGE ARGUMENT...: MESSAGE is all that is said, status 2, no file is made or changed.
refused() {
  local message=$1 before status=0
  shift
  before=$(find . -mindepth 1 ! -name out ! -name err | sort)
  alone "$@" || status=$?
  expect "message of $*" "$(cat err)" "histogram: $message"
  expect "status of $*" "$status" 2
  expect "output of $*" "$(cat out)" ""
  expect "files after $*" "$(find . -mindepth 1 ! -name out ! -name err | sort)" "$before"
}

# refused_by_tasks MESSAGE ARGUMENT...: what a rank finds, whose name is told too.
refused_by_tasks() {
  local message=$1 run status
  shift
  for run in alone 'ranks 2'; do
    status=0
    $run "$@" || status=$?
    grep -qF ": $message" err || fail "message of $run $*: found '$(cat err)', expected '$message'"
    expect "status of $run $*" "$status" 2
    expect "output of $run $*" "$(cat out)" ""
  done
}

case_bad_inputs() {
  oracle make-bad-images bad
  refused 'found no file, accepted: one or more; see --help'
  refused "$scratch/bad/text.bmp: byte 0: found 68 65, accepted: BM, a BMP image" bad/text.bmp
  refused "$scratch/bad/short.bmp: byte 20: found the end of the file, accepted: a whole BMP header" bad/short.bmp
  refused "$scratch/bad/cut.bmp: byte 60: found the end of the file, accepted: pixels up to byte 75" bad/cut.bmp
  refused "$scratch/bad/bits.bmp: byte 28: found 2 bits a pixel, accepted: 1, 4, 8, 16, 24, 32" bad/bits.bmp
  refused "$scratch/bad/packed.bmp: byte 30: found compression 1 of 24 bits a pixel, accepted: 0; 1 of 8 bits, \
2 of 4 bits (run lengths), 3 and 6 of 16 and 32 bits (masks)" bad/packed.bmp
  refused "$scratch/bad/old.bmp: byte 14: found a header of 16 bytes, accepted: 12, 40, 52, 56, 64, 108, 124" bad/old.bmp
  refused '--bins: only accepted with --column' --bins 3 bad/cut.bmp
  refused '--min: only accepted with --column' --min 3 bad/cut.bmp
  refused '--max: only accepted with --column' --max 3 bad/cut.bmp

  printf 'a,b\n1,2\n3,x\n5,nan\n' >table.csv
  printf 'b,a\n1,2\n' >other.csv
  : >empty.csv
  refused '--bins: found "0", accepted: a whole number from 1 to 10000' --column a --bins 0 table.csv
  refused '--min: found "1x", accepted: a finite number' --column a --min 1x table.csv
  refused '--max: found "inf", accepted: a finite number' --column a --max inf table.csv
  refused '--max: found 1, accepted: more than --min, which is 2' --column a --min 2 --max 1 table.csv
  refused "$scratch/table.csv: byte 0: found no column \"c\", accepted: \"a\", \"b\"" --column c table.csv
  refused "$scratch/empty.csv: byte 0: found no column \"c\", accepted: a header line that has it" --column c empty.csv
  refused "$scratch/empty.csv: byte 0: found the end of the file, accepted: a whole BMP header" empty.csv
  refused '-: only accepted with --column' -
  refused '--delimiter: only accepted with --column' --delimiter ';' bad/cut.bmp
  refused '--missing: only accepted with --column' --missing NA bad/cut.bmp
  refused '--delimiter: found "", accepted: one character of ASCII that is no quote, or \t' --delimiter '' --column a table.csv
  refused '--column-name: found "b", accepted: one option for a column' --column a --column-name b table.csv
  refused '--column: found "a", accepted for standard input: a number' --column a -
  refused 'column 0: found no numbers, accepted without both --min and --max: one or more' --column 0 empty.csv
  refused 'bins from 9 to 5: accepted: from a number to a larger one, at a distance that a double holds' \
    --column a --min 9 table.csv
  refused "--svg no/a.svg: can't be written: No such file or directory" --svg no/a.svg --column a table.csv
  refused_by_tasks "$scratch/table.csv: byte 8: column 1: found \"x\", where a number is" --column b table.csv
  refused_by_tasks "$scratch/other.csv: byte 0: found \"b\" as the name of column 0, accepted: \"a\", as in the first file" \
    --column a table.csv other.csv
}

"case_$2"
