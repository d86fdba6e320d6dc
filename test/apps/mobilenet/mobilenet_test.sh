#!/bin/bash
# SPDX-License-Identifier: MIT
# mobilenet as its users run it, on a made-up model; the case `trained` on a real one, where RANKWISE_TEST_MODELS is.
#   mobilenet_test.sh PROGRAM CASE
# shellcheck source=test/apps/support.sh
source "$(dirname "$0")/../support.sh" "$1"
always=(--quiet)

refuses() { # MESSAGE ARGUMENT...: status 2, and that line at the end of stderr
  local message=$1 status=0
  shift
  alone "$@" || status=$?
  expect "status of: $*" "$status" 2
  expect "stderr of: $*" "$(tail -n 1 err)" "mobilenet: $message"
}

make_model() {
  alone make-model --width 0.35 --size 64 --classes 10 --out small.onnx || fail "make-model: status $?"
}

# bitmap FILE BYTE: 3 x 2 pixels of one grey.
bitmap() {
  local pixel row
  pixel=$(printf '\\x%02x' "$2")
  row="$pixel$pixel$pixel$pixel$pixel$pixel$pixel$pixel$pixel\\0\\0\\0"
  # shellcheck disable=SC2059  # the bytes are the format
  printf "BM\\x4e\\0\\0\\0\\0\\0\\0\\0\\x36\\0\\0\\0\\x28\\0\\0\\0\\x03\\0\\0\\0\\x02\\0\\0\\0\\x01\\0\\x18\\0$(
    printf '\\0%.0s' {1..24})$row$row" >"$1"
}

case_modes() {
  local n mode
  make_model
  mkdir pictures
  for n in 0 40 80 120 160 200 240; do bitmap "pictures/$n.bmp" "$n"; done
  alone classify --json --top 10 --model small.onnx pictures || fail "alone: status $?"
  mv out alone.json
  expect "pictures" "$(wc -l <alone.json)" 7
  for n in 1 2 3 5; do
    for mode in single replicas pipeline hybrid auto; do
      ranks "$n" classify --json --top 10 --model small.onnx --mode "$mode" pictures ||
        fail "$mode on $n ranks: status $?"
      cmp alone.json out >/dev/null || fail "$mode on $n ranks: another output"
    done
  done
  ranks 3 classify --json --top 10 --model small.onnx --mode pipeline --stages 3 --in-flight 1 pictures ||
    fail "--stages 3: status $?"
  cmp alone.json out >/dev/null || fail "--stages 3: another output"
  ranks 5 classify --json --top 10 --model small.onnx --mode pipeline --cut 27,27,36,53,14 pictures ||
    fail "--cut: status $?"
  cmp alone.json out >/dev/null || fail "--cut: another output"
  ranks 3 classify --json --top 10 --model small.onnx --no-root-work pictures || fail "--no-root-work: status $?"
  cmp alone.json out >/dev/null || fail "--no-root-work: another output"
}

case_classify() {
  make_model
  mkdir pictures
  bitmap pictures/a.bmp 10
  bitmap pictures/b.bmp 200
  printf '%s\n' zero one two three four five six seven eight nine >labels
  alone classify --model small.onnx --labels labels --top 2 pictures || fail "status $?"
  grep -Eqx 'pictures/a.bmp: [a-z]+ 0\.[0-9]{3}, [a-z]+ 0\.[0-9]{3}' out || fail "line of a.bmp"
  expect "files, in order" "$(cut -d: -f1 out | tr '\n' ' ')" "pictures/a.bmp pictures/b.bmp "

  # What can't be read is reported; the others go on.
  head -c 60 pictures/a.bmp >pictures/aa.bmp
  echo text >pictures/ab.png
  : >pictures/ac.jpg
  local status=0
  ranks 3 classify --model small.onnx --mode pipeline pictures || status=$?
  expect "status with bad pictures" "$status" 2
  expect "files that were read" "$(cut -d: -f1 out | tr '\n' ' ')" "pictures/a.bmp pictures/b.bmp "
  grep -q '^mobilenet: pictures/aa.bmp: byte 60: found the end of the file' err || fail "aa.bmp is not reported"
  grep -q '^mobilenet: pictures/ab.png: found a file that begins with 74 65 78 74, accepted: JPEG, PNG, BMP$' err ||
    fail "ab.png is not reported"
  grep -q '^mobilenet: pictures/ac.jpg: found an empty file' err || fail "ac.jpg is not reported"
  grep -q '^mobilenet: 3 of 5 pictures could not be read$' err || fail "no sum of what could not be read"

  # A plan on stderr, and what came of it.
  rm pictures/a?.*
  ranks 2 classify --model small.onnx --plan pictures || fail "--plan: status $?"
  grep -q '^alternatives:' err || fail "no plan"
  grep -q 'expected$' err || fail "no result beside the plan"
  ranks 2 plan --json --model small.onnx || fail "plan: status $?"
  grep -q '"operators":\["first","block0/depthwise"' out || fail "no operators in the plan"
}

# What is named as the output of make-model gets the bytes, and nothing else is touched.
case_outputs() {
  make_model
  local make=(make-model --width 0.35 --size 64 --classes 10 --out)
  alone "${make[@]}" - || fail "to standard output: status $?"
  cmp -s out small.onnx || fail "standard output is no model"
  grep -q '^-: MobileNetV2' err || fail "nothing on stderr"
  alone "${make[@]}" /dev/stdout || fail "to /dev/stdout: status $?"
  cmp -s out small.onnx || fail "/dev/stdout is no model"

  mkfifo pipe
  cat pipe > piped &
  alone "${make[@]}" pipe || fail "to a FIFO: status $?"
  wait $!
  [ -p pipe ] || fail "the FIFO is none any more"
  cmp -s piped small.onnx || fail "the FIFO has not carried the model"

  echo precious > real.onnx
  ln -s real.onnx link.onnx
  ln -s dangling.onnx to_nothing.onnx
  for name in link to_nothing; do
    alone "${make[@]}" $name.onnx || fail "through a link: status $?"
    [ -L $name.onnx ] || fail "$name.onnx is no link any more"
    cmp -s $name.onnx small.onnx || fail "nothing was written through $name.onnx"
  done
  [ -f dangling.onnx ] || fail "a link has not led to where it leads"

  echo 'half a download' > m.onnx.part
  echo earlier > m.onnx
  chmod 600 m.onnx
  alone "${make[@]}" m.onnx || fail "over a file: status $?"
  cmp -s m.onnx small.onnx || fail "the file was not replaced"
  expect "mode" "$(stat -c %a m.onnx)" 600
  expect "somebody else's file" "$(cat m.onnx.part)" 'half a download'
  [ -z "$(find . -name '.rankwise-*')" ] || fail "temporary files were left"

  # Made here: never the system's own device.
  if mknod null c 1 3 2> /dev/null && [ -w null ] && { : > null; } 2> /dev/null; then
    alone "${make[@]}" null || fail "to a device: status $?"
    expect "the device" "$(stat -c %F null)" 'character special file'
    mknod full c 1 7
    local status=0
    alone "${make[@]}" full || status=$?
    expect "status of a full device" "$status" 2
    expect "message" "$(tail -n 1 err)" "mobilenet: --out full: can't be written: No space left on device"
  fi
}

case_evaluate() {
  make_model
  mkdir -p data/3 data/7
  bitmap data/3/a.bmp 10
  bitmap data/3/b.bmp 20
  bitmap data/7/c.bmp 250
  alone classify --json --model small.onnx data || fail "classify: status $?"
  local right
  right=$(grep -Ec '"file":"data/(3/[^"]*","top":\[\{"class":3,|7/[^"]*","top":\[\{"class":7,)' out || true)
  ranks 2 evaluate --json --model small.onnx data || fail "evaluate: status $?"
  grep -q "\"pictures\":3,\"accuracy\":$(awk "BEGIN { printf \"%.9g\", $right / 3 }")," out || fail "accuracy, of $right"
  alone evaluate --model small.onnx data || fail "evaluate: status $?"
  grep -q '^confusion matrix' out || fail "no matrix"
  mkdir data/none
  refuses 'data/none: is called like no class of the model; accepted: the name of one, or its number' \
    evaluate --model small.onnx data
}

case_compare() {
  make_model
  ranks 5 compare --json --images 12 --model small.onnx --out chart.svg || fail "status $?"
  expect "rows" "$(sed 's/.*"mode":"\([^"]*\)".*/\1/' out | tr '\n' '|')" \
    "one rank|27/27/36/53/14 layers|planned pipeline|copies on all ranks|planned hybrid|"
  expect "rows with figures" "$(grep -c '"images_per_s":[0-9]*[1-9]' out)" 5
  grep -q '</svg>' chart.svg || fail "no chart"
  ranks 2 compare --images 12 --model small.onnx || fail "status $?"
  grep -Eq '^27/27/36/53/14 layers +left out: needs 5 ranks' out || fail "a cut for five ranks on two"
  ranks 3 bench --json --images 30 --model small.onnx --mode pipeline --stages 3 --slow 1x3 || fail "bench: status $?"
  grep -q '"stages":3,"images":30,' out || fail "bench"
}

case_bad_inputs() {
  make_model
  bitmap a.bmp 10
  refuses 'no command; accepted: bench, classify, compare, evaluate, make-model, plan; see --help'
  refuses 'found the command "clasify"; accepted: bench, classify, compare, evaluate, make-model, plan; see --help' clasify
  refuses '--model is missing; accepted: an ONNX file; make-model makes one' classify a.bmp
  refuses 'classify: no pictures; accepted: files and directories' classify --model small.onnx
  refuses 'none.bmp: No such file or directory' classify --model small.onnx none.bmp
  refuses 'none.onnx: No such file or directory' classify --model none.onnx a.bmp
  refuses 'a.bmp: found 78 bytes that are no ONNX model' classify --model a.bmp a.bmp
  refuses '--mode: found "fast", accepted: auto, single, replicas, pipeline, hybrid' classify --mode fast
  refuses '--cut: found "x", accepted: a whole number from 1 to 1000000' classify --cut 27,x
  refuses 'a cut into 1,2 adds up to 3 layers; accepted: 157, as many as the model has' \
    classify --model small.onnx --cut 1,2 a.bmp
  refuses 'make-model: --out is missing' make-model
  refuses "--out /no/such/m.onnx: can't be written: No such file or directory" make-model --out /no/such/m.onnx
  echo one >labels
  refuses 'labels: found 1 names, accepted: 10, one for each class of the model' \
    classify --model small.onnx --labels labels a.bmp
  refuses '--mode single: the root: no rank has the memory for all of the model' \
    classify --model small.onnx --mode single --memory-limit 1K a.bmp

  # An operator that can't be run is named before any rank computes.
  sed 's/GlobalAveragePool/GlobalAveragePoo_/; s/ReduceMean/ReduceMeam/' small.onnx >other.onnx
  local status=0
  ranks 3 classify --model other.onnx a.bmp || status=$?
  expect "status" "$status" 2
  expect "lines on stderr" "$(grep -c "mobilenet: other.onnx: node 'pool' (ReduceMeam): found an operator that can't be run" err)" 1
  expect "output" "$(cat out)" ""
}

case_trained() {
  local models=${RANKWISE_TEST_MODELS:-} n mode name wanted near
  if [ -z "$models" ]; then
    echo "RANKWISE_TEST_MODELS names no directory with models: left out"
    exit 77
  fi
  local model=$models/mobilenet_v2_1.0_224.onnx labels=$models/imagenet_labels.txt
  # What four other engines say of these pictures.
  cat >expected <<'END'
bird.bmp chickadee 0.78
cat.bmp Egyptian cat 0.67
dragonfly.bmp dragonfly 0.89
grace_hopper.bmp military uniform 0.72
parrot.jpg macaw 0.92
sunflower.bmp daisy 0.94
END
  local -a pictures
  mapfile -t pictures < <(sed "s|^\([^ ]*\) .*|$models/\1|" expected)
  alone classify --model "$model" --labels "$labels" "${pictures[@]}" || fail "status $?"
  expect "pictures" "$(wc -l <out)" 6
  while read -r name wanted; do
    near=$(sed -n "s|^.*/$name: \(.*\) \(0\.[0-9]*\)\$|\1 \2|p" out)
    expect "class of $name" "${near% *}" "${wanted% *}"
    awk "BEGIN { d = ${near##* } - ${wanted##* }; exit !(d < 0.02 && d > -0.02) }" ||
      fail "$name: found ${near##* }, expected ${wanted##* } within 0.02"
  done <expected
  alone classify --json --top 1001 --model "$model" "${pictures[@]}" || fail "status $?"
  mv out alone.json
  for n in 1 2 3 5; do
    for mode in single replicas pipeline hybrid auto; do
      ranks "$n" classify --json --top 1001 --model "$model" --mode "$mode" "${pictures[@]}" ||
        fail "$mode on $n ranks: status $?"
      cmp alone.json out >/dev/null || fail "$mode on $n ranks: not the same to the bit"
    done
  done
}

# Models as other programs write them, with what other engines make of their pictures.
case_exported() {
  local models=${RANKWISE_TEST_MODELS:-} n mode name picture wanted n_found=0
  local cases=$models/../cases/public
  while read -r name picture wanted <&3; do
    local file=$models/$name
    [ -e "$file" ] || file=$cases/keras/$name
    local shown=$models/$picture
    [ -e "$shown" ] || shown=$cases/tools/$picture
    if [ -z "$models" ] || [ ! -e "$file" ] || [ ! -e "$shown" ]; then
      echo "$name or its picture is not there: left out"
      continue
    fi
    n_found=$((n_found + 1))
    alone classify --json --top 5 --model "$file" "$shown" || fail "$name: status $?"
    mv out alone.json
    # Probabilities in the order of the classes.
    grep -o '"class":[0-9]*\|"probability":[0-9.e-]*' alone.json | cut -d: -f2 | paste - - | sort -n | cut -f2 >found
    awk -v wanted="$wanted" 'BEGIN { n = split(wanted, w) }
      { d = $1 - w[NR]; if (d > 2e-6 || d < -2e-6) bad = 1 } END { exit bad || NR != n }' found ||
      fail "$name, $picture: found $(paste -sd' ' found), expected $wanted"
    for n in 2 3; do
      for mode in replicas pipeline; do
        ranks "$n" classify --json --top 5 --model "$file" --mode "$mode" "$shown" ||
          fail "$name, $mode on $n ranks: status $?"
        cmp alone.json out >/dev/null || fail "$name, $mode on $n ranks: not the same to the bit"
      done
    done
  done 3<<'END'
tf2onnx_mobilenet_v2_128_0.5_person.onnx ref_leaf_128.png 0.936680 0.063320
tf2onnx_mobilenet_v2_128_0.5_person.onnx ref_person_128.png 0.331432 0.668568
gap_softmax.onnx b8.bmp 0.134214 0.397087 0.219703 0.163782 0.085214
matmul_add.onnx b8.bmp 0.197330 0.223712 0.205265 0.138861 0.234831
reshape_initializer.onnx b8.bmp 0.200115 0.236490 0.140668 0.226704 0.196024
shape_gather_reshape.onnx b8.bmp 0.278753 0.069874 0.141692 0.309826 0.199854
squeeze.onnx b8.bmp 0.254178 0.184736 0.185215 0.272685 0.103186
END
  echo "$n_found pairs of a model and a picture"
  [ "$n_found" != 0 ] || exit 77
}

"case_$2"
