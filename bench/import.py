"""Speed of `giv-dist shard` beside pandas.read_csv, on one table of a million rows and ten columns.

Both are run alternately (A B A B ..) on the same file, each as a program of its own, on one thread. giv-dist reads the
file twice, digests it and writes shards; pandas reads it into memory, once with its own reader of numbers and once with
`float_precision="round_trip"`, whose bits are those of giv-dist. Prints seconds and peer / giv-dist; a ratio above 1 means
giv-dist is faster. It asserts nothing: the times are this machine's.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ONE_THREAD = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
READ = "import pandas; pandas.read_csv({path!r}, float_precision={precision!r}).sum(numeric_only=True)"


def write_table(path, rows):
    """Eight columns of numbers with all their digits, one of integers and one of categories."""
    generator = np.random.default_rng(1)
    with open(path, "w") as file:
        file.write("t,y," + ",".join(f"x{j}" for j in range(6)) + ",age,site\n")
        for start in range(0, rows, 10000):
            count = min(10000, rows - start)
            numbers = generator.normal(size=(count, 8))
            ages, sites = generator.integers(18, 95, count), generator.integers(0, 5, count)
            for row, age, site in zip(numbers.tolist(), ages, sites):
                file.write(",".join(map(repr, row)) + f",{age},site {'ABCDE'[site]}\n")


def seconds(command):
    start = time.perf_counter()
    finished = subprocess.run(command, env=ONE_THREAD, capture_output=True, text=True)
    if finished.returncode != 0:
        sys.exit(f"import: {' '.join(map(str, command))} ended with {finished.returncode}\n{finished.stderr}")
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("giv_dist", type=Path, nargs="+", help="one program, or several to compare")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/table.csv"
        write_table(path, arguments.rows)
        columns = ["--treatment", "t", "--outcome", "y", "--covariates", "x0,x1,x2,x3,x4,x5,age,site"]
        commands = {
            str(program): [program, "shard", path, "--out", f"{folder}/out", "--force", *columns]
            for program in arguments.giv_dist}
        for precision in (None, "round_trip"):
            read = READ.format(path=path, precision=precision)
            commands[f"pandas.read_csv {precision or ''}".strip()] = [sys.executable, "-c", read]
        times = {name: [] for name in commands}
        for _ in range(arguments.rounds):
            for name, command in commands.items():
                times[name].append(seconds(command))
        own = min(times[str(arguments.giv_dist[0])])
        for name, runs in times.items():
            print(json.dumps({
                "program": name, "megabytes": round(os.path.getsize(path) / 1e6), "rows": arguments.rows,
                "seconds": [round(run, 2) for run in runs], "ratio": round(min(runs) / own, 2)}))


if __name__ == "__main__":
    main()
