# SPDX-License-Identifier: MIT
"""Makes inputs for linear_regression_test.sh, and judges what is printed of them by exact fractions."""
import csv
import json
import math
import os
import random
import statistics
import sys
from fractions import Fraction


def make_bytes(directory):
    random.seed(1)
    os.mkdir(directory)
    # More than one split, a split that ends within a pair's file, a few pairs, none.
    for name, n in [("a", 2_600_000), ("b", 70_001), ("c", 3), ("d", 0)]:
        pairs = bytearray()
        for x in random.randbytes(n):
            pairs += bytes([x, min(255, max(0, 200 - x // 2 + random.randrange(-40, 40)))])
        with open(f"{directory}/{name}", "wb") as file:
            file.write(pairs)


def write_columns(path, points, heading=("x", "y")):
    with open(path, "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", heading[1], "a name, quoted", heading[0]])
        for i, (x, y) in enumerate(points):
            rows.writerow([i, repr(y), f'"{i}"', repr(x)])


def make_columns(directory):
    random.seed(2)
    os.mkdir(directory)
    for name in "ab":
        points = [(x, 3 * x - 1 + random.gauss(0, 2)) for x in (random.uniform(-10, 10) for _ in range(3000))]
        write_columns(f"{directory}/{name}.csv", points)


def make_hard_columns(directory):
    """Means that are 10^9 standard deviations away, and a first point far from all others."""
    random.seed(3)
    os.mkdir(directory)
    points = [(x, -0.5 * x + random.gauss(0, 1)) for x in (random.gauss(1e9, 1) for _ in range(70_000))]
    write_columns(f"{directory}/far.csv", points)
    points = [(-1e5, 3e5)] + [(x, x + random.gauss(0, 1)) for x in (random.gauss(0, 1) for _ in range(1000))]
    write_columns(f"{directory}/outlier.csv", points)


def points_of_bytes(paths):
    points = []
    for path in paths:
        with open(path, "rb") as file:
            data = file.read()
        points += zip(data[0::2], data[1::2])
    return points


def points_of_columns(paths):
    points = []
    for path in paths:
        with open(path, newline="") as file:
            points += [(float(row["x"]), float(row["y"])) for row in csv.DictReader(file)]
    return points


def square_root(number):
    """As a double, of a fraction."""
    scale = 4**600
    return float(Fraction(math.isqrt(number.numerator * scale // number.denominator), 2**600))


def judge(what, found, points):
    """Each figure is right to a few units of a double's last place."""
    n = len(points)
    if what == "bytes":
        x = sum(x for x, _ in points)
        y = sum(y for _, y in points)
        products = [sum(a * b for a, b in pairs) for pairs in (((x, x) for x, _ in points), ((y, y) for _, y in points), points)]
    else:
        points = [(Fraction(x), Fraction(y)) for x, y in points]
        x = sum(x for x, _ in points)
        y = sum(y for _, y in points)
        products = [sum(x * x for x, _ in points), sum(y * y for _, y in points), sum(x * y for x, y in points)]
    xx = products[0] - Fraction(x * x) / n
    yy = products[1] - Fraction(y * y) / n
    xy = products[2] - Fraction(x * y) / n
    slope = xy / xx
    variance = (yy - slope * xy) / (n - 2)
    expected = {
        "slope": float(slope),
        "intercept": float((y - slope * x) / n),
        "r2": float(slope * xy / yy),
        "slope_error": square_root(variance / xx),
        "intercept_error": square_root(variance * (Fraction(1, n) + Fraction(x * x) / (n * n) / xx)),
    }
    assert found["n"] == n, (found["n"], n)
    for name, value in expected.items():
        assert math.isclose(found[name], value, rel_tol=1e-15), (name, found[name], value)


def judge_by_statistics(found, points):
    xs, ys = zip(*points)
    line = statistics.linear_regression(xs, ys)
    assert math.isclose(found["slope"], line.slope, rel_tol=1e-12), (found, line)
    assert math.isclose(found["intercept"], line.intercept, rel_tol=1e-12), (found, line)
    assert math.isclose(found["r2"], statistics.correlation(xs, ys) ** 2, rel_tol=1e-12), found


def main(what, *arguments):
    makers = {"make-bytes": make_bytes, "make-columns": make_columns, "make-hard-columns": make_hard_columns}
    if what in makers:
        makers[what](*arguments)
        return
    if what == "judge-points":  # the program's output, how many rows it left out, and X:Y of the others
        with open(arguments[0], encoding="utf-8") as file:
            found = json.loads(file.readline())
        assert found["left_out"] == int(arguments[1]), found
        judge("columns", found, [tuple(map(float, point.split(":"))) for point in arguments[2:]])
        return
    # judge-bytes, judge-columns or judge-hard-columns, the program's output, and the files that it read.
    with open(arguments[0], encoding="utf-8") as file:
        found = json.loads(file.readline())
    kind = what.removeprefix("judge-")
    points = (points_of_bytes if kind == "bytes" else points_of_columns)(arguments[1:])
    judge(kind, found, points)
    if kind != "hard-columns":  # which take from the statistics module, in doubles, all but 11 digits
        judge_by_statistics(found, points)


main(*sys.argv[1:])
