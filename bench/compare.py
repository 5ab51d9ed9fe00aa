"""Speed of an EM pass: `giv-dist benchmark em` beside scikit-learn and numpy, on one and two ranks.

Each pair is run alternately (A B A B ..), one thread per rank, so that a machine busy with other things slows both.
Prints nanoseconds per row and pass, least and median, and peer / giv-dist; a ratio above 1 means giv-dist is faster.
It asserts nothing: the times are this machine's.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
LOCAL = FOLDER.parent / "launch" / "local.sh"
ONE_THREAD = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def run(command, ranks):
    """The JSON object that a benchmark prints."""
    if ranks > 1:
        command = [LOCAL, str(ranks), *command]
    finished = subprocess.run(command, env=ONE_THREAD, capture_output=True, text=True)
    if finished.returncode != 0:
        sys.exit(f"compare: {' '.join(map(str, command))} ended with {finished.returncode}\n{finished.stderr}")
    return json.loads(finished.stdout)


class Work:
    """One size of problem, as the programs are told it."""

    def __init__(self, arguments, dimension, distribution):
        self.giv_dist, self.dimension, self.distribution = arguments.giv_dist, dimension, distribution
        self.size = [
            "--rows", str(arguments.rows), "--dimension", str(dimension), "--groups", str(arguments.groups)]

    def giv(self, ranks):
        return run([
            self.giv_dist, "benchmark", "em", *self.size, "--distribution", self.distribution, "--json"], ranks)

    def scikit_learn(self, ranks):
        return run([sys.executable, FOLDER / "sklearn_em.py", *self.size], ranks)

    def numpy(self, way, ranks):
        return run([
            sys.executable, FOLDER / "numpy_em.py", *self.size, "--distribution", self.distribution, "--way", way],
            ranks)


def pairs(work):
    """What giv-dist is compared with: name, ranks of giv-dist, and the peer as a function without arguments."""
    if work.distribution == "gaussian":
        yield "scikit-learn", 1, lambda: work.scikit_learn(1)
    for ranks in (1, 2):
        yield f"numpy groupwise, {ranks} rank(s)", ranks, lambda ranks=ranks: work.numpy("groupwise", ranks)
        yield f"numpy batched, {ranks} rank(s)", ranks, lambda ranks=ranks: work.numpy("batched", ranks)
    yield "giv-dist, 1 rank", 2, lambda: work.giv(1)


def summary(results):
    times = [result["nsPerRowPass"] for result in results]
    return {"min": min(times), "median": statistics.median(times), "runs": times}


def compare(work, name, ranks, peer, rounds):
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(work.giv(ranks))
        theirs.append(peer())
    record = {
        "dimension": work.dimension, "distribution": work.distribution, "ranks": ranks, "peer": name,
        "givDist": summary(ours), "peerTimes": summary(theirs),
        "rooflineShare": max(result["rooflineShare"] for result in ours)}
    for statistic in ("min", "median"):
        record[f"{statistic}Ratio"] = record["peerTimes"][statistic] / record["givDist"][statistic]
    return record


HEADINGS = ("d", "distribution", "ranks", "giv-dist min", "median", "roofline", "peer", "min", "median", "ratio min",
            "median")
LINE = "{:>3}  {:<12} {:>5} {:>12} {:>8} {:>8}  {:<27} {:>8} {:>8} {:>9} {:>7}"


def line(record):
    ours, theirs = record["givDist"], record["peerTimes"]
    return LINE.format(
        record["dimension"], record["distribution"], record["ranks"], f"{ours['min']:.1f}", f"{ours['median']:.1f}",
        f"{record['rooflineShare']:.0%}", record["peer"], f"{theirs['min']:.1f}", f"{theirs['median']:.1f}",
        f"{record['minRatio']:.2f}", f"{record['medianRatio']:.2f}")


def processor():
    for entry in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if entry.startswith("model name"):
            return entry.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dimensions", type=int, nargs="+", default=[4, 8, 32], help="columns of c = (t, r)")
    parser.add_argument("--groups", type=int, default=5)
    parser.add_argument("--distributions", nargs="+", default=["gaussian", "regression"])
    parser.add_argument("--rounds", type=int, default=3, help="runs of each program of a pair")
    parser.add_argument("--giv-dist", default=str(FOLDER.parent / ".build" / "release" / "giv-dist"))
    parser.add_argument("--json", metavar="FILE", help="write all times here")
    arguments = parser.parse_args()
    if not Path(arguments.giv_dist).exists():
        sys.exit(f"compare: no {arguments.giv_dist}: run make build, or name the program with --giv-dist")

    machine = {"processor": processor(), "cores": os.cpu_count(), "python": platform.python_version()}
    print(f"{machine['processor']}, {machine['cores']} cores; {arguments.rows} rows, {arguments.groups} groups; "
          "ns per row and pass")
    print(LINE.format(*HEADINGS))
    records = []
    for dimension in arguments.dimensions:
        for distribution in arguments.distributions:
            work = Work(arguments, dimension, distribution)
            for name, ranks, peer in pairs(work):
                records.append(compare(work, name, ranks, peer, arguments.rounds))
                print(line(records[-1]), flush=True)
    if arguments.json:
        content = {"machine": machine, "rows": arguments.rows, "groups": arguments.groups, "comparisons": records}
        Path(arguments.json).write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
