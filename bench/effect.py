"""What `giv-dist train --distribution joint` makes of the effect of t on simulated draws, beside other regressions.

usage: effect.py GIV_DIST [--draws 20] [--seed 0] [--rows 3000] [--designs NAME,...] [--jobs 1] [--json FILE]

Per design: bias of the linear coefficient (true -1.5) with its Monte Carlo error, `ite` = mean((tau_hat - tau)^2) with y
standardised by its training rows, on 3,000 test rows with T = do(t); accuracy of the labels; coverage of the 95%
interval of the linear coefficient; and the share of draws with each kind of warning. Beside it ordinary regression, and
two-stage least squares (2SLS) with the labels of `--distribution regression` and with the true ones: y on functions of t
and splines of x with pairwise tensor products, instruments 1{z = k} times monomials of x. The designs that come last are
meant to fail: a fit must warn there, in the words that are named. A target that is missed ends the script with 1.

Draw s of a design is the simulation of seed --seed + s. `--designs` takes parts of names too: `confounding`, `fails`.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import combinations_with_replacement

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import h5py
import numpy as np
from scipy.interpolate import BSpline

LINEAR = -1.5
TEST_ROWS = 3000
# Codes of findings, by a name for the table.
WARNINGS = {
    "no group": {"equal-slopes", "one-group-suffices"}, "basis": {"basis-too-small"},
    "starts": {"starts-disagree", "single-best-start"}, "2SLS": {"two-stage-disagrees"}, "shifts": {"groups-shift-outcome"},
    "slopes": {"groups-move-outcome"}, "passes": {"not-converged"}, "maximum": {"no-regular-maximum"},
    "bends": {"outcome-bends"}, "shares": {"shares-depend-on-covariates"}}


# Designs

def quadratic(t, x):
    return np.column_stack([t, t**2])


def interacted(t, x):
    return np.column_stack([t, t**2, t[:, None] * x])


@dataclass
class Design:
    name: str
    simulate: str = ""
    train: str = "--outcome-basis quadratic"
    # Changes (t, y, tau) of the rows; they are a dictionary of arrays.
    change: object = None
    # The functions of t in the regressions beside; None for splines.
    treatment: object = quadratic
    targets: dict = field(default_factory=dict)
    # The warning that must come; the designs without one are good.
    warning: str = ""
    # Factor on --rows.
    rows: float = 1
    # Groups that are fitted; as many as there are unless told.
    groups: int = 0

    @property
    def has_linear_term(self):
        return "quadratic" in self.train


def with_effect(effect):
    """y with another effect of t."""
    def change(rows):
        tau = effect(rows["t"], rows["x"], rows["z"])
        rows["y"] += tau - rows["tau"]
        rows["tau"] = tau
    return change


def with_weak_groups(spread):
    """t whose sources differ by `spread` of what they did (linear scenario)."""
    def change(rows):
        assigned = 2 * rows["x"] @ rows["w"].T
        own = assigned[np.arange(len(rows["t"])), rows["z"]]
        t = rows["t"] + (spread - 1) * (own - assigned.mean(axis=1))
        tau = LINEAR * t + 0.9 * t**2
        rows["y"] += tau - rows["tau"]
        rows["t"], rows["tau"] = t, tau
    return change


def with_shifts(size):
    """Sources that move y by themselves."""
    def change(rows):
        rows["y"] += size * rows["z"]
    return change


def with_slopes(size):
    """Sources that move y by themselves, and by x."""
    def change(rows):
        rows["y"] += size * (rows["z"] - 1) * rows["x"][:, 0]
    return change


def with_bend(size):
    """A confounder whose square moves y too."""
    def change(rows):
        rows["y"] += size * (rows["eps"] ** 2 - 1)
    return change


def with_leaning_sources(size):
    """Rows kept such that the log odds of source z are `size` z x_0: sources then depend on x."""
    def change(rows):
        odds = np.exp(size * np.arange(len(rows["w"])) * rows["x"][:, :1])
        share = odds[np.arange(len(odds)), rows["z"]] / odds.sum(axis=1)
        kept = np.flatnonzero(np.random.default_rng(len(odds)).uniform(size=len(odds)) < share)
        for name in ("x", "t", "y", "z", "eps", "tau"):
            rows[name] = rows[name][kept]
    return change


def designs():
    result = [
        Design(f"confounding {value}", f"--confounding {value}",
               targets={"bias": 0.01, "ite": 0.0004, "accuracy": accuracy})
        for value, accuracy in (("0.2", 0.93), ("0.5", 0.91), ("1.0", 0.87))]
    result += [
        Design(f"{law} errors", f"--confounding 0.5 --errors {law}", targets={"bias": 0.02})
        for law in ("t4", "exponential", "uniform", "bimodal", "heteroskedastic")]
    result += [
        Design("confounding by group", "--confounding=-0.5,0.5,1", targets={"bias": 0.02}),
        Design("3 sin t", "--confounding 0.5", "", with_effect(lambda t, x, z: 3 * np.sin(t)), None, {"ite": 0.03}),
        Design("t x interaction", "--confounding 0.5", "",
               with_effect(lambda t, x, z: LINEAR * t + 0.9 * t**2 + t * x[:, 0]), interacted, {"ite": 0.001})]
    quadratic_basis = "--outcome-basis quadratic"
    bent, leaning = with_bend(1), with_leaning_sources(1)
    result += [
        Design("bent confounding", "--confounding 0.5", change=bent),
        Design("bent confounding, quadratic control", "--confounding 0.5",
               f"{quadratic_basis} --control-function quadratic", bent, targets={"bias": 0.01}),
        Design("leaning sources", "--confounding 0.5", change=leaning, rows=3),
        Design("leaning sources, concomitants", "--confounding 0.5", f"{quadratic_basis} --concomitants", leaning,
               targets={"bias": 0.02}, rows=3)]
    return result + [
        Design("fails: one source", "--confounding 0.5 --groups 1", warning="no group", groups=3),
        Design("fails: one source, strong", "--confounding 1 --groups 1", warning="no group", groups=3),
        Design("fails: weak groups, small basis", "--confounding 1", f"{quadratic_basis} --covariate-basis polynomial3",
               with_weak_groups(0.3), warning="basis", rows=10 / 3),
        Design("fails: shifts of 2", "--confounding 0.5", change=with_shifts(2), warning="2SLS"),
        Design("fails: shifts of 1", "--confounding 0.5", change=with_shifts(1), warning="shifts"),
        Design("fails: shifts of 0.2", "--confounding 0.5", change=with_shifts(0.2), warning="shifts"),
        Design("fails: sources that move y with x", "--confounding 0.5", change=with_slopes(0.5), warning="slopes"),
        Design("fails: effect by group", "--confounding 0.5",
               change=with_effect(lambda t, x, z: (LINEAR + 0.5 * z) * t + 0.9 * t**2), warning="slopes"),
        Design("fails: few rows, five weak groups", "--confounding 1 --groups 5",
               f"{quadratic_basis} --covariate-basis polynomial3", with_weak_groups(0.2), warning="starts", rows=0.25),
        Design("fails: few passes", "--confounding 0.5", f"{quadratic_basis} --max-iterations 1", warning="passes")]


# The regressions beside

def b_splines(x, breakpoints):
    """Cubic B-splines of values within the breakpoints, the first function left out."""
    knots = np.r_[[breakpoints[0]] * 3, breakpoints, [breakpoints[-1]] * 3]
    return BSpline.design_matrix(np.clip(x, breakpoints[0], breakpoints[-1]), knots, 3).toarray()[:, 1:]


def quantiles(x, count):
    return np.quantile(x, np.linspace(0, 1, count))


def covariate_basis(x):
    factors = [b_splines(column, quantiles(column, 4)) for column in x.T]
    tensors = [(factors[i][:, :, None] * factors[j][:, None, :]).reshape(len(x), -1)
               for i in range(len(factors)) for j in range(i)]
    return np.hstack([np.ones((len(x), 1)), x] + [b_splines(column, quantiles(column, 5)) for column in x.T] + tensors)


def regressions(design, rows, test, labels):
    """Linear coefficient and ite of ordinary regression and, for each of some labels, of 2SLS."""
    functions = design.treatment
    if functions is None:
        breakpoints = quantiles(np.r_[rows["t"], test["t"]], 7)
        def functions(t, x):
            return b_splines(t, breakpoints)
    exogenous = covariate_basis(rows["x"])
    regressors = np.hstack([functions(rows["t"], rows["x"]), exogenous])
    m = rows["x"].shape[1]
    monomials = [np.ones(len(rows["t"]))] + [
        np.prod(rows["x"][:, list(term)], axis=1) for degree in (1, 2, 3)
        for term in combinations_with_replacement(range(m), degree)]
    effects = functions(test["t"], test["x"]) - functions(np.zeros(len(test["t"])), test["x"])
    result = {}
    for name, label in [("ordinary", None)] + list(labels.items()):
        fitted = regressors
        if label is not None:
            instruments = np.hstack([exogenous] + [
                (label == k)[:, None] * np.column_stack(monomials) for k in np.unique(label)[1:]])
            fitted = instruments @ np.linalg.lstsq(instruments, regressors, rcond=None)[0]
        b = np.linalg.lstsq(fitted, rows["y"], rcond=None)[0]
        result[name] = {"linear": b[0], "ite": ite(effects @ b[:effects.shape[1]], rows, test)}
    return result


def ite(effect, rows, test):
    return np.mean((effect - test["tau"]) ** 2) / np.var(rows["y"])


# Draws

def run(arguments):
    done = subprocess.run(arguments, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(arguments)} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def read(path, change):
    with h5py.File(path) as file:
        rows = {name: file[place][:] for name, place in
                {"x": "x", "t": "t", "y": "y", "z": "z", "w": "truth/w", "eps": "truth/eps"}.items()}
    rows["tau"] = LINEAR * rows["t"] + 0.9 * rows["t"] ** 2
    if change is not None:
        change(rows)
        with h5py.File(path + ".changed", "w") as file:
            for name in ("x", "t", "y", "z"):
                file[name] = rows[name]
        os.replace(path + ".changed", path)
    return rows


def draw(program, design, seed, row_count):
    with tempfile.TemporaryDirectory() as folder:
        data = f"{folder}/shards"
        run([program, "simulate", "--rows", str(round(row_count * design.rows)), "--test-rows", str(TEST_ROWS), "--seed",
             str(seed), *design.simulate.split(), "--out", data])
        shard, test_file = f"{data}/shard-00000.h5", f"{data}/test.h5"
        rows, test = read(shard, design.change), read(test_file, design.change)
        common = ["--groups", str(design.groups or len(rows["w"])), "--json", "--progress", "none"]
        report = json.loads(run([program, "train", shard, "--distribution", "joint", *design.train.split(), *common,
                                 "--out", f"{folder}/joint"]))
        run([program, "predict", f"{folder}/joint", test_file, "--out", f"{folder}/test.h5"])
        with h5py.File(f"{folder}/test.h5") as file:
            own = {"ite": ite(file["effect"][:], rows, test)}
        own.update(
            linear=report["effectCoefficients"]["t"], error=report["effectStandardErrors"]["t"],
            accuracy=report["accuracy"], seconds=report["seconds"],
            warnings=sorted({finding["code"] for finding in report["findings"] if finding["severity"] != "note"}),
            basis=report["covariateBasis"], outcome=report["outcomeBasis"])
        result = {"seed": seed, "joint": own}
        if not design.warning:
            other = json.loads(run([program, "train", shard, *common, "--out", f"{folder}/regression"]))
            with h5py.File(f"{folder}/regression/posteriors.h5") as file:
                labels = {"2SLS, labels of regression": file["label"][:], "2SLS, true label": rows["z"]}
            result.update(regressions(design, rows, test, labels))
            result["2SLS, labels of regression"]["accuracy"] = other["accuracy"]
        return result


# Results

def mean_and_error(values):
    values = np.array(values, float)
    return values.mean(), values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan


def summary(design, draws):
    estimators = [name for name in draws[0] if name != "seed"]
    result = {}
    for name in estimators:
        entry = {"ite": float(np.mean([draw[name]["ite"] for draw in draws]))}
        if design.has_linear_term:
            entry["bias"], entry["biasError"] = mean_and_error([draw[name]["linear"] - LINEAR for draw in draws])
        if "accuracy" in draws[0][name]:
            entry["accuracy"] = float(np.mean([draw[name]["accuracy"] for draw in draws]))
        result[name] = entry
    own = [draw["joint"] for draw in draws]
    if design.has_linear_term:
        known = [fit for fit in own if fit["error"] is not None]
        result["joint"]["coverage"] = float(
            np.mean([abs(fit["linear"] - LINEAR) <= 1.959964 * fit["error"] for fit in known])) if known else None
    result["joint"]["seconds"] = float(np.mean([fit["seconds"] for fit in own]))
    result["warnings"] = {
        name: float(np.mean([bool(codes.intersection(fit["warnings"])) for fit in own]))
        for name, codes in WARNINGS.items()}
    result["anyWarning"] = float(np.mean([bool(fit["warnings"]) for fit in own]))
    return result


def missed(design, result, draws):
    own, targets = result["joint"], design.targets
    out = [f"{name} above {targets[name]}" for name in ("bias", "ite")
           if name in targets and abs(own[name]) > targets[name]]
    if own.get("accuracy", 1) < targets.get("accuracy", 0):
        out.append(f"accuracy below {targets['accuracy']}")
    if not design.warning and draws >= 200 and not 0.90 <= own.get("coverage", 0.95) <= 0.98:
        out.append("coverage outside .90 to .98")
    return out


def show(design, result, misses):
    print(f"\n{design.name}")
    for name, entry in result.items():
        if not isinstance(entry, dict) or name == "warnings":
            continue
        bias = f"{entry['bias']:>9.4f} ({entry['biasError']:.4f})" if "bias" in entry else f"{'-':>18}"
        accuracy = f"{entry['accuracy']:.3f}" if "accuracy" in entry else "-"
        coverage = f"{entry['coverage']:.3f}" if entry.get("coverage") is not None else "-"
        seconds = f"{entry['seconds']:.1f}" if "seconds" in entry else ""
        print(f"  {name:<27}{bias}{entry['ite']:>10.5f}{accuracy:>10}{coverage:>10}{seconds:>9}")
    shares = ", ".join(f"{name} {share:.2f}" for name, share in result["warnings"].items() if share > 0)
    print(f"  draws with a warning {result['anyWarning']:.2f}{': ' + shares if shares else ''}")
    if design.warning:
        print(f"  must warn of: {design.warning}, and does in {result['warnings'][design.warning]:.2f}")
    for miss in misses:
        print(f"  MISSED: {miss}")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("giv_dist")
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--designs", default="")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json")
    options = parser.parse_args()
    wanted = options.designs.split(",")
    chosen = [design for design in designs() if any(part in design.name for part in wanted)]
    if not chosen:
        parser.error(f"--designs {options.designs}: none of " + ", ".join(design.name for design in designs()))
    print(f"{options.draws} draws of {options.rows} rows\n\n{'':<29}{'bias (MC error)':>18}{'ite':>10}{'accuracy':>10}"
          f"{'coverage':>10}{'seconds':>9}")
    results, failed = {}, False
    with ThreadPoolExecutor(options.jobs) as pool:
        for design in chosen:
            seeds = range(options.seed, options.seed + options.draws)
            draws = list(pool.map(lambda seed: draw(options.giv_dist, design, seed, options.rows), seeds))
            result = summary(design, draws)
            misses = missed(design, result, len(draws))
            show(design, result, misses)
            failed = failed or bool(misses)
            results[design.name] = {"summary": result, "draws": draws}
            if options.json:
                with open(options.json, "w") as file:
                    json.dump(results, file, indent=1, default=float)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
