"""What `giv-dist effect` makes of simulated draws with the true source, or with labels that were found, for instrument.

usage: instruments.py GIV_DIST [--draws 200] [--rows 3000] [--designs NAME,...] [--seed 0] [--bootstrap B] [--json FILE]

Per design: median and mean bias of the linear coefficient (true -1.5), coverage of its 95% interval, rejections of
Hansen's J at .05, and how often the quadratic form was chosen, of HFUL; beside it 2SLS and ordinary regression. In the
weak designs the slopes of t on x are multiplied by a factor. With labels of joint, a second line has the coverage of
robust errors, which take the labels for given, and how much longer the stacked ones are on average; with --bootstrap also
those of B replicates from the groups on. A target that is missed ends the script with 1.
"""
import argparse
import json
import sys
import tempfile
from dataclasses import dataclass

import numpy as np
from effect import LINEAR, read, run


@dataclass
class Design:
    name: str
    simulate: str
    # Factor on the slopes of t on x.
    slopes: float = 1
    # Options of `effect`, after the shards; without a run the instrument is the true source.
    effect: str = "--outcome-basis quadratic"
    # The distribution of the run whose groups serve; none for the true source.
    train: str = ""
    # Largest absolute median bias of HFUL, and what its interval must cover at least and at most.
    bias: float = np.inf
    coverage: tuple = (0, 1)
    # Rows of a draw; those of --rows unless given.
    rows: int = 0
    # What the mean ratio of stacked and robust errors must lie between.
    ratio: tuple = (0, np.inf)
    # How often Hansen's J must reject at .05.
    rejections: tuple = (0, 1)


DESIGNS = [
    *[Design(f"true source, confounding {value}", f"--confounding {value}", bias=.01, coverage=(.92, .98))
      for value in ("0.2", "0.5", "1.0")],
    Design("true source, slopes of .3", "--confounding 1", slopes=.3, bias=.05, coverage=(.92, 1)),
    Design("true source, slopes of .15", "--confounding 1", slopes=.15, bias=.05, coverage=(.92, 1)),
    Design("true source, form chosen", "--confounding 0.5", effect=""),
    *[Design(f"labels of joint, confounding {value}", f"--confounding {value}", train="joint --outcome-basis quadratic",
             bias=.01, coverage=(.90, .98), ratio=(.99, 1.1), rejections=(0, .12)) for value in ("0.5", "1.0")],
    Design("labels of joint, slopes of .4", "--confounding 1", slopes=.4, rows=1500, coverage=(.90, 1),
           train="joint --outcome-basis quadratic"),
    Design("labels of regression, confounding 0.5", "--confounding 0.5", train="regression"),
    Design("labels of regression, confounding 1.0", "--confounding 1", train="regression", rejections=(.5, 1)),
]


def with_slopes(factor):
    """t whose slopes on x are multiplied (linear scenario), and y that follows."""
    def change(rows):
        assigned = 2 * rows["x"] @ rows["w"].T
        t = rows["t"] + (factor - 1) * assigned[np.arange(len(rows["t"])), rows["z"]]
        rows["y"] += LINEAR * t + 0.9 * t**2 - rows["tau"]
        rows["t"] = t
    return change


def estimates(report):
    return {name: {key: method["coefficients"][0][key] for key in ("estimate", "standardError", "lower", "upper")}
            for name, method in report["methods"].items()}


def draw(program, design, seed, rows, bootstrap):
    rows = design.rows or rows
    with tempfile.TemporaryDirectory() as folder:
        data = f"{folder}/shards"
        run([program, "simulate", "--rows", str(rows), "--seed", str(seed), *design.simulate.split(), "--out", data])
        shard = f"{data}/shard-00000.h5"
        read(shard, with_slopes(design.slopes) if design.slopes != 1 else None)
        source = [shard, "--instrument", "true"]
        if design.train:
            run([program, "train", shard, "--groups", "3", "--distribution", *design.train.split(), "--progress", "none",
                 "--out", f"{folder}/run"])
            source = [f"{folder}/run", shard]
        command = [program, "effect", *source, *design.effect.split(), "--json"]
        report = json.loads(run(command))
        result = {"form": report["outcomeBasis"], "j": report["tests"]["hansenJ"]["p"],
                  "F": next(iter(report["firstStage"].values()))["effectiveF"],
                  "set": [[low if low is not None else -np.inf, high if high is not None else np.inf]
                          for low, high in report["sets"]["andersonRubin"]]}
        result |= estimates(report)
        if design.train.startswith("joint"):
            result["robust"] = estimates(json.loads(run([*command, "--se", "robust"])))
            if bootstrap:
                result["bootstrap"] = estimates(json.loads(run([*command, "--bootstrap", str(bootstrap)])))
        return result


def summary(design, draws):
    result = {"J rejects": np.mean([one["j"] < .05 for one in draws]), "F": np.median([one["F"] for one in draws]),
              "quadratic": np.mean([one["form"] == "quadratic" for one in draws])}
    for name in ("hful", "2sls", "ordinary"):
        bias = np.array([one[name]["estimate"] - LINEAR for one in draws])
        result[name] = {
            "median": np.median(bias), "mean": bias.mean(), "sd": bias.std(ddof=1),
            "coverage": np.mean([one[name]["lower"] <= LINEAR <= one[name]["upper"] for one in draws])}
    return result


def covers(estimate):
    return estimate["lower"] <= LINEAR <= estimate["upper"]


def label_errors(draws, name):
    """Coverage of errors that take labels for given, and of the bootstrap's; and the lengths of others against them."""
    result = {}
    robust = np.array([one["robust"][name]["standardError"] for one in draws])
    for kind in ("stacked", "robust", "bootstrap"):
        if kind == "bootstrap" and "bootstrap" not in draws[0]:
            continue
        found = [one[name] if kind == "stacked" else one[kind][name] for one in draws]
        errors = np.array([one["standardError"] for one in found])
        result[kind] = {"coverage": np.mean([covers(one) for one in found]), "ratio": np.mean(errors / robust),
                        "median error": np.median(errors)}
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], epilog="\n".join(__doc__.splitlines()[1:]),
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("giv_dist")
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--designs", default="")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--bootstrap", type=int, default=0)
    parser.add_argument("--json")
    options = parser.parse_args()
    chosen = [design for design in DESIGNS if any(part in design.name for part in options.designs.split(","))]
    print(f"{options.draws} draws of {options.rows} rows\n")
    print(f"{'':40}{'effective F':>12}{'J rejects':>11}   HFUL: median, mean bias (sd), coverage; 2SLS; ordinary")
    results, failures = {}, []
    for design in chosen:
        draws = [draw(options.giv_dist, design, options.seed + s, options.rows, options.bootstrap)
                 for s in range(options.draws)]
        result = summary(design, draws)
        results[design.name] = result
        columns = "; ".join(
            f"{result[name]['median']:.4f}, {result[name]['mean']:.4f} ({result[name]['sd']:.4f}), "
            f"{result[name]['coverage']:.3f}" for name in ("hful", "2sls", "ordinary"))
        print(f"{design.name:40}{result['F']:>12.1f}{result['J rejects']:>11.3f}   {columns}"
              + ("" if design.effect else f"   quadratic {result['quadratic']:.2f}"), flush=True)
        if "robust" in draws[0]:
            for name in ("hful", "2sls"):
                found = result[name]["errors"] = label_errors(draws, name)
                print(f"{'':40}{name}: " + "; ".join(
                    f"{kind} errors: median {one['median error']:.4f}, {one['ratio']:.3f} of the robust, coverage "
                    f"{one['coverage']:.3f}" for kind, one in found.items()), flush=True)
            ratio = result["hful"]["errors"]["stacked"]["ratio"]
            if not design.ratio[0] <= ratio <= design.ratio[1]:
                failures.append(f"{design.name}: stacked errors are {ratio:.3f} of the robust ones")
        own = result["hful"]
        if abs(own["median"]) > design.bias:
            failures.append(f"{design.name}: bias above {design.bias}")
        if options.draws >= 100 and not design.coverage[0] <= own["coverage"] <= design.coverage[1]:
            failures.append(f"{design.name}: coverage outside {design.coverage}")
        if options.draws >= 20 and not design.rejections[0] <= result["J rejects"] <= design.rejections[1]:
            failures.append(f"{design.name}: J rejects in {result['J rejects']:.2f} of the draws")
    if options.json:
        with open(options.json, "w") as file:
            json.dump(results, file, indent=1, default=float)
    for failure in failures:
        print(f"missed: {failure}")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
