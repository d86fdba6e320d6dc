# SPDX-License-Identifier: MIT
"""The same job for mpi4py.futures: tasks that do nothing, one by one, under
`mpirun -n 2 python3 -m mpi4py.futures mpi4py_map.py N REPEATS`.

Rank 0 hands out and rank 1 works, as in `dispatch` with the root not working.
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


def empty_task(index):
    return index


def main():
    n_items, repeats = int(sys.argv[1]), int(sys.argv[2])
    rates = []
    with MPIPoolExecutor() as executor:
        executor.bootup(wait=True)
        for _ in range(repeats):
            begun = time.perf_counter()
            results = list(executor.map(empty_task, range(n_items), chunksize=1))
            rates.append(n_items / (time.perf_counter() - begun))
            if results != list(range(n_items)):
                sys.exit("mpi4py_map: wrong results")
    checksum = sum(i * (2 * i + 1) for i in range(n_items)) % 2**64
    version = MPI.Get_library_version().split(",", maxsplit=1)[0]
    print(json.dumps({
        "workload": "dispatch",
        "row": "chunk 1: mpi4py.futures",
        "git": os.environ.get("BENCH_GIT", "unknown"),
        "host": socket.gethostname(),
        "cores": os.cpu_count(),
        "mpi": version,
        "compiler": f"Python {platform.python_version()}, mpi4py {mpi4py.__version__}",
        "ranks": MPI.COMM_WORLD.Get_size(),
        "oversubscribed": MPI.COMM_WORLD.Get_size() > os.cpu_count(),
        "n": n_items,
        "repeats": repeats,
        "unit": "items/s",
        "min": round(min(rates), 1),
        "median": round(statistics.median(rates), 1),
        "max": round(max(rates), 1),
        "checksum": f"{checksum:016x}",
        "samples": [round(rate, 1) for rate in rates],
    }, separators=(",", ":")))


if __name__ == "__main__":
    main()
