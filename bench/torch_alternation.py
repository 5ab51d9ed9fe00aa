"""Labels by the alternation of the paper's published settings, in PyTorch and scikit-learn: what --paper is held against.

usage: torch_alternation.py GIV_DIST [--seeds 10] [--rows 3000] [--scenarios linear,poly,...] [--rounds 20] [--json FILE]

Draws are those of reconstruction.py. A round is 200 steps of Adam(1e-3) on Eq. (4) with groups fixed, from a network
with the weights of He et al., and then a full Gaussian mixture of (r, t) from k-means, one start, arg-max labels; the
first groups are those of (x, t). Prints accuracy under the best matching, after the last round and of the best round,
which a user without the true labels cannot know. Needs PyTorch, as torch_meta_em.py does.
"""

import argparse
import json
import tempfile

import h5py
import numpy as np
import torch
from sklearn.mixture import GaussianMixture

from accuracy import run
from torch_meta_em import networks


def labels(columns, seed):
    return GaussianMixture(2, random_state=seed).fit_predict(columns)


def accuracy(found, truth):
    right = np.mean(found == truth)
    return max(right, 1 - right)


def alternate(x, t, truth, seed, rounds, steps=200, batch=400):
    """Accuracy of the first labels and after each round."""
    torch.manual_seed(seed)
    encoder, heads, decoder = networks(x.shape[1], 2, torch.float64)
    for network in (encoder, heads, decoder):
        for layer in network.modules():
            if isinstance(layer, torch.nn.Linear):
                torch.nn.init.kaiming_normal_(layer.weight)
                torch.nn.init.zeros_(layer.bias)
    parameters = [p for network in (encoder, heads, decoder) for p in network.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=1e-3)
    covariates, treatment = torch.from_numpy(x), torch.from_numpy(t)[:, None]
    found = labels(np.column_stack([x, t]), seed)
    trace = [accuracy(found, truth)]
    for _ in range(rounds):
        group = torch.from_numpy(found)[:, None]
        for _ in range(steps):
            rows = torch.randperm(len(t))[:batch]
            r = encoder(covariates[rows])
            loss = ((heads(r).gather(1, group[rows]) - treatment[rows]) ** 2).mean()
            loss = loss + ((decoder(r) - covariates[rows]) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            found = labels(np.column_stack([encoder(covariates).numpy(), t]), seed)
        trace.append(accuracy(found, truth))
    return trace


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("giv_dist")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--scenarios", default="linear,poly,sin,sigmoid,abs")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{options.seeds} draws of {options.rows} rows, K = 2, five covariates\n\n"
          f"{'':<10}{'last round':>12}{'best round':>12}{'on x':>8}")
    results = {}
    for scenario in options.scenarios.split(","):
        traces = []
        for seed in range(options.seeds):
            with tempfile.TemporaryDirectory() as folder:
                run([options.giv_dist, "simulate", "--scenario", scenario, "--groups", "2", "--covariates", "5", "--rows",
                     str(options.rows), "--seed", str(seed), "--out", f"{folder}/shards"])
                with h5py.File(f"{folder}/shards/shard-00000.h5") as file:
                    x, t, z = file["x"][:], file["t"][:], file["z"][:]
            traces.append(alternate(x, t, z, seed, options.rounds))
        results[scenario] = traces
        last, best, first = (np.mean([pick(trace) for trace in traces]) for pick in
                             (lambda trace: trace[-1], max, lambda trace: trace[0]))
        print(f"{scenario:<10}{last:>12.3f}{best:>12.3f}{first:>8.3f}", flush=True)
    if options.json:
        with open(options.json, "w") as file:
            json.dump(results, file, indent=1)


if __name__ == "__main__":
    main()
