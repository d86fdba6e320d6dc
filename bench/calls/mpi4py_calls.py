# SPDX-License-Identifier: MIT
"""Short calls for mpi4py.futures, under `mpirun -n 2 python3 -m mpi4py.futures mpi4py_calls.py`.

Rank 0 hands out and rank 1 works. Fewer of everything than in `calls`, which takes the medians.
"""

import json
import os
import platform
import socket
import statistics
import sys
import time

import mpi4py
from mpi4py import MPI
from mpi4py.futures import MPIPoolExecutor


def next_number(number):
    return number + 1


def require(right, what):
    if not right:
        sys.exit(f"mpi4py_calls: {what}")


def print_row(name, unit, n_items, samples):
    version = MPI.Get_library_version().split(",", maxsplit=1)[0]
    print(json.dumps({
        "workload": "calls",
        "row": f"{name}: mpi4py.futures",
        "git": os.environ.get("BENCH_GIT", "unknown"),
        "host": socket.gethostname(),
        "cores": os.cpu_count(),
        "mpi": version,
        "compiler": f"Python {platform.python_version()}, mpi4py {mpi4py.__version__}",
        "ranks": MPI.COMM_WORLD.Get_size(),
        "oversubscribed": MPI.COMM_WORLD.Get_size() > os.cpu_count(),
        "n": n_items,
        "repeats": len(samples),
        "unit": unit,
        "min": round(min(samples), 1),
        "median": round(statistics.median(samples), 1),
        "max": round(max(samples), 1),
        "checksum": f"{0:016x}",
        "samples": [round(sample, 1) for sample in samples],
    }, separators=(",", ":")), flush=True)


def round_trip_us(executor, number):
    begun = time.perf_counter()
    value = executor.submit(next_number, number).result()
    taken = time.perf_counter() - begun
    require(value == number + 1, "a wrong value")
    return 1e6 * taken


def small_maps_us(executor, n_maps):
    begun = time.perf_counter()
    for first in range(n_maps):
        results = list(executor.map(next_number, range(first, first + 4)))
        require(results == list(range(first + 1, first + 5)), "wrong results")
    return 1e6 * (time.perf_counter() - begun) / n_maps


def futures_a_second(executor, n_futures):
    begun = time.perf_counter()
    futures = [executor.submit(next_number, i) for i in range(n_futures)]
    for i, future in enumerate(futures):
        require(future.result() == i + 1, "a wrong value")
    return n_futures / (time.perf_counter() - begun)


def main():
    repeats = range(5)
    with MPIPoolExecutor() as executor:
        executor.bootup(wait=True)
        n_trips, n_maps, n_futures = 500, 500, 10_000
        trips = [[round_trip_us(executor, i) for i in range(n_trips)] for _ in repeats]
        print_row("submit, get", "us", n_trips, [statistics.median(times) for times in trips])
        idle = []
        for i in range(10):
            time.sleep(1)
            idle.append(round_trip_us(executor, i))
        print_row("submit, get after a second", "us", 1, idle)
        print_row("map of four items", "us", n_maps,
                  [small_maps_us(executor, n_maps) for _ in repeats])
        print_row("many futures, in and out", "futures/s", n_futures,
                  [futures_a_second(executor, n_futures) for _ in repeats])


if __name__ == "__main__":
    main()
