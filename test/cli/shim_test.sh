#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# scripts/mpirun: finds rankrun, and never itself.
# shellcheck source=test/cli/support.sh
source "$(dirname "$0")/support.sh" "$@"

printf 'localhost slots=2\n' > hosts
real=$(command -v mpirun)

# tree FOLDER: a checkout with the shim in it
tree() {
  mkdir -p "$1/scripts"
  cp "$source_folder/scripts/mpirun" "$1/scripts/mpirun"
}

# put FOLDER: the rankrun under test goes there
put() {
  mkdir -p "$1"
  ln -s "$rankrun" "$1/rankrun"
}

readonly rest="--host localhost:2 -n 2$allow_root --bind-to none --mca plm isolated true"

# finds_real PATH...: `mpirun` on that PATH, before the test's own, ends up at the real one.
finds_real() {
  local -r path=$1:$PATH
  succeeds "$real $rest" env PATH="$path" mpirun --dry-run -f hosts -n 2 true
}

tree checkout
put checkout/build/dev/bin
finds_real "$PWD/checkout/scripts"
finds_real "$PWD/checkout/scripts:$PWD/checkout/scripts"
succeeds $'word\nword' env PATH="$PWD/checkout/scripts:$PATH" mpirun -f hosts -n 2 echo word

# Links to it, a link to its folder, and a copy of it on the same PATH.
mkdir links
ln -s ../checkout/scripts/mpirun links/mpirun
ln -s checkout/scripts linked
tree copy
finds_real "$PWD/links:$PWD/linked:$PWD/checkout/scripts:$PWD/copy/scripts"
# rankrun itself goes past it too.
succeeds "$real $rest" env PATH="$PWD/links:$PATH" "$rankrun" --dry-run -f hosts -n 2 true

# The release comes before other builds.
mkdir -p checkout/build/release/bin
printf '#!/bin/sh\necho "release $*"\n' > checkout/build/release/bin/rankrun
chmod +x checkout/build/release/bin/rankrun
succeeds 'release a b c' checkout/scripts/mpirun a b c

# Installed.
mkdir -p prefix/libexec/rankwise
cp "$source_folder/scripts/mpirun" prefix/libexec/rankwise/mpirun
put prefix/bin
finds_real "$PWD/prefix/libexec/rankwise"

# From the PATH, where it was not built here.
tree unbuilt
put elsewhere
finds_real "$PWD/unbuilt/scripts:$PWD/elsewhere"

refuses "mpirun (rankwise): found no rankrun, accepted: one in $PWD/unbuilt/build/*/bin (cmake --preset release && cmake --build --preset release), or on the PATH" \
  unbuilt/scripts/mpirun -n 1 true

finish
