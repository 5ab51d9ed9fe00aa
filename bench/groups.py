"""Number of groups that each criterion finds, on simulated draws, and the time of a sweep on 1 and 2 ranks.

usage: groups.py GIV_DIST [--seeds 10] [--rows 3000] [--groups 2,3,5] [--covariates 5] [--tried 2...8]
                 [--options "--folds 0"] [--time]

Draw s of K groups is the simulation of seed 1000 K + s. With --time, a sweep of 14 cells runs on 1 and on 2 ranks, in
alternation, and the ratio of the shortest times is printed.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

LAUNCHER = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1"}


def run(arguments):
    done = subprocess.run(arguments, capture_output=True, text=True, env={**os.environ, **LAUNCHER})
    if done.returncode != 0:
        sys.exit(f"{' '.join(arguments)} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def simulate(options, groups, seed, folder):
    run([options.giv_dist, "simulate", "--groups", str(groups), "--covariates", str(options.covariates),
         "--rows", str(options.rows), "--seed", str(seed), "--out", folder])


def choices(options):
    right, total = {}, 0
    for groups in map(int, options.groups.split(",")):
        for seed in range(options.seeds):
            with tempfile.TemporaryDirectory() as folder:
                simulate(options, groups, 1000 * groups + seed, f"{folder}/shards")
                report = json.loads(run(
                    [options.giv_dist, "sweep", f"{folder}/shards", "--groups", options.tried, "--out",
                     f"{folder}/sweep", "--json", "--progress", "none", *options.options.split()]))
            found = {name: choice["groups"] for name, choice in report["criteria"].items() if choice["values"]}
            total += 1
            for name, choice in found.items():
                right[name] = right.get(name, 0) + (choice == groups)
            print(f"K = {groups}, draw {seed}: " + ", ".join(f"{name} {found[name]}" for name in sorted(found)), flush=True)
    for name in sorted(right):
        print(f"{name}: right in {right[name]} of {total}")


def times(options):
    with tempfile.TemporaryDirectory() as folder:
        simulate(options, 3, 3000, f"{folder}/shards")
        best = {1: float("inf"), 2: float("inf")}
        for repeat in range(3):
            for ranks in best:
                start = time.monotonic()
                run(["mpirun", "-n", str(ranks), options.giv_dist, "sweep", f"{folder}/shards", "--groups", "2...8",
                     "--seeds", "1,2", "--out", f"{folder}/{repeat}-{ranks}", "--json", "--progress", "none",
                     *options.options.split()])
                best[ranks] = min(best[ranks], time.monotonic() - start)
                print(f"{ranks} ranks: {time.monotonic() - start:.1f} s", flush=True)
    print(f"14 cells: {best[1]:.1f} s on 1 rank, {best[2]:.1f} s on 2: {best[1] / best[2]:.2f} times faster")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("giv_dist")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--groups", default="2,3,5")
    parser.add_argument("--covariates", type=int, default=5)
    parser.add_argument("--tried", default="2...8")
    parser.add_argument("--options", default="--folds 0")
    parser.add_argument("--time", action="store_true")
    options = parser.parse_args()
    if options.time:
        times(options)
    else:
        choices(options)


if __name__ == "__main__":
    main()
