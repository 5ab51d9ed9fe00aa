"""Steps of two networks that play against each other: `giv-dist effect --method agmm` beside PyTorch, one thread each.

usage: torch_agmm.py [--giv-dist PROGRAM] [--rows 3000] [--repeat 3] [--json FILE]

AGMM with its default settings: g(t, x) and f(x, z) of 100-100 leaky rectifiers, minibatches of 100 rows, 100 epochs, in
Float64. PyTorch takes as many steps of its own fused Adam, which is less work than the optimistic one, from tensors in
memory and without judging. giv-dist's seconds are those it prints for the method, reading and judging included. The
programs run in turn. Prints microseconds per step and PyTorch / giv-dist; it asserts nothing. Needs PyTorch:
pip install torch==2.13.0.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

GIV_DIST = Path(__file__).resolve().parent.parent / ".build" / "release" / "giv-dist"
EPOCHS, BATCH, COVARIATES, GROUPS = 100, 100, 3, 3


def steps(rows):
    """Four fifths of the rows teach."""
    return EPOCHS * (rows * 4 // 5 // BATCH)


def network(inputs):
    layers = []
    for width in (100, 100):
        layers += [torch.nn.Linear(inputs, width), torch.nn.LeakyReLU()]
        inputs = width
    return torch.nn.Sequential(*layers, torch.nn.Linear(inputs, 1)).double()


def torch_seconds(rows):
    torch.manual_seed(1)
    n = rows * 4 // 5
    y, t, x = torch.randn(n, 1).double(), torch.randn(n, 1).double(), torch.randn(n, COVARIATES).double()
    z = torch.nn.functional.one_hot(torch.randint(GROUPS, (n,)), GROUPS).double()
    structural, conditional = torch.cat([t, x], 1), torch.cat([x, z], 1)
    g, f = network(1 + COVARIATES), network(COVARIATES + GROUPS)
    optimizers = [torch.optim.Adam(one.parameters(), lr=3e-4, weight_decay=1e-3, fused=True) for one in (g, f)]
    began = time.perf_counter()
    for step in range(steps(rows)):
        place = step % (n // BATCH)
        if place == 0:
            order = torch.randperm(n)
        batch = order[place * BATCH:(place + 1) * BATCH]
        residual, moment = y[batch] - g(structural[batch]), f(conditional[batch])
        for optimizer in optimizers:
            optimizer.zero_grad()
        # One backward pass gives both slopes: f climbs.
        ((residual - moment) * moment).mean().backward()
        for parameter in f.parameters():
            parameter.grad.neg_()
        for optimizer in optimizers:
            optimizer.step()
    return time.perf_counter() - began


def run(command):
    finished = subprocess.run(
        command, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"}, capture_output=True, text=True)
    if finished.returncode != 0:
        sys.exit(f"torch_agmm: {' '.join(command)} ended with {finished.returncode}\n{finished.stderr}")
    return finished.stdout


def giv_dist_seconds(arguments, folder):
    report = json.loads(run(
        [arguments.giv_dist, "effect", folder, "--instrument", "true", "--method", "agmm", "--json"]))
    return report["ladder"]["agmm"]["seconds"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--giv-dist", default=str(GIV_DIST))
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        shards = str(Path(folder) / "shards")
        run([arguments.giv_dist, "simulate", "--rows", str(arguments.rows), "--out", shards])
        for _ in range(arguments.repeat):
            ours.append(giv_dist_seconds(arguments, shards))
            theirs.append(torch_seconds(arguments.rows))
    count = steps(arguments.rows)
    record = {"givDistMicroseconds": min(ours) / count * 1e6, "torchMicroseconds": min(theirs) / count * 1e6,
              "givDistSeconds": ours, "torchSeconds": theirs}
    record["ratio"] = record["torchMicroseconds"] / record["givDistMicroseconds"]
    print(f"{count} steps: giv-dist {record['givDistMicroseconds']:.0f} us, PyTorch {record['torchMicroseconds']:.0f} us a "
          f"step, PyTorch / giv-dist {record['ratio']:.2f}")
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(record))


if __name__ == "__main__":
    main()
