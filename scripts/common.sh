# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What demo, test and check share; they source it from the top of the repository.

say() {
  printf '%s: %s\n' "${0##*/}" "$1"
}

fail() {
  printf '%s: %s\n' "${0##*/}" "$1" >&2
  exit "${2:-1}"
}

# Open MPI refuses to run as root unless told twice. It is the caller's decision, made here and said.
allow_root() {
  if ((EUID == 0)); then
    say 'this is root: mpirun is allowed to run as root (OMPI_ALLOW_RUN_AS_ROOT=1 and _CONFIRM=1)'
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  fi
}

# build PRESET [CMAKE OPTION ...]: configures and builds; its output is shown only if it fails.
build() {
  local -r preset=$1 log=build/$1.log
  local -r started=$SECONDS
  shift
  mkdir -p build
  say "building build/$preset (log: $log)"
  if ! { cmake --preset "$preset" "$@" && cmake --build --preset "$preset" --parallel "$(nproc)"; } > "$log" 2>&1; then
    cat "$log" >&2
    fail "building build/$preset failed (above, and in $log)"
  fi
  if grep -q '^ninja: no work to do' "$log"; then
    say "build/$preset was up to date"
  else
    say "built build/$preset in $((SECONDS - started)) s"
  fi
}
