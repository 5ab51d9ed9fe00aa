"""Speed of the moments of synthetic potential outcomes: `giv-dist benchmark spo` beside numpy, and two ranks beside one.

usage: compare_spo.py GIV_DIST [--rows 1000000] [--rounds 3] [--stream ROWS [--folder FOLDER]]

The programs are run alternately, one thread per rank, and the least of the rounds is taken of each. On one thread it is
processor time, which a busy machine does not lengthen; two ranks are beside one by the clock. What a plain sum of the same
columns takes stands beside, for nothing can be faster. It asserts nothing: the times are this machine's.

With --stream so many rows are simulated in shards of ten million and answered by `spo --stream`, with the most memory that
it held; 100,000,000 rows take 4 GB in FOLDER, which are removed afterwards.
"""
import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from compare import FOLDER, ONE_THREAD, run


def speed(program, rows, rounds):
    print(f"{rows} rows, ns per row: least of {rounds} rounds; to the left processor time on one thread, to the right the clock\n"
          f"{'features':<12}   numpy  giv-dist  ratio    plain sum (bytes, GB/s)     1 rank  2 ranks  ratio  answers (s)")
    for features in ("onehot:4x4", "real:4+4", "real:16+16"):
        size = ["--rows", str(rows), "--features", features]
        giv = [program, "benchmark", "spo", *size, "--json"]
        entries = [(run([sys.executable, FOLDER / "numpy_spo.py", *size], 1), run(giv, 1), run(giv, 2)) for _ in range(rounds)]
        least = lambda place, name: min(entry[place][name] for entry in entries)
        numpy, own, reading = least(0, "cpuNsPerRow"), least(1, "cpuNsPerRow"), least(1, "readingNsPerRow")
        one, two, size = least(1, "nsPerRowMinimum"), least(2, "nsPerRowMinimum"), entries[0][1]["bytesPerRow"]
        print(f"{features:<12} {numpy:7.1f}  {own:8.2f} {numpy / own:6.1f}     {reading:6.2f} ({size:5d}, {size / reading:5.1f})     "
              f"{one:11.2f} {two:8.2f} {one / two:6.2f}  {least(1, 'answerSeconds'):.3f}", flush=True)


def stream(program, rows, folder):
    """One real run over more rows than a machine would hold."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        begin = time.perf_counter()
        subprocess.run([program, "simulate", "--scenario", "proxies", "--law", "three-class", "--rows", str(rows), "--seed", "1",
                        "--shards", str(max(1, rows // 10_000_000)), "--out", "shards"], cwd=place, check=True,
                       stdout=subprocess.DEVNULL)
        size = sum(path.stat().st_size for path in Path(place).rglob("*.h5"))
        print(f"{rows} rows simulated in {time.perf_counter() - begin:.0f} s: {size / 1e9:.2f} GB", flush=True)
        # The most memory of the children that have ended is the simulation's so far; spo is a child of a process of its own.
        watch = ("import resource, subprocess, sys; p = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, check=True); "
                 "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, p.stdout.decode())")
        begin = time.perf_counter()
        printed = subprocess.run(
            [sys.executable, "-c", watch, program, "spo", "shards", "--treatment-proxies", "z", "--outcome-proxies", "x", "--stream",
             "--json"], cwd=place, check=True, capture_output=True, text=True, env=ONE_THREAD).stdout
        seconds = time.perf_counter() - begin
        memory, report = printed.split(" ", 1)
        ate = json.loads(report)["ate"]
        print(f"spo --stream, one rank: {seconds:.0f} s, {int(memory) / 1024:.0f} MB at most, average effect {ate['estimate']:.6f} "
              f"(standard error {ate['standardError']:.6f}, truth .03)")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("giv_dist", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--stream", type=int, metavar="ROWS")
    parser.add_argument("--folder", type=Path, help="where the rows of --stream are made")
    arguments = parser.parse_args()
    program = arguments.giv_dist.resolve()
    if arguments.stream: return stream(program, arguments.stream, arguments.folder)
    speed(program, arguments.rows, arguments.rounds)


if __name__ == "__main__":
    main()
