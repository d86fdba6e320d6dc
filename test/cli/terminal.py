# SPDX-License-Identifier: MIT
"""A user at a terminal, in an interactive shell: terminal.py RANKRUN LAUNCHED

Ctrl-Z stops all of a job and gives the prompt back, fg and bg have it go on; what is typed reaches a job that reads;
Ctrl-C ends it, with its last words on a line of their own."""
import os
import pty
import re
import select
import sys
import time

RANKRUN, LAUNCHED = sys.argv[1:3]
PATIENCE_S = 60
seen = ""  # all that the terminal has shown


def fail(what):
    sys.exit(f"FAILED: {what}\n--- the terminal:\n{seen}")


def await_text(pattern, start):
    """Waits until the terminal shows the pattern after position `start`; the position behind it."""
    global seen
    deadline = time.monotonic() + PATIENCE_S
    while not (found := re.compile(pattern).search(seen, start)):
        if time.monotonic() > deadline:
            fail(f"no {pattern!r} after {PATIENCE_S} s")
        if select.select([terminal], [], [], 0.1)[0]:
            seen += os.read(terminal, 65536).decode(errors="replace").replace("\r\n", "\n")
    return found.end()


def type_in(text):
    """Types, and says from where what follows is shown."""
    start = len(seen)
    os.write(terminal, text.encode())
    return start


def states_of_ranks():
    states = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
                state = file.read().rsplit(")", 1)[1].split()[0]
        except OSError:
            continue
        if words[0] == LAUNCHED.encode():
            states.append(state)
    return states


def await_states(what, is_right):
    deadline = time.monotonic() + PATIENCE_S
    while not is_right(states_of_ranks()):
        if time.monotonic() > deadline:
            fail(f"ranks are not {what}: {states_of_ranks()}")
        time.sleep(0.05)


def are_stopped(states):
    return len(states) == 2 and all(state == "T" for state in states)


shell, terminal = pty.fork()
if shell == 0:
    os.environ.update(PS1="prompt> ", TERM="dumb", LC_ALL="C")
    os.execvp("bash", ["bash", "--norc", "--noprofile", "--noediting", "-i"])
at = await_text("prompt> ", 0)
at = await_text("prompt> ", type_in("stty -echo cols 100\n"))
JOB = f"{RANKRUN} --oversubscribe -n 2 {LAUNCHED} --progress line --task-ms 60"

# Ctrl-Z, fg.
at = await_text("100 items", type_in(JOB + "\n"))
at = await_text("Stopped(.|\n)*prompt> ", type_in("\x1a"))
await_states("stopped", are_stopped)
at = await_text("100 results", type_in("fg\n"))
at = await_text("prompt> ", at)

# Ctrl-Z, bg, and the shell's own work meanwhile.
at = await_text("100 items", type_in(JOB + "\n"))
at = await_text("Stopped(.|\n)*prompt> ", type_in("\x1a"))
await_states("stopped", are_stopped)
type_in("bg\n")
await_states("going on", lambda states: states and not are_stopped(states))
at = await_text("100 results", at)
at = await_text("waited", type_in("wait; echo waited\n"))

# What is typed reaches a program that reads, whether on the library or not.
for reader in (f"{RANKRUN} -n 1 {LAUNCHED} --quiet --read cin", f"{RANKRUN} -n 1 cat"):
    type_in(reader + "\n")
    time.sleep(1)  # for the shell to have started it: what is typed before is the shell's
    type_in("typed\n")
    at = await_text("typed(.|\n)*prompt> ", type_in("\x04"))

# Ctrl-C: the words stand under the progress line, and count what it counts.
at = await_text("100 items", type_in(JOB + "\n"))
start = type_in("\x03")
at = await_text("prompt> ", start)
found = re.search(r"(\d+)/100 items[^\n]*\n(?:\^C\n?)?rankwise: ended by SIGINT during pool::map: (\d+) of 100", seen[:at])
last = re.findall(r"(\d+)/100 items", seen[:at])[-1]
if not found or found[2] != last:
    fail(f"no last words that count {last} items, on a line of their own")
at = await_text("status 130", type_in("echo status $?\n"))
if states_of_ranks():
    fail("ranks are left")
print("terminal.py: all is well")
