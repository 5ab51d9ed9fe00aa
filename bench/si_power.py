"""How often any test can find a new factor: the fit test of `giv-dist si` beside the most powerful ones.

usage: si_power.py [--noise .6] [--draws 6000]

Panels of 40 donors, 100 periods before and 4 after, 4 factors with loadings .5 + N(0, 1), and a factor .4 times as strong that
appears after. Critical values at .05 are those of as many panels without it. `largest` is the largest singular value of what
the factors before leave of outcomes after; `likelihood` the mean likelihood ratio over paths of the new factor drawn from its
law, with the law of its loadings: on average over that law no test of these residuals is more powerful.
"""
import argparse

import numpy as np

parser = argparse.ArgumentParser()
parser.add_argument("--noise", type=float, default=0.6)
parser.add_argument("--draws", type=int, default=6000)
arguments = parser.parse_args()
n, before, after, k, strength, noise = 40, 100, 4, 4, 0.4, arguments.noise
random = np.random.default_rng(1)
paths = random.normal(size=(4000, after)) * strength


def statistics(strength):
    loadings, factors = 0.5 + random.normal(size=(n, k + 1)), random.normal(size=(before + after, k + 1))
    factors[:, k] *= np.where(np.arange(before + after) < before, 0, strength)
    y = factors @ loadings.T + noise * random.normal(size=(before + after, n))
    x, z = y[:before], y[before:]
    values, vectors = np.linalg.svd(x, full_matrices=False)[1:]
    v = vectors[:k].T
    v3 = (values[k:] ** 2).sum() / ((before - k) * (n - k))
    scale = 1 + ((z @ v / values[:k]) ** 2).sum(1)
    rest = (z - z @ v @ v.T) / np.sqrt(scale * v3)[:, None]
    fit = (rest ** 2).sum() / (after * (n - k))
    return fit, np.linalg.norm(rest, 2), likelihood(rest, v)


def likelihood(rest, v):
    """log E exp(l), l the log ratio of the law of `rest` with a path of the new factor and without it."""
    mean = (0.5 / noise) * (np.ones(n) - v @ v.sum(0))
    sizes = np.linalg.norm(paths, axis=1)
    along = (paths / sizes[:, None]) @ rest
    extra = (sizes / noise) ** 2
    shift = along - np.outer(sizes, mean)
    ratios = ((along ** 2).sum(1) - (shift ** 2).sum(1) / (1 + extra) - (n - k) * np.log1p(extra)) / 2
    return ratios.max() + np.log(np.exp(ratios - ratios.max()).mean())


null, new = (np.array([statistics(size) for _ in range(arguments.draws)]) for size in (0, strength))
for name, critical, values in zip(("fit", "largest", "likelihood"), np.quantile(null, 0.95, axis=0), new.T):
    print(f"{name:10} {(values > critical).mean():.3f}")
