"""Accuracy of recovered labels beside the Bayes rule, on simulated scenarios.

usage: accuracy.py GIV_DIST [--seeds 10] [--rows 3000] [--scenarios linear-3-3,...] [--train "options"] [--json FILE]

The Bayes rule knows the true weights, f_X and noise: t | x, z ~ N(sum_j w_zj (x_j + f(x_j)) + 0.2 E[eps | x], s^2) with
equal s and equal shares, so it takes the source whose mean is nearest to t. No rule that sees (x, t) only does better.
"""
import argparse
import json
import subprocess
import sys
import tempfile

import h5py
import numpy as np

FUNCTIONS = {
    "linear": lambda x: x,
    "poly": lambda x: x**2,
    "sin": np.sin,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "abs": np.abs,
}
SCENARIOS = "linear-3-3,linear-2-5,linear-3-5,linear-5-5,linear-3-10,poly-2-5,sin-2-5,sigmoid-2-5,abs-2-5"


def bayes_accuracy(path, scenario):
    with h5py.File(path) as file:
        x, t, z, w = (file[name][:] for name in ("x", "t", "z", "truth/w"))
    # Cov(X_j, eps) = 0.1 and Var X_j = 1, so E[eps | x] = 0.1 sum x; the coefficient of eps in T is 0.2.
    means = (x + FUNCTIONS[scenario](x)) @ w.T + 0.2 * 0.1 * x.sum(axis=1, keepdims=True)
    return np.mean(np.argmin(np.abs(t[:, None] - means), axis=1) == z)


def run(arguments):
    done = subprocess.run(arguments, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(arguments)} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("giv_dist")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--scenarios", default=SCENARIOS)
    parser.add_argument("--train", default="")
    parser.add_argument("--json")
    options = parser.parse_args()
    results = []
    print(f"{'scenario':<14}{'Bayes rule':>11}{'found':>8}{'gap':>9}{'worst gap':>11}{'seconds':>9}")
    for name in options.scenarios.split(","):
        scenario, groups, covariates = name.split("-")
        ceiling, found, seconds = [], [], []
        for seed in range(options.seeds):
            with tempfile.TemporaryDirectory() as folder:
                run([options.giv_dist, "simulate", "--scenario", scenario, "--groups", groups, "--covariates",
                     covariates, "--rows", str(options.rows), "--seed", str(seed), "--out", f"{folder}/shards"])
                report = json.loads(run([options.giv_dist, "train", f"{folder}/shards", "--groups", groups, "--json",
                                         *options.train.split()]))
                ceiling.append(bayes_accuracy(f"{folder}/shards/shard-00000.h5", scenario))
            found.append(report["accuracy"])
            seconds.append(report["seconds"])
        gap = np.array(ceiling) - np.array(found)
        print(f"{name:<14}{np.mean(ceiling):>11.4f}{np.mean(found):>8.4f}{gap.mean():>9.4f}{gap.max():>11.4f}"
              f"{np.mean(seconds):>9.2f}", flush=True)
        results.append({"scenario": name, "bayes": list(map(float, ceiling)), "found": found, "seconds": seconds})
    if options.json:
        with open(options.json, "w") as file:
            json.dump(results, file, indent=1)


if __name__ == "__main__":
    main()
