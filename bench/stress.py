"""Where `giv-dist train --distribution joint` breaks, and where it does not: designs that its assumptions leave out.

usage: stress.py GIV_DIST [--draws 20] [--seed 0] [--designs NAME,...] [--jobs 1] [--out runs/stress.jsonl] [--table]

One JSON line per cell, a draw of a design, is appended to --out; cells that are there are not made again, so that a run
may be stopped and go on. Then, or with --table at once, it prints per design: accuracy of the labels and that of the
likeliest group given the true law of (t, y) (its normal form where errors are not normal); bias of the contrast of the
upper against the lower quartile of t with its Monte Carlo error; coverage of that contrast's and of the curve's 95%
intervals; the root mean square error of the curve in standard deviations of y beside that of ordinary regression and of
two-stage least squares with the true label and with the labels found; and in what share of draws each finding came.

The rows: m = 2 normal covariates and K = 3 sources unless told, t = w_z'x + .5 eps + .1 noise,
y = tau(t, x) + smooth(x) + 2 eps + .1 noise, tau = -1.5 t + .9 t^2, 1000 rows; each design changes something.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import h5py
import numpy as np

from effect import b_splines, covariate_basis, quantiles

IN_T, NOISE = 0.5, 0.1


@dataclass
class Design:
    name: str
    rows: int = 1000
    covariates: int = 2
    sources: int = 3
    # Groups that are fitted; as many as there are unless told.
    groups: int = 0
    # The law of eps, of mean 0 and variance 1.
    errors: str = "normal"
    # What eps moves y by, of (x, t, z).
    strength: object = lambda x, t, z: np.full(len(t), 2.0)
    # tau(t, x, z).
    effect: object = lambda t, x, z: -1.5 * t + 0.9 * t**2
    # What is added to the rule of t, of (x, z); and to y, of a dictionary of the rows.
    rule: object = lambda x, z: 0.0
    addition: object = lambda rows: 0.0
    # Changes the rows when all is drawn, with a generator of random numbers.
    change: object = None
    # Rows that share x, z and eps.
    cluster: int = 1
    # How often each row is repeated.
    repeats: int = 1
    options: list = field(default_factory=list)
    # Whether the rows are what the model supposes: findings are false there.
    clean: bool = False


def with_outliers(name, size):
    def change(rows, random):
        chosen = random.choice(len(rows["t"]), len(rows["t"]) // 100, replace=False)
        rows[name][chosen] += size * rows[name].std() * random.choice([-1, 1], len(chosen))
    return change


def with_error(size):
    def change(rows, random):
        rows["t"] = rows["t"] + size * random.normal(size=len(rows["t"]))
    return change


def with_heaps(rows, random):
    rows["t"] = np.where(random.random(len(rows["t"])) < 0.5, np.round(2 * rows["t"]) / 2, rows["t"])


def censored(rows, random):
    rows["t"] = np.maximum(rows["t"], np.quantile(rows["t"], 0.25))


def binary(rows, random):
    rows["y"] = (rows["y"] > np.median(rows["y"])).astype(float)


def counts(rows, random):
    scaled = 0.5 * (rows["y"] - rows["y"].mean()) / rows["y"].std()
    rows["y"] = random.poisson(np.exp(1 + scaled)).astype(float)


def designs():
    product = lambda x, z: 0.8 * x[:, 0] * x[:, 1]
    by_group = lambda x, z: 0.8 * (z - 1) * x[:, 0] * x[:, 1]
    return [
        Design("base", clean=True), Design("base, 3000 rows", rows=3000, clean=True),
        Design("exponential errors", errors="exponential", clean=True),
        Design("confounding by group", strength=lambda x, t, z: 2.0 * (z - 0.5), clean=True),
        Design("effect 3 sin t", effect=lambda t, x, z: 3 * np.sin(t), clean=True),
        Design("effect with t x0", effect=lambda t, x, z: -1.5 * t + 0.9 * t**2 + t * x[:, 0], clean=True),
        Design("bent confounding", addition=lambda rows: rows["eps"] ** 2 - 1),
        Design("eps multiplies t in y", strength=lambda x, t, z: 2 + t),
        Design("confounding varies with x", strength=lambda x, t, z: 2 + x[:, 0]),
        Design("clusters of 10, 3000 rows", rows=3000, cluster=10, options=["--cluster", "cluster"]),
        Design("clusters of 10, 1000 rows", cluster=10, options=["--cluster", "cluster"]),
        Design("clusters of 10, 3000 rows, not told", rows=3000, cluster=10),
        Design("rows repeated three times", repeats=3),
        Design("product in t's rule, by group", rule=by_group), Design("product in t's rule, common", rule=product),
        Design("effect 2 sin 1.5 t + .5 t x0", effect=lambda t, x, z: 2 * np.sin(1.5 * t) + 0.5 * t * x[:, 0]),
        Design("t measured with error .3", change=with_error(0.3)),
        Design("t measured with error .3, told", change=with_error(0.3), options=["--treatment-error", "0.3"]),
        Design("1% of t at 10 sd", change=with_outliers("t", 10)), Design("1% of y at 10 sd", change=with_outliers("y", 10)),
        Design("1% of t at 10 sd, errors t", change=with_outliers("t", 10), options=["--errors", "t"]),
        Design("1% of y at 10 sd, errors t", change=with_outliers("y", 10), options=["--errors", "t"]),
        Design("one source", sources=1, groups=3),
        Design("one source, exponential errors", sources=1, groups=3, errors="exponential"),
        Design("effects differ by .1", effect=lambda t, x, z: (-1.5 + 0.1 * z) * t + 0.9 * t**2),
        Design("shifts .3 z x0", addition=lambda rows: 0.3 * rows["z"] * rows["x"][:, 0]),
        Design("12 covariates", covariates=12), Design("25 covariates", covariates=25),
        Design("outcome of two values", change=binary), Design("counts", change=counts),
        Design("a quarter of t at a bound", change=censored), Design("half of t in heaps", change=with_heaps)]


# Draws

def errors(law, random, count):
    return random.exponential(size=count) - 1 if law == "exponential" else random.normal(size=count)


def smooth(x):
    return np.sin(x[:, 0]) + 0.5 * x[:, 1] ** 2 + 0.5 * x[:, 0] * x[:, 1]


def draw_rows(design, seed):
    random = np.random.default_rng([seed, sum(design.name.encode())])
    count = design.rows // design.repeats
    own = np.arange(count) // design.cluster
    units = own[-1] + 1
    x = random.normal(size=(units, design.covariates))[own]
    z = random.integers(design.sources, size=units)[own]
    eps = errors(design.errors, random, units)[own]
    w = 2 * random.uniform(-1, 1, size=(design.sources, design.covariates))
    rule = lambda k: x @ w[k] + design.rule(x, np.full(count, k))
    rules = np.column_stack([rule(k) for k in range(design.sources)])
    t = rules[np.arange(count), z] + IN_T * eps + NOISE * errors(design.errors, random, count)
    rows = {"x": x, "t": t, "z": z, "eps": eps, "cluster": own}
    tau = design.effect(t, x, z)
    strength, rest = design.strength(x, t, z), smooth(x) + design.addition(rows)
    rows["y"] = tau + rest + strength * eps + NOISE * errors(design.errors, random, count)
    rows["ceiling"] = np.mean(likeliest(design, rows, rules, rest) == z)
    if design.change is not None:
        design.change(rows, random)
    return {name: np.repeat(value, design.repeats, axis=0) if name != "ceiling" else value
            for name, value in rows.items()}


def likeliest(design, rows, rules, rest):
    """The likeliest source of each row by the law of (t, y) given x, were its errors normal."""
    variance = IN_T**2 + NOISE**2
    logs = []
    for k in range(rules.shape[1]):
        z = np.full(len(rows["t"]), k)
        v, s = rows["t"] - rules[:, k], design.strength(rows["x"], rows["t"], z)
        left = rows["y"] - design.effect(rows["t"], rows["x"], z) - rest - s * IN_T / variance * v
        spread = s**2 * NOISE**2 / variance + NOISE**2
        logs.append(-0.5 * (v**2 / variance + np.log(spread) + left**2 / spread))
    return np.argmax(logs, axis=0)


def write(program, folder, design, rows):
    """A shard; by way of a table where rows have clusters, which are columns with levels."""
    path = f"{folder}/rows.h5"
    if "--cluster" not in design.options:
        with h5py.File(path, "w") as file:
            for name in ("x", "t", "y", "z"):
                file[name] = rows[name]
        return path
    names = [f"x{j}" for j in range(rows["x"].shape[1])]
    with open(f"{folder}/rows.csv", "w") as file:
        file.write(",".join(names + ["t", "y", "z", "cluster"]) + "\n")
        for x, *rest in zip(rows["x"], rows["t"], rows["y"], rows["z"], rows["cluster"]):
            t, y, z, cluster = rest
            file.write(",".join(map(repr, map(float, [*x, t, y]))) + f",{z},c{cluster}\n")
    subprocess.run([program, "shard", f"{folder}/rows.csv", "--covariates", ",".join(names), "--treatment", "t", "--outcome",
                    "y", "--source", "z", "--cluster", "cluster", "--out", f"{folder}/shards"], check=True,
                   capture_output=True)
    return f"{folder}/shards"


def mean_effect(design, rows, t):
    """The mean over the rows of tau at t less tau at 0."""
    full = lambda value: np.full(len(rows["t"]), value)
    at = lambda value: np.mean(design.effect(full(value), rows["x"], rows["z"]))
    return np.array([at(value) for value in t]) - at(0.0)


def regressions(rows, labels, points):
    """The curve by ordinary regression and by 2SLS: y on splines of t, t x and a basis of x."""
    breakpoints = quantiles(rows["t"], 7)
    functions = b_splines(rows["t"], breakpoints)
    x = rows["x"][:, :2]
    exogenous = covariate_basis(x)
    regressors = np.hstack([functions, rows["t"][:, None] * (x - x.mean(axis=0)), exogenous])
    effects = b_splines(points, breakpoints) - b_splines(np.zeros(len(points)), breakpoints)
    result = {}
    for name, label in [("ols", None)] + list(labels.items()):
        fitted = regressors
        if label is not None:
            terms = np.column_stack([np.ones(len(x)), x, x**2, x[:, :1] * x[:, 1:], x**3])
            groups = [k for k in np.unique(label)[1:]]
            instruments = np.hstack([exogenous] + [(label == k)[:, None] * terms for k in groups])
            fitted = instruments @ np.linalg.lstsq(instruments, regressors, rcond=None)[0]
        b = np.linalg.lstsq(fitted, rows["y"], rcond=None)[0]
        result[name] = (effects @ b[: effects.shape[1]]).tolist()
    return result


def cell(program, design, seed):
    rows = draw_rows(design, seed)
    result = {"design": design.name, "seed": seed, "ceiling": float(rows["ceiling"])}
    with tempfile.TemporaryDirectory() as folder:
        shards = write(program, folder, design, rows)
        arguments = [program, "train", shards, "--distribution", "joint", "--groups",
                     str(design.groups or design.sources), "--json", "--progress", "none", "--out", f"{folder}/run",
                     *design.options]
        done = subprocess.run(arguments, capture_output=True, text=True)
        if done.returncode != 0:
            return {**result, "refused": done.stderr.strip()}
        report = json.loads(done.stdout)
        with h5py.File(f"{folder}/run/posteriors.h5") as file:
            found = file["label"][:]
    points = np.array([point["t"] for point in report["effectCurve"]])
    truth = mean_effect(design, rows, points)
    curve = np.array([point["tau"] for point in report["effectCurve"]])
    spread = rows["y"].std()
    error = lambda values: float(np.sqrt(np.mean((np.array(values) - truth) ** 2)) / spread)
    errors = [point.get("standardError") for point in report["effectCurve"]]
    contrast = report["contrasts"][-1]
    ends = mean_effect(design, rows, [contrast["from"], contrast["to"]])
    result.update(
        accuracy=report["accuracy"], seconds=report["seconds"],
        findings=sorted({finding["code"] for finding in report["findings"] if finding["severity"] != "note"}),
        curve=error(curve), contrast=contrast["effect"]["value"] - float(ends[1] - ends[0]),
        contrastError=contrast["effect"].get("standardError"), outcome=report["outcomeBasis"],
        basis=report["covariateBasis"], slopes=report.get("kappaSlopes"))
    if all(value is not None for value in errors):
        result["covered"] = float(np.mean(np.abs(curve - truth) <= 1.959964 * np.array(errors)))
    labels = {"2sls, true label": rows["z"], "2sls, own label": found}
    result.update({name: error(values) for name, values in regressions(rows, labels, points).items()})
    return result


# Results

def mean(values):
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else float("nan")


def show(name, cells):
    fits = [cell for cell in cells if "refused" not in cell]
    print(f"\n{name}: {len(cells)} draws")
    for message in sorted({cell["refused"] for cell in cells if "refused" in cell}):
        print(f"  refused in {sum(cell.get('refused') == message for cell in cells)}: {message}")
    if not fits:
        return
    contrast = np.array([fit["contrast"] for fit in fits])
    covered = [abs(fit["contrast"]) <= 1.959964 * fit["contrastError"] for fit in fits if fit["contrastError"] is not None]
    error = contrast.std(ddof=1) / np.sqrt(len(fits)) if len(fits) > 1 else float("nan")
    print(f"  accuracy {mean([fit['accuracy'] for fit in fits]):.3f} of {mean([fit['ceiling'] for fit in fits]):.3f}; "
          f"contrast: bias {contrast.mean():.4f} ({error:.4f}), coverage {mean(covered):.2f}; "
          f"curve: coverage {mean([fit.get('covered') for fit in fits]):.2f}")
    beside = ", ".join(f"{key} {mean([fit[key] for fit in fits]):.4f}" for key in
                       ("ols", "2sls, true label", "2sls, own label"))
    print(f"  error of the curve {mean([fit['curve'] for fit in fits]):.4f}; {beside}; "
          f"{mean([fit['seconds'] for fit in fits]):.1f} s")
    for kind in ("outcome", "basis"):
        chosen = sorted({fit[kind] for fit in fits})
        print(f"  {kind}: " + ", ".join(f"{value} {sum(fit[kind] == value for fit in fits)}" for value in chosen))
    print(f"  interacted control function {sum(fit['slopes'] is not None for fit in fits)}")
    codes = sorted({code for fit in fits for code in fit["findings"]})
    print("  findings: " + (", ".join(
        f"{code} {sum(code in fit['findings'] for fit in fits)}" for code in codes) or "none"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("giv_dist")
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--designs", default="", help="names or parts of them, with commas between")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", default="runs/stress.jsonl")
    parser.add_argument("--table", action="store_true", help="print what --out holds, and draw nothing")
    options = parser.parse_args()
    parts = [part for part in options.designs.split(",") if part]
    chosen = [design for design in designs() if not parts or any(part in design.name for part in parts)]
    cells = []
    os.makedirs(os.path.dirname(options.out) or ".", exist_ok=True)
    if os.path.exists(options.out):
        with open(options.out) as file:
            cells = [json.loads(line) for line in file if line.endswith("\n")]
    done = {(cell["design"], cell["seed"]) for cell in cells}
    left = [(design, seed) for design in chosen for seed in range(options.seed, options.seed + options.draws)
            if (design.name, seed) not in done and not options.table]
    with ThreadPoolExecutor(options.jobs) as pool, open(options.out, "a") as file:
        for result in pool.map(lambda pair: cell(options.giv_dist, *pair), left):
            cells.append(result)
            file.write(json.dumps(result) + "\n")
            file.flush()
    for design in chosen:
        own = [cell for cell in cells if cell["design"] == design.name]
        if own:
            show(design.name + (" (clean)" if design.clean else ""), own)


if __name__ == "__main__":
    main()
