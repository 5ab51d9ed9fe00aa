"""gaussian.json: EM of a Gaussian mixture from a given start, by scikit-learn, checked against plain numpy.

One iteration is one E step with the current parameters, then one M step. `logLikelihood[i]` belongs to the parameters
after i iterations (i = 0: the start). scikit-learn's `lower_bound_` after i iterations is the mean of
`logLikelihood[i - 1]`, because its last E step precedes its last M step.
"""

import warnings

import numpy as np
from fixture import assert_close, write
from scipy.special import logsumexp
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

ROWS, COLUMNS, GROUPS, ITERATIONS = 200, 3, 3, 25


def draw_rows():
    """c = (t, r1, r2): r shared by the groups, t linear in r with coefficients of the group."""
    random = np.random.default_rng(20230207)
    r = random.multivariate_normal([0.3, -0.2], [[1.0, 0.3], [0.3, 0.8]], ROWS)
    coefficients = np.array([[1.5, 0.4, -0.8], [-1.0, -0.9, 0.6], [0.2, 1.1, 0.9]])
    group = random.integers(GROUPS, size=ROWS)
    t = coefficients[group, 0] + np.sum(coefficients[group, 1:] * r, axis=1) + 0.3 * random.normal(size=ROWS)
    return np.column_stack([t, r])


def draw_start(c, covariance_type):
    """Weights, means and covariances that leave room for all 25 iterations."""
    random = np.random.default_rng(7)
    weights = np.array([0.5, 0.3, 0.2])
    means = c[random.choice(ROWS, GROUPS, replace=False)]
    shared = np.cov(c.T, ddof=0)
    full = np.array([scale * shared for scale in (0.6, 0.9, 1.3)])
    covariances = {
        "full": full,
        "tied": shared,
        "diag": np.array([np.diag(matrix) for matrix in full]),
        "spherical": np.array([np.trace(matrix) / COLUMNS for matrix in full]),
    }[covariance_type]
    return weights, means, covariances


def as_full(covariances, covariance_type):
    """One d x d covariance per group."""
    if covariance_type == "full":
        return covariances
    if covariance_type == "tied":
        return np.repeat(covariances[None], GROUPS, axis=0)
    if covariance_type == "diag":
        return np.array([np.diag(variances) for variances in covariances])
    return np.array([variance * np.eye(COLUMNS) for variance in covariances])


def log_densities(c, weights, means, covariances):
    columns = []
    for weight, mean, covariance in zip(weights, means, covariances):
        lower = np.linalg.cholesky(covariance)
        whitened = np.linalg.solve(lower, (c - mean).T)
        normalising = -0.5 * COLUMNS * np.log(2 * np.pi) - np.sum(np.log(np.diag(lower)))
        columns.append(np.log(weight) + normalising - 0.5 * np.sum(whitened**2, axis=0))
    return np.column_stack(columns)


def e_step(c, row_weights, weights, means, covariances):
    """Responsibilities and the observed log-likelihood."""
    log_joint = log_densities(c, weights, means, covariances)
    log_marginal = logsumexp(log_joint, axis=1)
    return np.exp(log_joint - log_marginal[:, None]), np.sum(row_weights * log_marginal)


def m_step(c, row_weights, gamma, covariance_type):
    weighted = gamma * row_weights[:, None]
    sizes = weighted.sum(axis=0)
    means = weighted.T @ c / sizes[:, None]
    full = np.array([((c - m).T * w) @ (c - m) / s for m, w, s in zip(means, weighted.T, sizes)])
    covariances = {
        "full": lambda: full,
        "tied": lambda: np.einsum("k,kij->ij", sizes / sizes.sum(), full),
        "diag": lambda: np.einsum("kii->ki", full),
        "spherical": lambda: np.einsum("kii->k", full) / COLUMNS,
    }[covariance_type]()
    return sizes / sizes.sum(), means, covariances


def reference(c, row_weights, start, covariance_type, iterations):
    """Plain EM: the parameters after `iterations`, and the log-likelihood of every parameter on the way."""
    weights, means, covariances = start
    trace = []
    for _ in range(iterations):
        gamma, value = e_step(c, row_weights, weights, means, as_full(covariances, covariance_type))
        trace.append(value)
        weights, means, covariances = m_step(c, row_weights, gamma, covariance_type)
    gamma, value = e_step(c, row_weights, weights, means, as_full(covariances, covariance_type))
    return (weights, means, covariances), gamma, np.array(trace + [value])


def scikit_learn(c, start, covariance_type, iterations):
    weights, means, covariances = start
    precisions = 1 / covariances if covariance_type in ("diag", "spherical") else np.linalg.inv(covariances)
    model = GaussianMixture(
        GROUPS, covariance_type=covariance_type, reg_covar=0, tol=0, max_iter=iterations, random_state=0,
        weights_init=weights, means_init=means, precisions_init=precisions)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(c)


def scikit_learn_responsibilities(c, start, covariance_type):
    """Responsibilities of given parameters: a model that is told them instead of being fitted."""
    model = GaussianMixture(GROUPS, covariance_type=covariance_type)
    model.weights_, model.means_, model.covariances_ = start
    if covariance_type in ("diag", "spherical"):
        model.precisions_cholesky_ = 1 / np.sqrt(start[2])
    else:
        model.precisions_cholesky_ = np.linalg.inv(np.linalg.cholesky(start[2])).swapaxes(-1, -2)
    return model.predict_proba(c)


def parameters(values):
    return dict(zip(("weights", "means", "covariances"), values))


def of_type(c, row_weights, repeated, covariance_type):
    """EM on rows with weights; scikit-learn, which has none, gets each row as often as its weight says."""
    start = draw_start(c, covariance_type)
    start_gamma = scikit_learn_responsibilities(c, start, covariance_type)
    ours_gamma, _ = e_step(c, row_weights, *start[:2], as_full(start[2], covariance_type))
    assert_close(ours_gamma, start_gamma, 1e-12, f"{covariance_type}, responsibilities of the start")
    fields = {"start": parameters(start), "startResponsibilities": start_gamma}
    trace = reference(c, row_weights, start, covariance_type, ITERATIONS)[2]
    assert np.all(np.diff(trace) > 0)
    first = np.concatenate([[0], np.cumsum(row_weights)[:-1]]).astype(int)
    for iterations in (1, ITERATIONS):
        ours, ours_gamma, ours_trace = reference(c, row_weights, start, covariance_type, iterations)
        model = scikit_learn(repeated, start, covariance_type, iterations)
        theirs = (model.weights_, model.means_, model.covariances_)
        what = f"{covariance_type}, {iterations} iterations"
        for name, actual, expected in zip(("weights", "means", "covariances"), ours, theirs):
            assert_close(actual, expected, 1e-12, f"{what}, {name}")
        assert_close(ours_gamma, model.predict_proba(repeated)[first], 1e-12, f"{what}, responsibilities")
        log_likelihood = model.score(repeated) * len(repeated)
        assert_close(ours_trace[-1], log_likelihood, 1e-12, f"{what}, log-likelihood")
        assert_close(ours_trace[-2], model.lower_bound_ * len(repeated), 1e-12, f"{what}, lower bound")
        if iterations == 1:
            fields["afterOne"] = {**parameters(theirs), "logLikelihood": log_likelihood}
        else:
            fields["afterAll"] = {
                **parameters(theirs), "logLikelihood": log_likelihood, "bic": model.bic(repeated),
                "parameterCount": model._n_parameters(), "responsibilities": model.predict_proba(repeated)[first]}
    fields["logLikelihood"] = trace
    return fields


def main():
    c = draw_rows()
    row_weights = np.random.default_rng(3).integers(1, 4, size=ROWS).astype(float)
    unit = np.ones(ROWS)
    repeated = np.repeat(c, row_weights.astype(int), axis=0)
    types = {name: of_type(c, unit, c, name) for name in ("full", "tied", "diag", "spherical")}
    write("gaussian.json", {
        "columns": ["t", "r1", "r2"], "c": c, "groups": GROUPS, "iterations": ITERATIONS, **types,
        "rowWeights": row_weights, "fullWeighted": of_type(c, row_weights, repeated, "full"),
    }, ("numpy", "scikit-learn"))


if __name__ == "__main__":
    main()
