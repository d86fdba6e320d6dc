#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The runs of the compiler that show that each header compiles alone: header_chains.py FILE_OR_FOLDER...

Each line names headers, below the working directory, that one source is to include in that order. Each header stands in
one line, and behind it only such headers as it includes itself, further down or not, in its head: before its first line
of code, and under no condition. So its text is read behind nothing that it does not include. What it uses and does not
include is not found, although other headers of the line have been read.
"""
import os
import re
import sys

names = sorted(
    os.path.normpath(os.path.join(folder, file))
    for argument in sys.argv[1:]
    for folder, _, files in (os.walk(argument) if os.path.isdir(argument) else [("", [], [argument])])
    for file in files
    if file.endswith(".hpp")
)


def read_includes(name):
    """The headers that this one includes in its head and everywhere."""
    head, everywhere, depth, is_head = [], [], 0, True
    with open(name, encoding="utf-8") as text:
        for line in text:
            depth += bool(re.match(r"#\s*if", line)) - bool(re.match(r"#\s*endif", line))
            if found := re.match(r"#\s*include <([^>]+)>", line):
                everywhere.append(found[1])
                if is_head and depth == 0:
                    head.append(found[1])
            elif line.strip() and not re.match(r"#|//", line):
                is_head = False
    return head, everywhere


def reach(starts, includes, leaving_out=None):
    """What these headers include, they too; and not what only the header that is left out includes."""
    found, left = set(), [name for name in starts if name in includes and name != leaving_out]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += [other for other in includes[name] if other in includes and other != leaving_out]
    return found


head, includes = {}, {}
waiting = list(names)
while waiting:
    name = waiting.pop()
    if name not in includes and os.path.exists(name):
        head[name], includes[name] = read_includes(name)
        waiting += includes[name]
all_read = {name: reach([name], includes) for name in includes}
may_precede = {name: reach(head[name], includes, leaving_out=name) for name in names}
followers = {
    name: sorted(
        (other for other in names if all_read[name] <= may_precede[other] and other not in all_read[name]),
        key=lambda other: len(all_read[other]),
    )
    for name in names
}

# The fewest lines: as many pairs of neighbours as there can be (augmenting paths, for a bipartite matching).
before = {}


def find_follower(name, tried):
    for other in followers[name]:
        if other not in tried:
            tried.add(other)
            if other not in before or find_follower(before[other], tried):
                before[other] = name
                return True
    return False


for name in names:
    find_follower(name, set())
for last in sorted(set(names) - set(before.values())):
    line = [last]
    while line[0] in before:
        line.insert(0, before[line[0]])
    print(*line)
