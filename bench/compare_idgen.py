"""Speed of interventional sampling: `giv-dist benchmark idgen` beside numpy, trainings beside PyTorch where there is one, and two
ranks beside one.

usage: compare_idgen.py GIV_DIST [--rows 1000000] [--nodes 8] [--rounds 3]

The programs are run alternately, one thread per rank, and the least of the rounds is taken of each. On one thread it is
processor time, which a busy machine does not lengthen; two ranks are beside one by the clock. It asserts nothing: the times
are this machine's. Counts draw the block of each row; the row beneath has numpy's without that.
"""
import argparse
import importlib.util
import sys
from pathlib import Path

from compare import FOLDER, run


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("giv_dist", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--nodes", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    print(f"{arguments.rows} rows, {arguments.nodes} variables, least of {arguments.rounds} rounds, ns; to the left processor time "
          "on one thread, to the right the clock\n"
          f"{'levels':>6}  {'':<28}   numpy  giv-dist  ratio    1 rank  2 ranks  ratio")
    for levels in (2, 3, 10):
        size = ["--rows", str(arguments.rows), "--nodes", str(arguments.nodes), "--levels", str(levels)]
        giv = [arguments.giv_dist.resolve(), "benchmark", "idgen", *size, "--json"]
        rounds = [(run([sys.executable, FOLDER / "numpy_idgen.py", *size], 1), run(giv, 1), run(giv, 2))
                  for _ in range(arguments.rounds)]
        least = lambda place, key, name: min(entry[place][key][name] for entry in rounds)
        for words, theirs, key in (("drawing a variable of a row", "samplingPerRowAndNode", "samplingPerRowAndNode"),
                                   ("counting a row by blocks", "countingPerRow", "countingPerRow"),
                                   ("  numpy given the blocks", "countingGivenBlocks", "countingPerRow")):
            numpy, own = least(0, theirs, "cpuNs"), least(1, key, "cpuNs")
            one, two = least(1, key, "nsMinimum"), least(2, key, "nsMinimum")
            ranks = f"{one:8.2f} {two:8.2f} {one / two:6.2f}" if theirs == key else ""
            print(f"{levels:6}  {words:<28} {numpy:7.2f}  {own:8.2f} {numpy / own:6.1f}  {ranks}", flush=True)
    if importlib.util.find_spec("torch") is None:
        return print("no PyTorch to compare trainings with: pip install torch==2.13.0")
    print(f"\n{'':<36} PyTorch  giv-dist  ratio    1 rank  2 ranks  ratio")
    for model in ("mixture", "flow"):
        giv = [arguments.giv_dist.resolve(), "benchmark", "idgen", "--model", model, "--json"]
        rounds = [(run([sys.executable, FOLDER / "torch_idgen.py", model], 1), run(giv, 1), run(giv, 2))
                  for _ in range(arguments.rounds)]
        torch, own, one, two = (min(entry[place]["trainingPerRow"][name] for entry in rounds)
                                for place, name in ((0, "cpuNs"), (1, "cpuNs"), (1, "nsMinimum"), (2, "nsMinimum")))
        print(f"        {'training a ' + model + ', a row':<28} {torch:7.0f}  {own:8.0f} {torch / own:6.1f}  {one:8.0f} {two:8.0f} "
              f"{one / two:6.2f}", flush=True)


if __name__ == "__main__":
    main()
