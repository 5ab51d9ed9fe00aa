"""control.json: the control function estimate on the rows of effects.json, with errors stacked over both stages.

A row with group weights is one row for each group: the regressions are weighted least squares on those copies. The errors
are those of all estimating equations together, their Jacobian by complex steps.
"""
from itertools import combinations_with_replacement

import numpy as np
from fixture import assert_close, read, write

rows = read("effects.json")
x, t, y, soft, weight = (np.array(rows[key]) for key in ("x", "t", "y", "groups", "weight"))
n, K, CLUSTERS = len(t), soft.shape[1], 30


def monomials(x, degree):
    return np.column_stack([
        np.prod(x[:, list(term)], axis=1) for d in range(1, degree + 1)
        for term in combinations_with_replacement(range(x.shape[1]), d)])


mean = np.average(x, axis=0, weights=weight)
sd = np.sqrt(np.average((x - mean) ** 2, axis=0, weights=weight))
controls = np.column_stack([np.ones(n), monomials((x - mean) / sd, 3)])
features = np.column_stack([np.ones(n), monomials(x, 2)])
h = features.shape[1]


def regressors(phi, beta, k):
    """Of the copies that count for group k."""
    v = np.zeros((n, K), dtype=beta.dtype)
    v[:, k] = t - features @ beta[k]
    return np.column_stack([controls, phi, v])


def scores(phi, parameters):
    """Of all parameters, row by row [n, parameters]."""
    beta, theta = parameters[:K * h].reshape(K, h), parameters[K * h:]
    first = [(weight * soft[:, k] * (t - features @ beta[k]))[:, None] * features for k in range(K)]
    second = 0
    for k in range(K):
        s = regressors(phi, beta, k)
        second = second + (weight * soft[:, k] * (y - s @ theta))[:, None] * s
    return np.column_stack(first + [second])


def least_squares(columns, response, weights):
    root = np.sqrt(weights)
    return np.linalg.lstsq(columns * root[:, None], response * root, rcond=None)[0]


def fit(phi):
    beta = np.array([least_squares(features, t, weight * soft[:, k]) for k in range(K)])
    copies = np.vstack([regressors(phi, beta, k) for k in range(K)])
    theta = least_squares(copies, np.tile(y, K), np.concatenate([weight * soft[:, k] for k in range(K)]))
    parameters = np.concatenate([beta.ravel(), theta])
    assert_close(scores(phi, parameters).sum(0) / n, np.zeros(len(parameters)), 1e-7, "scores")
    jacobian = np.empty((len(parameters),) * 2)
    for j in range(len(parameters)):
        moved = parameters.astype(complex)
        moved[j] += 1e-30j
        jacobian[:, j] = scores(phi, moved).sum(0).imag / 1e-30
    influence = -np.linalg.solve(jacobian, scores(phi, parameters).T).T
    own = slice(K * h + controls.shape[1], None)
    return theta[controls.shape[1]:], influence[:, own], copies.shape[1]


def naive(phi, beta):
    """Errors of the second stage alone."""
    copies = np.vstack([regressors(phi, beta, k) for k in range(K)])
    weights = np.concatenate([weight * soft[:, k] for k in range(K)])
    theta = least_squares(copies, np.tile(y, K), weights)
    bread = np.linalg.inv((copies * weights[:, None]).T @ copies)
    each = ((weights * (np.tile(y, K) - copies @ theta))[:, None] * copies).reshape(K, n, -1).sum(0)
    return np.sqrt(np.diag(bread @ each.T @ each @ bread))[controls.shape[1]:]


deviations = x - mean
fits = {}
for name, phi in {
        "linear": t[:, None], "quadratic": np.column_stack([t, t**2]),
        "quadratic+interactions": np.column_stack([t, t**2, t[:, None] * deviations])}.items():
    theta, influence, p = fit(phi)
    q = phi.shape[1]
    robust = influence.T @ influence
    beta = np.array([least_squares(features, t, weight * soft[:, k]) for k in range(K)])
    # The first stage's errors count.
    ratio = np.sqrt(np.diag(robust)) / naive(phi, beta)
    assert np.max(np.abs(ratio[:q] - 1)) > 0.01, ratio
    sums = np.array([influence[np.arange(n) % CLUSTERS == g].sum(0) for g in range(CLUSTERS)])
    clustered = CLUSTERS / (CLUSTERS - 1) * (n - 1) / (n - p) * sums.T @ sums
    lam = theta[q:]
    fits[name] = {
        "coefficients": theta[:q], "covariance": robust[:q, :q], "hc1": n / (n - p) * robust[:q, :q],
        "clustered": clustered[:q, :q], "exogeneity": lam @ np.linalg.solve(robust[q:, q:], lam),
        "degreesOfFreedom": K}

if __name__ == "__main__":
    write("control.json", {"clusters": CLUSTERS, "fits": fits})
