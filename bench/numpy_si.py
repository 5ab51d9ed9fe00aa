"""Synthetic interventions as a careful numpy user computes them, one thread: Gram matrices by arm, all units at once.

The whole table of units under arms by principal component regression at a fixed rank: estimates, weight norms, delta
prediction intervals, every donor left out of its own arm on the subspace of all, and the factors that calibrate. Prints
{"usPerUnit", ..} as JSON. `--panel FILE` answers for the panel of a file instead and prints {"estimate", "half"} of all
units and arms; `--per-cell` times one singular value decomposition for each cell, as packages do it, on 20 cells.
"""
import argparse
import json
import time

import numpy as np
from threadpoolctl import threadpool_limits

QUANTILE = 1.959963984540054


def table(y, arm, arms, pre, rank):
    """theta and half prediction interval [units, arms], calibrated where donors suffice."""
    before, after = y[:, :pre], y[:, pre:]
    periods = after.shape[1]
    norms = np.einsum("ij,ij->i", before, before)
    theta, half = np.empty((len(y), arms)), np.empty((len(y), arms))
    for d in range(arms):
        own = np.flatnonzero(arm == d)
        x, z = before[own], after[own]
        n = len(own)
        values, vectors = np.linalg.eigh(x.T @ x)
        u, s2 = vectors[:, ::-1][:, :rank], values[::-1][:rank]
        zx, total = z.T @ x, np.einsum("ij,ij->", z, z)
        b = zx @ u / s2
        means = b.mean(0)
        c = before @ u
        theta[:, d] = c @ means
        weights = (c * c) @ (1 / s2)
        slopes = means @ means
        v1 = (norms - np.einsum("ij,ij->i", c, c)) / (pre - rank)
        explained = ((zx @ u) ** 2 / s2).sum()
        v2 = (total - explained) / (periods * (n - rank))
        v3 = (np.trace(x.T @ x) - s2.sum()) / ((pre - rank) * (n - rank))
        variance = v2 * weights / periods + slopes * (v1 + v3 * weights) + v2 / periods
        half[:, d] = QUANTILE * np.sqrt(variance)
        # Each donor from the others, on the subspace of all.
        h = weights[own]
        observed = z.mean(1)
        theta_own = (theta[own, d] - observed * h) / (1 - h)
        weights_own = h / (1 - h)
        residuals = z - c[own] @ b.T
        loss = np.einsum("ij,ij->i", residuals, residuals) / (1 - h)
        v2_own = (total - explained - loss) / (periods * (n - 1 - rank))
        slope_own = ((means + ((theta[own, d] - observed) / (1 - h))[:, None] * c[own] / s2) ** 2).sum(1)
        left = np.trace(x.T @ x) - s2.sum() - (norms[own] - np.einsum("ij,ij->i", c[own], c[own]))
        v3_own = left / ((pre - rank) * (n - 1 - rank))
        variance = v2_own * weights_own / periods + slope_own * (v1[own] + v3_own * weights_own) + v2_own / periods
        half_own = QUANTILE * np.sqrt(variance)
        theta[own, d], half[own, d] = theta_own, half_own
        # Calibrated by the scores of all donors but the target.
        scores = np.abs(observed - theta_own) / half_own
        place = np.empty(n, int)
        place[np.argsort(scores)] = np.arange(n)
        scores = np.sort(scores)
        order, order_own = (int(np.ceil((count + 1) * 0.95 - 1e-9)) for count in (n, n - 1))
        factor = np.full(len(y), scores[order - 1] if order <= n else 1.0)
        factor[own] = scores[order_own - 1 + (place < order_own)] if order_own < n else 1.0
        half[:, d] *= factor
    return theta, half


def panel(units, pre, post, arms, rank):
    random = np.random.default_rng(1)
    arm = np.where(np.arange(units) % 2 == 0, 0, 1 + np.arange(units) // 2 % max(1, arms - 1)) if arms > 1 else np.zeros(units, int)
    loadings = random.normal(size=(units, rank))
    y = np.empty((units, pre + post))
    y[:, :pre] = loadings @ random.normal(size=(rank, pre))
    for d in range(arms): y[arm == d, pre:] = loadings[arm == d] @ random.normal(size=(rank, post))
    return y + random.normal(size=y.shape), arm


def per_cell(y, arm, pre, rank, cells=20):
    """Seconds of a cell by a decomposition of its own."""
    begin = time.perf_counter()
    for target in range(cells):
        donors = np.flatnonzero(arm == 0)
        donors = donors[donors != target]
        u, s, v = np.linalg.svd(y[donors, :pre].T, full_matrices=False)
        w = v[:rank].T @ ((u[:, :rank].T @ y[target, :pre]) / s[:rank])
        (y[donors, pre:].T @ w).mean()
    return (time.perf_counter() - begin) / cells


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--units", type=int, default=100_000)
    parser.add_argument("--pre", type=int, default=100)
    parser.add_argument("--post", type=int, default=20)
    parser.add_argument("--arms", type=int, default=4)
    parser.add_argument("--rank", type=int, default=6)
    parser.add_argument("--panel")
    parser.add_argument("--per-cell", action="store_true")
    arguments = parser.parse_args()
    size = (arguments.units, arguments.pre, arguments.post, arguments.arms, arguments.rank)
    with threadpool_limits(1):
        if arguments.panel:
            import h5py
            with h5py.File(arguments.panel) as file: y, arm = file["y"][:], file["arm"][:]
            theta, half = table(y, arm, int(arm.max()) + 1, arguments.pre, arguments.rank)
            return print(json.dumps({"estimate": theta.tolist(), "half": half.tolist()}))
        y, arm = panel(*size)
        if arguments.per_cell:
            seconds = per_cell(y, arm, arguments.pre, arguments.rank)
            return print(json.dumps({"secondsPerCell": seconds, "usPerUnit": seconds * arguments.arms * 1e6}))
        times = []
        for _ in range(5):
            begin = time.perf_counter()
            table(y, arm, arguments.arms, arguments.pre, arguments.rank)
            times.append(time.perf_counter() - begin)
    print(json.dumps({
        "usPerUnit": np.median(times) / arguments.units * 1e6, "usPerUnitMinimum": min(times) / arguments.units * 1e6}))


if __name__ == "__main__":
    main()
