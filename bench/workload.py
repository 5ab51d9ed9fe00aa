"""The rows and the start that all programs of this folder work on: c = (t, r), t linear in r with group coefficients."""

import numpy as np


def rows(count, dimension, groups, first=0):
    """`count` rows of c from row `first` on, the same rows whoever asks; blocks of 65536 have a generator each."""
    block = 65536
    coefficients = np.random.default_rng(1).normal(size=(groups, dimension))
    parts = []
    for index in range(first // block, -(-(first + count) // block)):
        random = np.random.default_rng([2, index])
        r = random.normal(size=(block, dimension - 1))
        group = random.integers(groups, size=block)
        t = coefficients[group, 0] + np.sum(coefficients[group, 1:] * r, axis=1) + 0.5 * random.normal(size=block)
        low, high = max(first, index * block), min(first + count, (index + 1) * block)
        parts.append(np.column_stack([t, r])[low - index * block : high - index * block])
    return np.concatenate(parts)


def start(dimension, groups):
    """Weights, means and covariances of every group."""
    random = np.random.default_rng(3)
    return np.full(groups, 1 / groups), random.normal(size=(groups, dimension)), np.array([2 * np.eye(dimension)] * groups)
