#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# scripts/fetch-model, with files in place of a network: fetch_model_test.sh SOURCE_FOLDER RANKRUN
# shellcheck source=test/cli/support.sh
source "$(dirname "$0")/support.sh" "$@"

readonly fetch=$source_folder/scripts/fetch-model
printf 'a model' > "$scratch/model.onnx"
sum=$(sha256sum "$scratch/model.onnx" | cut -d' ' -f1)
other=${sum//[0-9]/0}
url=file://$scratch/model.onnx

refuses "fetch-model: found 0 arguments, accepted: a URL and the SHA-256 of the file; see --help" "$fetch"
refuses "fetch-model: found 1 arguments, accepted: a URL and the SHA-256 of the file; see --help" "$fetch" "$url"
refuses "fetch-model: found \"abc\", accepted: a SHA-256, 64 hexadecimal digits" "$fetch" "$url" abc
refuses "fetch-model: unknown option '--our': --out and --help are accepted" "$fetch" --our x "$url" "$sum"
refuses "fetch-model: --out: its value is missing; see --help" "$fetch" --out
refuses "fetch-model: found no file name in \"file://$scratch/\": say --out FILE" "$fetch" "file://$scratch/" "$sum"

if ! command -v curl > /dev/null; then
  echo 'curl is not here: fetching is left out'
  finish
  exit
fi

succeeds 'fetch-model: model.onnx, 7 bytes' "$fetch" "$url" "${sum^^}"
same 'content' "$(< model.onnx)" 'a model'
succeeds 'fetch-model: model.onnx is there already' "$fetch" "$url" "$sum"
refuses "fetch-model: model.onnx is there, and is another file: its SHA-256 is $sum" "$fetch" "$url" "$other"
succeeds 'fetch-model: named.onnx, 7 bytes' "$fetch" --out named.onnx "$url" "$sum"
ln -s named2.onnx link.onnx
succeeds "fetch-model: $PWD/named2.onnx, 7 bytes" "$fetch" --out link.onnx "$url" "$sum"
same 'the link' "$(readlink link.onnx)" named2.onnx
mkfifo pipe
refuses 'fetch-model: --out: found "pipe", accepted: a file, or the name of a new one' "$fetch" --out pipe "$url" "$sum"
rm model.onnx named.onnx named2.onnx link.onnx pipe

run "$fetch" "$url" "$other"
same 'status of a mismatch' "$status" 1
same 'stderr of a mismatch' "$err" "fetch-model: $url is another file: found the SHA-256 $sum, accepted: $other"
run "$fetch" "file://$scratch/none.onnx" "$sum"
same 'status without a file' "$status" 1
same 'last line' "${err##*$'\n'}" "fetch-model: file://$scratch/none.onnx could not be fetched"
same 'nothing is left' "$(ls -A)" ''
finish
