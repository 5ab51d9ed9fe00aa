"""Speed of the moments of synthetic potential outcomes: `giv-dist benchmark spo` beside numpy, and two ranks beside one.

usage: compare_spo.py GIV_DIST [--rows 1000000] [--rounds 3]

The programs are run alternately, one thread per rank, and the least of the rounds is taken of each. It asserts nothing:
the times are this machine's.
"""
import argparse
import sys
from pathlib import Path

from compare import FOLDER, run


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("giv_dist", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    print(f"{arguments.rows} rows, ns per row: least of {arguments.rounds} rounds\n"
          f"{'features':<14}   numpy  giv-dist  ratio  2 ranks  ratio  answers (s)")
    for features in ("onehot:4x4", "real:4+4", "real:16+16"):
        size = ["--rows", str(arguments.rows), "--features", features]
        giv = [arguments.giv_dist.resolve(), "benchmark", "spo", *size, "--json"]
        rounds = [(run([sys.executable, FOLDER / "numpy_spo.py", *size], 1), run(giv, 1), run(giv, 2))
                  for _ in range(arguments.rounds)]
        numpy, one, two = (min(entry[place]["nsPerRowMinimum"] for entry in rounds) for place in range(3))
        seconds = min(entry[1]["answerSeconds"] for entry in rounds)
        print(f"{features:<14} {numpy:7.1f}  {one:8.2f} {numpy / one:6.1f} {two:8.2f} {one / two:6.2f}  {seconds:.3f}", flush=True)


if __name__ == "__main__":
    main()
