"""What `giv-dist spo` makes of simulated draws: accuracy, ranks, coverage, size and power of its tests, and the figures of
the paper.

usage: spo.py GIV_DIST [accuracy|ranks|coverage|tests|figures ..] [--out FOLDER] [--draws N] [--rows N]

Every draw is a line of FOLDER/NAME.csv as soon as it is made, and draws that are there are not made again, so that the
same command goes on where it was interrupted. Tables are printed at the end; a target that is missed ends the script
with 1. Without a name all parts are made.
"""
import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

SIDES = {
    "binary": (["z0", "z1"], ["x0", "x1"], []), "three-class": (["z"], ["x"], []), "levels": (["z"], ["x"], []),
    "continuous": (["z0", "z1"], ["x0", "x1"], ["--features", "poly:1"])}
ENVIRONMENT = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}


def run(command):
    finished = subprocess.run(list(map(str, command)), env=ENVIRONMENT, capture_output=True, text=True)
    if finished.returncode != 0:
        sys.exit(f"spo: {' '.join(map(str, command))} ended with {finished.returncode}\n{finished.stderr}")
    return json.loads(finished.stdout)


def truth(path):
    import h5py
    with h5py.File(path) as file:
        return {name: file[f"truth/{name}"][:] for name in ("shares", "effects", "ate")}


def joint(tests):
    """The p-value of all arms' tests in one; none where there are none."""
    from scipy.stats import chi2
    made = [test for test in tests if test["testable"]]
    return chi2.sf(sum(test["statistic"] for test in made), sum(test["df"] for test in made)) if made else None


def answer(program, law, rows, seed, arrows=(), options=()):
    """Errors, intervals that hold the truth, and p-values of one draw."""
    z, x, features = SIDES[law]
    with tempfile.TemporaryDirectory() as folder:
        run([program, "simulate", "--scenario", "proxies", "--law", law, "--rows", rows, "--seed", seed, *arrows, "--out",
             folder + "/shards", "--json"])
        true = truth(folder + "/shards/shard-00000.h5")
        report = run([program, "spo", folder + "/shards", "--treatment-proxies", ",".join(z), "--outcome-proxies",
                      ",".join(x), *features, *options, "--json"])
    order = np.argsort(true["effects"])
    result = {
        "rank": report["classes"], "ate": report["ate"]["estimate"] - true["ate"][0],
        "ate_holds": holds(report["ate"], true["ate"][0]),
        **{name: joint(report["tests"][name]) for name in ("zExcluded", "xExcluded", "xUntouched")},
        "verdict_ate": report["verdicts"]["ate"], "verdict_classes": report["verdicts"]["classes"]}
    table = report["classTable"]
    if len(table) == len(order):
        result["effect"] = max(abs(c["effect"]["estimate"] - true["effects"][u]) for c, u in zip(table, order))
        result["share"] = max(abs(c["share"]["estimate"] - true["shares"][u]) for c, u in zip(table, order))
        held = [holds(c["effect"], true["effects"][u]) for c, u in zip(table, order)]
        result["effect_holds"] = None if None in held else np.mean(held)
    return result


def holds(estimate, value):
    return float(estimate["lower"] <= value <= estimate["upper"]) if estimate["standardError"] is not None else None


COLUMNS = ["design", "seed", "rank", "ate", "ate_holds", "effect", "effect_holds", "share", "zExcluded", "xExcluded",
           "xUntouched", "verdict_ate", "verdict_classes"]


class Table:
    """The lines of a CSV file, by design and seed."""

    def __init__(self, path):
        self.path = path
        self.lines = {}
        if path.exists():
            with open(path) as file:
                for line in csv.DictReader(file):
                    # A line that was cut off has no last column.
                    if line["verdict_classes"]: self.lines[line["design"], int(line["seed"])] = line
        with open(path, "w") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(self.lines.values())

    def make(self, design, seed, compute):
        if (design, seed) in self.lines: return
        line = {"design": design, "seed": seed, **{k: "" if v is None else v for k, v in compute().items()}}
        self.lines[design, seed] = {key: str(value) for key, value in line.items()}
        with open(self.path, "a") as file: csv.DictWriter(file, COLUMNS).writerow(line)

    def column(self, design, name, draws):
        """Numbers of the first draws; NaN where there is none."""
        lines = [self.lines[design, seed] for seed in range(draws)]
        return np.array([float(line.get(name) or "nan") for line in lines])


FAILED = []


def require(what, value, low=-np.inf, high=np.inf):
    if not low <= value <= high: FAILED.append(f"{what}: {value:.4g} is not in [{low:g}, {high:g}]")


def accuracy(program, out, draws, rows):
    draws, rows = draws or 20, rows or 100_000
    table = Table(out / "accuracy.csv")
    goals = {"binary": (.009, .020, .030), "three-class": (.005, .012, .012), "continuous": (.012, .020, .005)}
    print(f"\nmedian |error| over {draws} draws of {rows} rows\n{'law':<14}{'way':<14}   ate     effect  share   no classes")
    for law, goal in goals.items():
        classes = {"binary": 2, "three-class": 3, "continuous": 2}[law]
        for way, options in [("spectral", []), ("pencil", ["--solver", "pencil"]), ("prony", ["--solver", "prony"]),
                             ("--paper", ["--paper", "--classes", classes])]:
            design = f"{law} {way} {rows}"
            for seed in range(draws):
                table.make(design, seed, lambda: answer(program, law, rows, seed, options=options))
            numbers = [table.column(design, name, draws) for name in ("ate", "effect", "share")]
            failures = int(np.isnan(numbers[1]).sum())
            medians = [np.median(np.abs(np.where(np.isnan(n), np.inf, n))) for n in numbers]
            print(f"{law:<14}{way:<14} {medians[0]:8.4f}{medians[1]:8.4f}{medians[2]:8.4f}{failures:6d}", flush=True)
            if way == "spectral" and rows == 100_000:
                for name, value, most in zip(("ate", "effect", "share"), medians, goal):
                    require(f"accuracy {law} {name}", value, high=most)


def ranks(program, out, draws, rows):
    draws = draws or 60
    table = Table(out / "ranks.csv")
    print(f"\nshare of {draws} draws with the right rank")
    for law, right in [("binary", 2), ("three-class", 3), ("continuous", 2)]:
        for count in [rows] if rows else [500, 2000, 5000, 20_000]:
            design = f"{law} {count}"
            for seed in range(draws): table.make(design, seed, lambda: answer(program, law, count, seed))
            share = np.mean(table.column(design, "rank", draws) == right)
            print(f"{law:<14}{count:8d}  {share:.3f}", flush=True)
            if count >= 2000: require(f"rank {design}", share, low=.95)


def coverage(program, out, draws, rows):
    draws, rows = draws or 100, rows or 100_000
    table = Table(out / "coverage.csv")
    print(f"\ncoverage of the 95% interval over {draws} draws of {rows} rows\n{'law':<14}   ate  effects")
    for law in ("binary", "three-class", "continuous"):
        design = f"{law} {rows}"
        for seed in range(draws): table.make(design, seed, lambda: answer(program, law, rows, seed))
        shares = [np.nanmean(table.column(design, name, draws)) for name in ("ate_holds", "effect_holds")]
        print(f"{law:<14} {shares[0]:.3f}  {shares[1]:.3f}", flush=True)
        for name, share in zip(("ate", "effects"), shares): require(f"coverage {law} {name}", share, .90, .99)


def tests(program, out, draws, rows):
    table = Table(out / "tests.csv")
    names = ("zExcluded", "xExcluded", "xUntouched")
    size, power = draws or 150, draws or 100
    print(f"\nrejections at .05{'':<30}" + "".join(f"{name:>12}" for name in names))
    designs = [(law, [], 20_000, None, size) for law in ("binary", "three-class", "continuous")] + [
        ("binary", ["--z-to-y", ".2"], 10_000, 0, power), ("binary", ["--x-to-y", ".3"], 10_000, 1, power),
        ("binary", ["--t-to-x", ".2"], 10_000, 2, power)]
    for law, arrows, count, own, number in designs:
        count = rows or count
        design = " ".join([law, *arrows, str(count)])
        for seed in range(number): table.make(design, seed, lambda: answer(program, law, count, seed, arrows=arrows))
        shares = [np.nanmean(table.column(design, name, number) < .05) for name in names]
        print(f"{design:<34} {number:4d} draws  " + "".join(f"{share:12.3f}" for share in shares), flush=True)
        for index, (name, share) in enumerate(zip(names, shares)):
            if own is None:
                require(f"size {design} {name}", share, high=.10)
            elif index == own:
                require(f"power {design} {name}", share, low=.90)
            else:
                require(f"{design} {name}", share, high=.13)


def figures(program, out, draws, rows):
    """The paper's two: the error of the classes' effects as the arrow Z -> T grows, and as X -> Y grows; levels, K = 2."""
    draws, rows = draws or 100, rows or 1000
    table = Table(out / "figures.csv")
    print(f"\n`levels`, {rows} rows, {draws} draws: median |error|; draws without classes count as infinite\n"
          f"{'arrow':<10} strength     ate  effects   effects (--paper)  no classes (--paper)")
    ways = [("spectral", []), ("paper", ["--paper"])]
    with open(out / "figures-medians.csv", "w") as file:
        writer = csv.writer(file)
        writer.writerow(["arrow", "strength", *(f"{way}_{name}" for way, _ in ways for name in ("ate", "effect", "without"))])
        for arrow, fixed in [("--z-to-t", []), ("--x-to-y", ["--z-to-t", "1"])]:
            for strength in [round(.1 * step, 1) for step in range(11)]:
                numbers = []
                for way, options in ways:
                    design = f"{arrow} {strength} {way} {rows}"
                    for seed in range(draws):
                        table.make(design, seed, lambda: answer(
                            program, "levels", rows, seed, arrows=[*fixed, arrow, str(strength)],
                            options=["--classes", "2", *options]))
                    ate, effect = (np.abs(table.column(design, name, draws)) for name in ("ate", "effect"))
                    without = np.isnan(effect)
                    numbers += [np.median(ate), np.median(np.where(without, np.inf, effect)), without.sum()]
                writer.writerow([arrow, strength, *numbers])
                file.flush()
                print(f"{arrow:<10} {strength:8.1f}  {numbers[0]:6.4f}  {numbers[1]:7.4f}  {numbers[4]:18.4f}  "
                      f"{numbers[2]:3d} {numbers[5]:7d}", flush=True)


def main():
    parts = {"accuracy": accuracy, "ranks": ranks, "coverage": coverage, "tests": tests, "figures": figures}
    parser = argparse.ArgumentParser()
    parser.add_argument("giv_dist", type=Path)
    parser.add_argument("parts", nargs="*", choices=[*parts, []], default=[])
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "giv-spo")
    parser.add_argument("--draws", type=int)
    parser.add_argument("--rows", type=int)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in arguments.parts or parts:
        parts[name](arguments.giv_dist.resolve(), arguments.out, arguments.draws, arguments.rows)
    print(f"\nevery draw: {arguments.out}/*.csv")
    for failure in FAILED: print(f"missed: {failure}")
    sys.exit(1 if FAILED else 0)


if __name__ == "__main__":
    main()
