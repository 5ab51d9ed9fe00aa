"""products.json: score tests of products of covariates that a mixture of regressions leaves out, by their formulas.

EM on (1, x) to convergence, once without weights, once with sampling weights, once with frequencies; then the scores of
the likelihood at every row by differences of its own log-density, which know nothing of Fisher's identity, and from them
the statistics with one coefficient for all groups and with one for each. Beside them the BIC of the fit with the product
as a column, from EM with it.
"""

import numpy as np
import scipy.stats
from fixture import write

ROWS, GROUPS = 300, 2
PAIRS = [(0, 1), (0, 2), (1, 2)]


def data():
    random = np.random.default_rng(7)
    x = random.normal(size=(ROWS, 3))
    x -= x.mean(axis=0)
    z = random.integers(GROUPS, size=ROWS)
    slopes = np.array([[1.0, -0.5, 0.4], [-0.8, 0.7, 0.3]])
    t = (x * slopes[z]).sum(axis=1) + 0.25 * z * x[:, 0] * x[:, 1] + 0.4 * random.normal(size=ROWS)
    return x, t - t.mean(), random.uniform(0.4, 2.0, size=ROWS), random.integers(1, 4, size=ROWS).astype(float)


def densities(design, t, shares, beta, sigma):
    r = t[:, None] - design @ beta.T
    return np.log(shares) - np.log(sigma) - 0.5 * np.log(2 * np.pi) - 0.5 * (r / sigma) ** 2


def em(design, t, w):
    beta = np.zeros((GROUPS, design.shape[1]))
    beta[:, 1] = [1.0, -1.0]
    shares, sigma = np.full(GROUPS, 1 / GROUPS), np.full(GROUPS, t.std())
    for _ in range(5000):
        logs = densities(design, t, shares, beta, sigma)
        gamma = np.exp(logs - np.logaddexp.reduce(logs, axis=1)[:, None]) * w[:, None]
        for k in range(GROUPS):
            weighted = design * gamma[:, [k]]
            beta[k] = np.linalg.solve(weighted.T @ design, weighted.T @ t)
            sigma[k] = np.sqrt(gamma[:, k] @ (t - design @ beta[k]) ** 2 / gamma[:, k].sum())
        shares = gamma.sum(axis=0) / w.sum()
    return shares, beta, sigma


def log_likelihood(vector, design, t):
    """Of each row, at (beta, log sigma, log pi_1 / pi_0)."""
    p = design.shape[1]
    beta = vector[: GROUPS * p].reshape(GROUPS, p)
    sigma = np.exp(vector[GROUPS * p : GROUPS * (p + 1)])
    odds = np.concatenate([[0.0], vector[GROUPS * (p + 1) :]])
    shares = np.exp(odds - np.logaddexp.reduce(odds))
    return np.logaddexp.reduce(densities(design, t, shares, beta, sigma), axis=1)


def scores(vector, design, t, step=1e-4):
    columns = []
    for j in range(len(vector)):
        move = np.zeros(len(vector))
        move[j] = step
        near, far = (log_likelihood(vector + s * move, design, t) - log_likelihood(vector - s * move, design, t)
                     for s in (1, 2))
        columns.append((8 * near - far) / (12 * step))
    return np.column_stack(columns)


def statistic(u, s, w, v):
    """U'V^-1 U with u less its regression on s."""
    c = np.linalg.solve((s.T * v) @ s, (s.T * v) @ u)
    left = u - s @ c
    total = w @ left
    return total @ np.linalg.solve((left.T * v) @ left, total)


def tests(x, t, w, v):
    design = np.column_stack([np.ones(ROWS), x])
    shares, beta, sigma = em(design, t, w)
    found = []
    for i, j in PAIRS:
        larger = np.column_stack([design, x[:, i] * x[:, j]])
        full = np.column_stack([beta, np.zeros(GROUPS)])
        vector = np.concatenate([full.ravel(), np.log(sigma), np.log(shares[1:] / shares[0])])
        all_scores = scores(vector, larger, t)
        places = [k * (design.shape[1] + 1) + design.shape[1] for k in range(GROUPS)]
        own = np.delete(all_scores, places, axis=1)
        each = all_scores[:, places]
        common, by_group = statistic(each.sum(axis=1, keepdims=True), own, w, v), statistic(each, own, w, v)
        larger_fit = em(larger, t, w)
        log = w @ np.logaddexp.reduce(densities(larger, t, *larger_fit), axis=1)
        count = GROUPS * (larger.shape[1] + 2) - 1
        found.append({
            "common": common, "byGroup": by_group, "commonP": scipy.stats.chi2.sf(common, 1),
            "byGroupP": scipy.stats.chi2.sf(by_group, GROUPS), "bic": -2 * log + count * np.log(w.sum())})
    return {"shares": shares, "coefficients": beta, "sigma": sigma, "pairs": found}


def main():
    x, t, sampling, frequency = data()
    ones = np.ones(ROWS)
    write("products.json", {
        "x": x, "t": t, "pairs": [list(pair) for pair in PAIRS], "sampling": sampling, "frequency": frequency,
        "plain": tests(x, t, ones, ones), "sampled": tests(x, t, sampling, sampling**2),
        "repeated": tests(x, t, frequency, frequency)}, packages=("numpy", "scipy"))


if __name__ == "__main__":
    main()
