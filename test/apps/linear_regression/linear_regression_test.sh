#!/bin/bash
# SPDX-License-Identifier: MIT
# linear_regression as its users run it, with Python's fractions and statistics as the judges.
#   linear_regression_test.sh PROGRAM CASE
# shellcheck source=test/apps/support.sh
source "$(dirname "$0")/../support.sh" "$1"

oracle() {
  python3 "$here/oracle.py" "$@" || fail "the oracle disagrees"
}

case_bytes() {
  local n
  oracle make-bytes pairs
  ranks 1 --json pairs || fail "status $?"
  oracle judge-bytes out pairs/*
  head -n 1 out >line
  for n in 2 3 5; do
    ranks "$n" --json pairs || fail "status $? on $n ranks"
    expect "line on $n ranks" "$(head -n 1 out)" "$(cat line)"
  done
  cat pairs/* | "$program" --progress none --json - >out 2>err || fail "status $?"
  expect "line of standard input" "$(head -n 1 out)" "$(cat line)"
  alone pairs/c || fail "status $?"
  expect "first words" "$(cut -d' ' -f1-5 out | head -n 1)" "3 points: y = $(sed -n 's/^slope *\([^ ]*\).*/\1/p' out | xargs printf %.6g)"
  expect "rows" "$(sed 's/ .*//' out | tr '\n' ' ')" "3  slope intercept r2 "
}

case_columns() {
  local n
  oracle make-columns columns
  for n in 1 2 3 5; do
    ranks "$n" --json --x x --y y columns || fail "status $? on $n ranks"
    oracle judge-columns out columns/*
    ranks "$n" --json --x 3 --y 1 columns/*.csv || fail "status $? on $n ranks"
    oracle judge-columns out columns/*
  done
}

case_hard_columns() {
  local n file
  oracle make-hard-columns columns
  for file in columns/*; do
    for n in 1 2 3; do
      ranks "$n" --json --x x --y y "$file" || fail "status $? on $n ranks"
      oracle judge-hard-columns out "$file"
    done
  done
}

# Names that are numbers, missing values, other delimiters, and numbers as others write them.
case_tables() {
  local n
  printf '\xef\xbb\xbf"2019";2020;note\n1;+2;a\n2;;b\n.3e1;7.;c\n4;NA;d\n5;9e+0;e\n1e-400;1;f\n' >table.csv
  for n in 1 2 3; do
    ranks "$n" --json --x-name 2019 --y-name 2020 --delimiter ';' --missing 'NA,,.' table.csv || fail "status $? on $n ranks"
    oracle judge-points out 2 1:2 3:7 5:9 0:1
    ranks "$n" --json --x 0 --y-name 2020 --delimiter ';' --missing 'NA,,.' table.csv || fail "status $? on $n ranks"
    oracle judge-points out 2 1:2 3:7 5:9 0:1
  done
  alone --x-name 2019 --y 1 --delimiter ';' --missing 'NA,,.' table.csv || fail "status $?"
  expect "first words" "$(cut -d: -f1 out | head -n 1)" '4 points (2 rows left out)'
}

# refused MESSAGE ARGUMENT...: MESSAGE is all that is said, status 2.
refused() {
  local message=$1 status=0
  shift
  alone "$@" || status=$?
  expect "message of $*" "$(cat err)" "linear_regression: $message"
  expect "status of $*" "$status" 2
  expect "output of $*" "$(cat out)" ""
}

# refused_after MESSAGE ARGUMENT...: what is found when points are read, perhaps by another rank, whose name is told then.
refused_after() {
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
  printf 'abc' >odd
  printf 'abcd' >two
  printf 'abacad' >constant
  : >empty
  printf 'a,b\n1,2\n1,3\n1,x\n' >table.csv
  printf 'a,b\n1e200,1\n-1e200,2\n3,3\n' >large.csv
  printf 'a,b\n1,2\n2,1e400\n3,3\n' >overflow.csv
  refused 'found no file, accepted: one or more; see --help'
  refused '--x: only accepted with --y' --x a table.csv
  refused '--y: only accepted with --x' --y a table.csv
  refused '--x: found "", accepted: NAME|N' --x '' --y b table.csv
  refused "$scratch/table.csv: byte 0: found no column \"c\", accepted: \"a\", \"b\"" --x c --y b table.csv
  refused '--y: found "b", accepted for standard input: a number' --x 0 --y b -
  refused_after "$scratch/odd: byte 2: an incomplete record: 1 bytes of 2" odd
  refused_after 'a line with standard errors: found 0 points, accepted: 3 or more' empty
  refused_after 'a line with standard errors: found 2 points, accepted: 3 or more' two
  refused_after 'found x = 97 in all 3 points, accepted: x that differ' constant
  refused_after "$scratch/table.csv: byte 12: column 1: found \"x\", where a number is" --x a --y b table.csv
  refused_after "$scratch/overflow.csv: byte 8: found 1e400 in column 1, accepted: finite numbers, of at most 1.8e+308" \
    --x a --y b overflow.csv
  refused '--missing: only accepted with --x and --y' --missing NA odd
  refused '--y-name: found "b", accepted: one option for a column' --x a --y b --y-name b table.csv
  refused_after 'found numbers whose squares are too large for a double, accepted: up to 1e150' --x a --y b large.csv
}

"case_$2"
