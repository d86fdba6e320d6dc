# SPDX-License-Identifier: MIT
"""Counts the words of FILE: how many different ones there are, and how many in all."""
import collections
import sys

counts = collections.Counter()
with open(sys.argv[1], "rb") as text:
    for line in text:
        counts.update(line.split())
print(len(counts), sum(counts.values()))
