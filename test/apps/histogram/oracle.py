# SPDX-License-Identifier: MIT
"""Makes inputs for histogram_test.sh, and counts what is in them."""
import bisect
import collections
import csv
import json
import os
import random
import struct
import sys
import xml.etree.ElementTree
from fractions import Fraction


def header(width, height, bits, info_bytes=40, compression=0, gap=0):
    masks = struct.pack("<III", 0xFF0000, 0xFF00, 0xFF) if compression == 3 else b""
    info = struct.pack("<IiiHHIIiiII", info_bytes, width, height, 1, bits, compression, 0, 0, 0, 0, 0)
    info = (info + masks).ljust(info_bytes, b"\0") + bytes(gap)
    # The sizes in it are wrong on purpose, as they are past 4 GiB.
    return b"BM" + struct.pack("<III", 7, 0, 14 + len(info)) + info


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def make_images(directory):
    random.seed(1)
    os.mkdir(directory)
    for name, *shape in [
        ("a24.bmp", 1001, 700, 24),
        ("b24.bmp", 1, -333, 24, 124),
        ("c24.bmp", 6, 5, 24, 108, 0, 77),
        ("d32.bmp", 513, -400, 32),
        ("e32.bmp", 2, 3, 32, 40, 3),
        ("f32.bmp", 64, 64, 32, 124, 3),
    ]:
        width, height, bits = shape[:3]
        stride = (width * bits // 8 + 3) // 4 * 4
        write(f"{directory}/{name}", header(*shape) + random.randbytes(stride * abs(height)) + b"more")


def count_images(paths):
    counts = [collections.Counter() for _ in range(3)]
    pixels = 0
    for path in paths:
        with open(path, "rb") as file:
            data = file.read()
        begin, width, height, bits = (
            struct.unpack_from(form, data, at)[0] for form, at in [("<I", 10), ("<i", 18), ("<i", 22), ("<H", 28)]
        )
        size = bits // 8
        for row in range(abs(height)):
            at = begin + row * ((width * size + 3) // 4 * 4)
            for colour in range(3):
                counts[colour].update(data[at + 2 - colour : at + width * size : size])
        pixels += width * abs(height)
    return len(paths), pixels, counts


def show(images, pixels, counts):
    lists = {name: [counter[value] for value in range(256)] for name, counter in zip(("red", "green", "blue"), counts)}
    print(json.dumps({"images": images, "pixels": pixels, **lists}, separators=(",", ":")))


def make_large_image(path):
    width, height = 40_000, 45_000
    stride = width * 3
    counts = [collections.Counter({0: width * height}) for _ in range(3)]
    with open(path, "wb") as file:
        file.write(header(width, height, 24))
        file.truncate(54 + stride * height)
        random.seed(2)
        for row in [0, 1, 35_790, 35_791, 35_792, 44_999]:  # 2^32 lies in row 35,791
            at = random.randrange(width)
            pixel = random.randbytes(3)
            file.seek(54 + row * stride + at * 3)
            file.write(pixel)
            for counter, value in zip(counts, reversed(pixel)):
                counter[0] -= 1
                counter[value] += 1
    show(1, width * height, counts)


def make_columns(directory):
    random.seed(3)
    os.mkdir(directory)
    for name in ["a.csv", "b.csv"]:
        with open(f"{directory}/{name}", "w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["id", "a name, quoted", "weight"])
            for i in range(3000):
                # Many numbers stand right on edges of bins.
                numbers = [random.gauss(0, 1), random.randint(-12, 12) / 4, random.randint(-20, 20) / 10]
                rows.writerow([i, f'{i} "{i}"', random.choice(numbers)])


def count_column(bins, low, high, column, paths):
    numbers = []
    for path in paths:
        with open(path, newline="") as file:
            numbers += [float(row[column]) for row in list(csv.reader(file))[1:]]
    low = min(numbers) if low == "-" else float(low)
    high = max(numbers) if high == "-" else float(high)
    exact = [Fraction(low) + k * (Fraction(high) - Fraction(low)) / bins for k in range(bins + 1)]
    edges = [float(edge) for edge in exact]  # rounded once
    counts = [0] * bins
    for number in numbers:
        if low <= number <= high:
            counts[min(bisect.bisect_right(edges, number) - 1, bins - 1)] += 1
    # Each number is printed as the shortest text that is read back as the same.
    print(
        f'"low":{low!r},"high":{high!r},"below":{sum(number < low for number in numbers)},'
        f'"above":{sum(number > high for number in numbers)},"counts":{json.dumps(counts, separators=(",", ":"))}}}'
    )


def make_bad_images(directory):
    os.mkdir(directory)
    good = header(3, 2, 24) + bytes(24)
    for name, data in {
        "text": b"hello",
        "short": good[:20],
        "cut": good[:60],
        "bits": header(3, 2, 2) + bytes(1048),
        "packed": header(3, 2, 24, compression=1) + bytes(24),
        "old": header(3, 2, 24, info_bytes=16) + bytes(100),
    }.items():
        write(f"{directory}/{name}.bmp", data)


def check_svg(path):
    root = xml.etree.ElementTree.parse(path).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg", root.tag
    areas = [path for path in root.iter("{http://www.w3.org/2000/svg}path") if path.get("fill")]
    assert areas, "nothing is drawn"


def main(what, *arguments):
    if what == "make-images":
        make_images(*arguments)
    elif what == "count-images":
        show(*count_images(arguments))
    elif what == "title":
        images, pixels, _ = count_images(arguments)
        print(f"{images} images, {pixels} pixels")
    elif what == "make-large-image":
        make_large_image(*arguments)
    elif what == "make-columns":
        make_columns(*arguments)
    elif what == "count-column":
        count_column(int(arguments[0]), *arguments[1:3], int(arguments[3]), arguments[4:])
    elif what == "make-bad-images":
        make_bad_images(*arguments)
    elif what == "check-svg":
        check_svg(*arguments)
    else:
        sys.exit(f"oracle.py: unknown {what}")


main(*sys.argv[1:])
