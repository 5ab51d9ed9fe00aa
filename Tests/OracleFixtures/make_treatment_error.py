"""treatment_error.json: coefficients without noise in the treatment, by simulation and extrapolation, in numpy.

Fits (coefficients and their covariance) at the levels of added noise are made up, not estimated: what is checked is what is
made of them. Parabolas are numpy's polyfit, of every entry over all levels; covariances over copies numpy's cov. Where the
coefficients are a parabola in the level exactly, the answer is its value at -1.
"""
import numpy as np
from fixture import assert_close, write

LEVELS, COPIES, Q = np.array([0, 0.5, 1, 1.5, 2]), 6, 3
random = np.random.default_rng(5)


def covariance():
    root = random.normal(size=(Q, Q))
    return root @ root.T / 10


def at_minus_one(values):
    """Of the parabola by least squares through [levels, ..]."""
    flat = values.reshape(len(LEVELS), -1)
    return np.polyval(np.polyfit(LEVELS, flat, 2), -1).reshape(values.shape[1:])


def extrapolated(base, base_covariance, copies, covariances):
    coefficients = at_minus_one(np.concatenate([base[None], copies.mean(axis=0)]))
    spread = np.array([np.cov(copies[:, place].T) for place in range(len(LEVELS) - 1)])
    left = np.concatenate([base_covariance[None], covariances.mean(axis=0) - spread])
    # What each copy comes to by itself: its mean over copies is the answer.
    ends = np.array([at_minus_one(np.concatenate([base[None], copy])) for copy in copies])
    assert_close(ends.mean(axis=0), coefficients, 1e-12, "mean of copies")
    return coefficients, at_minus_one(left) + np.cov(ends.T) / COPIES


base, base_covariance = random.normal(size=Q), covariance()
copies = base + 0.3 * random.normal(size=(COPIES, len(LEVELS) - 1, Q))
covariances = np.array([[covariance() for _ in LEVELS[1:]] for _ in range(COPIES)])
coefficients, expected = extrapolated(base, base_covariance, copies, covariances)

bend, slope = random.normal(size=(2, Q))
parabola = np.array([[base + slope * level + bend * level**2 for level in LEVELS[1:]]] * COPIES)
assert_close(extrapolated(base, base_covariance, parabola, covariances)[0], base - slope + bend, 1e-12, "parabola")

write("treatment_error.json", {"levels": LEVELS[1:], "fit": {"coefficients": base, "covariance": base_covariance},
       "copies": [[{"coefficients": b, "covariance": v} for b, v in zip(*copy)] for copy in zip(copies, covariances)],
       "coefficients": coefficients, "covariance": expected})
