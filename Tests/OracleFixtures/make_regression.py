"""regression.json: EM of a mixture of linear regressions of t on (1, r1, r2), in plain numpy.

Model: t | r, k ~ N(beta_k' (1, r), sigma_k^2), with probability pi_k. One iteration is one E step with the current
parameters, then one M step; `logLikelihood[i]` belongs to the parameters after i iterations (i = 0: the start).
The script checks the reference against itself by three routes that share no formula: the likelihood never falls, the
converged parameters zero the numerical gradient of the likelihood, and integer row weights equal repeated rows.
make_flexmix.R and make_flexmix.py check it against another program.
"""

import numpy as np
from fixture import assert_close, write
from scipy.special import logsumexp, xlogy

ROWS, GROUPS, ITERATIONS = 300, 3, 25
CONVERGED = 1e-14


def draw_rows():
    random = np.random.default_rng(16)
    r = random.multivariate_normal([0.0, 0.5], [[1.0, -0.2], [-0.2, 1.2]], ROWS)
    beta = np.array([[0.5, 1.2, -0.7], [-0.4, -0.8, 0.9], [0.1, 0.6, 1.3]])
    sigma = np.array([0.2, 0.3, 0.4])
    group = random.choice(GROUPS, ROWS, p=[0.5, 0.3, 0.2])
    t = beta[group, 0] + np.sum(beta[group, 1:] * r, axis=1) + sigma[group] * random.normal(size=ROWS)
    return r, t


START = {
    "weights": np.array([0.3, 0.4, 0.3]),
    "coefficients": np.array([[0.0, 0.9, -0.2], [0.2, -0.5, 0.4], [0.0, 0.3, 0.8]]),
    "sigma": np.array([0.6, 0.8, 0.7]),
}


def e_step(features, t, row_weights, model):
    """Responsibilities and the observed log-likelihood."""
    residuals = (t[:, None] - features @ model["coefficients"].T) / model["sigma"]
    log_joint = np.log(model["weights"]) - np.log(model["sigma"]) - 0.5 * np.log(2 * np.pi) - 0.5 * residuals**2
    log_marginal = logsumexp(log_joint, axis=1)
    return np.exp(log_joint - log_marginal[:, None]), np.sum(row_weights * log_marginal)


def m_step(features, t, row_weights, gamma, variance_factor=1.0):
    """Weighted least squares per group; sigma_k^2 = weighted mean squared residual x `variance_factor`."""
    weighted = gamma * row_weights[:, None]
    sizes = weighted.sum(axis=0)
    coefficients, variances = [], []
    for column, size in zip(weighted.T, sizes):
        root = np.sqrt(column)
        beta = np.linalg.lstsq(features * root[:, None], t * root, rcond=None)[0]
        coefficients.append(beta)
        variances.append(variance_factor * np.sum(column * (t - features @ beta) ** 2) / size)
    return {"weights": sizes / sizes.sum(), "coefficients": np.array(coefficients), "sigma": np.sqrt(variances)}


def em(features, t, row_weights, start, iterations, variance_factor=1.0):
    """The parameters after `iterations` and the log-likelihood of all parameters on the way."""
    model, trace = start, []
    for _ in range(iterations):
        gamma, value = e_step(features, t, row_weights, model)
        trace.append(value)
        previous, model = model, m_step(features, t, row_weights, gamma, variance_factor)
        if max(np.max(np.abs(model[name] - previous[name])) for name in model) <= CONVERGED:
            break
    trace.append(e_step(features, t, row_weights, model)[1])
    return model, np.array(trace)


def log_likelihood_of(vector, features, t, row_weights):
    """The log-likelihood as a function of (log pi, beta, log sigma), pi normalised."""
    logits, coefficients, log_sigma = np.split(vector, [GROUPS, GROUPS + GROUPS * features.shape[1]])
    model = {
        "weights": np.exp(logits - logsumexp(logits)), "coefficients": coefficients.reshape(GROUPS, -1),
        "sigma": np.exp(log_sigma)}
    return e_step(features, t, row_weights, model)[1]


def assert_stationary(model, features, t, row_weights):
    vector = np.concatenate([np.log(model["weights"]), model["coefficients"].ravel(), np.log(model["sigma"])])
    step = 1e-5
    for direction in np.eye(len(vector)):
        above = log_likelihood_of(vector + step * direction, features, t, row_weights)
        below = log_likelihood_of(vector - step * direction, features, t, row_weights)
        assert abs(above - below) / (2 * step) < 1e-5, "the converged parameters are no maximum"


def criteria(gamma, log_likelihood, row_weights, coefficient_count):
    """BIC with one sigma per group and n = total row weight; ICL = BIC + 2 entropy."""
    parameter_count = GROUPS * (coefficient_count + 1) + GROUPS - 1
    bic = parameter_count * np.log(np.sum(row_weights)) - 2 * log_likelihood
    entropy = -np.sum(row_weights * xlogy(gamma, gamma).sum(axis=1))
    return {"parameterCount": parameter_count, "bic": bic, "entropy": entropy, "icl": bic + 2 * entropy}


def after(features, t, row_weights, iterations):
    model, trace = em(features, t, row_weights, START, iterations)
    gamma, _ = e_step(features, t, row_weights, model)
    return {
        **model, "iterations": len(trace) - 1, "logLikelihood": trace[-1],
        **criteria(gamma, trace[-1], row_weights, features.shape[1]), "responsibilities": gamma}, trace


def without_responsibilities(fields):
    return {name: value for name, value in fields.items() if name != "responsibilities"}


def fits(features, t, row_weights):
    converged, trace = after(features, t, row_weights, 100_000)
    assert np.all(np.diff(trace) > -1e-11), "the likelihood fell"
    assert_stationary(converged, features, t, row_weights)
    return {
        "afterOne": without_responsibilities(after(features, t, row_weights, 1)[0]),
        "afterMany": after(features, t, row_weights, ITERATIONS)[0],
        "converged": converged, "logLikelihood": trace[: ITERATIONS + 1]}


def assert_weights_repeat_rows(features, t):
    counts = np.random.default_rng(5).integers(1, 4, size=ROWS)
    repeated = np.repeat(np.arange(ROWS), counts)
    ours, ours_trace = em(features, t, counts.astype(float), START, ITERATIONS)
    theirs, theirs_trace = em(features[repeated], t[repeated], np.ones(len(repeated)), START, ITERATIONS)
    assert_close(ours_trace, theirs_trace, 1e-12, "weights against repeated rows, log-likelihood")
    for name in ours:
        assert_close(ours[name], theirs[name], 1e-12, f"weights against repeated rows, {name}")


def main():
    r, t = draw_rows()
    features = np.column_stack([np.ones(ROWS), r])
    assert_weights_repeat_rows(features, t)
    row_weights = np.random.default_rng(4).uniform(0.25, 2.0, size=ROWS)
    write("regression.json", {
        "covariates": ["r1", "r2"], "r": r, "t": t, "groups": GROUPS, "start": START,
        "startResponsibilities": e_step(features, t, np.ones(ROWS), START)[0],
        "unweighted": fits(features, t, np.ones(ROWS)),
        "rowWeights": row_weights, "weighted": fits(features, t, row_weights),
    }, ("numpy", "scipy"))


if __name__ == "__main__":
    main()
