"""Training steps of the paper's representation network: `giv-dist benchmark network` beside PyTorch, one thread each.

usage: torch_meta_em.py [--giv-dist PROGRAM] [--rounds 20] [--precision 64] [--fused] [--repeat 3] [--json FILE]

The same steps: encoder m-16 tanh-m, K linear heads, decoder m-16-16-m with rectifiers, Eq. (4) on random minibatches,
Adam(1e-3); PyTorch gets its rows from tensors in memory, without a data loader. The programs run in turn.
Prints seconds of all rounds, microseconds per step and PyTorch / giv-dist; it asserts nothing. Needs PyTorch, which
`make setup` leaves out for its size: pip install torch==2.13.0.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import torch

GIV_DIST = Path(__file__).resolve().parent.parent / ".build" / "release" / "giv-dist"


def networks(m, groups, dtype):
    linear, tanh, relu = torch.nn.Linear, torch.nn.Tanh(), torch.nn.ReLU()
    encoder = torch.nn.Sequential(linear(m, 16), tanh, linear(16, m))
    decoder = torch.nn.Sequential(linear(m, 16), relu, linear(16, 16), relu, linear(16, m))
    return encoder.to(dtype), linear(m, groups).to(dtype), decoder.to(dtype)


def torch_seconds(arguments):
    """Seconds of every round."""
    dtype = torch.float64 if arguments.precision == 64 else torch.float32
    n, m, groups = arguments.rows, arguments.covariates, arguments.groups
    torch.manual_seed(1)
    x, t = torch.randn(n, m, dtype=dtype), torch.randn(n, 1, dtype=dtype)
    weights = torch.nn.functional.one_hot(torch.randint(groups, (n,)), groups).to(dtype)
    encoder, heads, decoder = networks(m, groups, dtype)
    parameters = [p for network in (encoder, heads, decoder) for p in network.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=1e-3, fused=arguments.fused)
    times, epoch = [], max(1, n // arguments.batch)
    for _ in range(arguments.rounds):
        began = time.perf_counter()
        for step in range(arguments.steps):
            if step % epoch == 0:
                order = torch.randperm(n)
            rows = order[step % epoch * arguments.batch:][:arguments.batch]
            covariates, treatment, weight = x[rows], t[rows], weights[rows]
            r = encoder(covariates)
            loss = (weight * (heads(r) - treatment) ** 2).sum() / len(rows)
            loss = loss + ((decoder(r) - covariates) ** 2).sum() / len(rows) / m
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        times.append(time.perf_counter() - began)
    return times


def giv_dist_report(arguments):
    command = [arguments.giv_dist, "benchmark", "network", "--json"]
    for name in ("rows", "covariates", "groups", "rounds", "steps", "batch"):
        command += [f"--{name}", str(getattr(arguments, name))]
    finished = subprocess.run(
        command, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"}, capture_output=True, text=True)
    if finished.returncode != 0:
        sys.exit(f"torch_meta_em: {' '.join(command)} ended with {finished.returncode}\n{finished.stderr}")
    return json.loads(finished.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("rows", 3000), ("covariates", 5), ("groups", 3), ("rounds", 20), ("steps", 200),
                        ("batch", 400), ("repeat", 3)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--precision", type=int, choices=(32, 64), default=64, help="bits of PyTorch's numbers")
    parser.add_argument("--fused", action="store_true", help="PyTorch's fused Adam, its fastest")
    parser.add_argument("--giv-dist", default=str(GIV_DIST))
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    ours, theirs = [], []
    for _ in range(arguments.repeat):
        ours.append(giv_dist_report(arguments))
        theirs.append(torch_seconds(arguments))
    record = {
        "givDistSeconds": [report["seconds"] for report in ours],
        "torchSeconds": [sum(times) for times in theirs],
        "givDistMicroseconds": min(report["nsPerStepMinimum"] for report in ours) / 1e3,
        "torchMicroseconds": min(map(min, theirs)) / arguments.steps * 1e6,
        "precision": arguments.precision, "fused": arguments.fused, "torch": torch.__version__}
    record["medianRatio"] = statistics.median(record["torchSeconds"]) / statistics.median(record["givDistSeconds"])
    record["minRatio"] = record["torchMicroseconds"] / record["givDistMicroseconds"]
    for name, seconds, micros in (("giv-dist", "givDistSeconds", "givDistMicroseconds"),
                                  (f"PyTorch {torch.__version__}", "torchSeconds", "torchMicroseconds")):
        print(f"{name:<20} {statistics.median(record[seconds]):8.3f} s (median), least round "
              f"{record[micros]:8.1f} us per step")
    print(f"ratio: {record['medianRatio']:.1f} of the medians, {record['minRatio']:.1f} of the least rounds")
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
