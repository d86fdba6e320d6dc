#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Jobs at a terminal: terminal_test.sh SOURCE_FOLDER RANKRUN LAUNCHED
# shellcheck source=test/cli/support.sh
source "$(dirname "$0")/support.sh" "$1" "$2"

# A container may have no /dev/pts.
if ! python3 -c 'import pty; pty.openpty()' 2> /dev/null; then
  echo 'no pseudo-terminal can be had here: nothing is checked'
  exit 0
fi
run python3 "$source_folder/test/cli/terminal.py" "$rankrun" "$3"
same 'a session at a terminal' "$status: $out$err" '0: terminal.py: all is well'

finish
