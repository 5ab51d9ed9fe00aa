"""Speed of synthetic interventions: `giv-dist benchmark si` beside numpy, beside one decomposition per cell, and two ranks
beside one.

usage: compare_si.py GIV_DIST [--units 100000] [--rounds 3]

First both answer for one small panel, and the largest difference is printed. Then the programs are run alternately, one
thread per rank, and the least of the rounds is taken of each. It asserts nothing: the times are this machine's.
"""
import argparse
import csv
import subprocess
import sys
import tempfile
from pathlib import Path

from compare import FOLDER, run

NUMPY = FOLDER / "numpy_si.py"


def difference(giv):
    """Of estimates and of half intervals, the largest over all units and arms, relative to the largest value."""
    with tempfile.TemporaryDirectory() as scratch:
        law = "--scenario panel --units 240 --pre-periods 30 --post-periods 6 --arms 3 --factors 4".split()
        subprocess.run([giv, "simulate", *law, "--out", f"{scratch}/panel"], check=True, capture_output=True)
        fit = "--pre 1:30 --post 31:36 --rank fixed:4 --leave-out fixed-subspace --out".split()
        subprocess.run([giv, "si", f"{scratch}/panel", *fit, f"{scratch}/si"], check=True, capture_output=True)
        ours = list(csv.DictReader(open(f"{scratch}/si/table.csv")))
        theirs = run([sys.executable, NUMPY, "--panel", f"{scratch}/panel/shard-00000.h5", "--pre", "30", "--rank", "4"], 1)
    flat = {key: [value for row in theirs[key] for value in row] for key in theirs}
    pairs = [(float(row["estimate"]), estimate) for row, estimate in zip(ours, flat["estimate"])]
    halves = [((float(row["conf.high"]) - float(row["conf.low"])) / 2, half) for row, half in zip(ours, flat["half"])]
    return [max(abs(a - b) for a, b in values) / max(abs(b) for _, b in values) for values in (pairs, halves)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("giv_dist", type=Path)
    parser.add_argument("--units", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    giv = arguments.giv_dist.resolve()
    estimates, halves = difference(giv)
    print(f"largest relative difference from numpy: estimates {estimates:.1e}, half intervals {halves:.1e}")
    size = ["--units", str(arguments.units)]
    rounds = [(run([sys.executable, NUMPY, *size], 1), run([giv, "benchmark", "si", *size, "--json"], 1),
               run([giv, "benchmark", "si", *size, "--json"], 2)) for _ in range(arguments.rounds)]
    numpy, one, two = (min(entry[place]["usPerUnitMinimum"] for entry in rounds) for place in range(3))
    cell = run([sys.executable, NUMPY, *size, "--per-cell"], 1)["usPerUnit"]
    print(f"{arguments.units} units x 4 arms, 100 periods before and 20 after, rank 6; us per unit, least of "
          f"{arguments.rounds} rounds\nnumpy {numpy:.2f}   giv-dist {one:.3f} ({numpy / one:.1f} times)   "
          f"2 ranks {two:.3f} ({one / two:.2f} times)   one decomposition per cell {cell:.0f} ({cell / one:.0f} times)")


if __name__ == "__main__":
    main()
