"""joint_interacted.json: the control-function mixture whose coefficient of V depends on the row, in plain numpy.

Model, with rho, phi as in make_joint.py and C = (x1, x2, t): t | x, k ~ N(beta_k' rho, sigma_k^2), V_k = t - beta_k' rho;
y | t, x, k ~ N(phi' b + (kappa_k + lambda' C) V_k, tau_k^2).
One iteration is one E step and then, in turn, (b, lambda, kappa), tau, beta, sigma and the shares, each given the latest
of the others, by least squares on weighted rows. `covariance` is the sandwich of (b, lambda, kappa) at the converged
parameters and `clusteredCovariance` that with scores summed by cluster: scores of rows by complex steps, information by
differences of them. `tests` are the score tests of lambda = 0 at `plain`, the maximum without it, of the columns x, of t
and of both, and `clusteredTests` those with scores summed by cluster; `clusteredShifts` is that of groups moving y by
constants, and `clusteredPlainCovariance` the sandwich of (b, kappa) there.
The script checks that the likelihood never falls, and that the gradient is zero at the converged parameters.
"""

import numpy as np
from fixture import write
from make_joint import GROUPS, START, columns, row_likelihoods

ROWS, ITERATIONS, CLUSTERS = 500, 25, 50
CONVERGED = 1e-12


def draw_rows():
    """Rows of 50 clusters; the confounder moves y by more where x1 and t are large."""
    random = np.random.default_rng(31)
    cluster = random.integers(CLUSTERS, size=ROWS)
    common = random.normal(size=(CLUSTERS, 2))[cluster]
    x = 0.8 * random.multivariate_normal([0.0, 0.0], [[1.0, 0.3], [0.3, 1.0]], ROWS) + 0.6 * common
    beta = np.array([[0.3, 1.1, -0.8], [-0.2, -0.9, 0.7], [0.0, 0.4, 1.2]])
    group = random.choice(GROUPS, ROWS, p=[0.45, 0.3, 0.25])
    confounder = random.normal(size=ROWS)
    t = beta[group, 0] + np.sum(beta[group, 1:] * x, axis=1) + 0.4 * confounder + 0.2 * random.normal(size=ROWS)
    smooth = 0.3 * x[:, 0] - 0.2 * x[:, 1] + 0.4 * x[:, 0] * x[:, 1] - 0.1 * x[:, 1] ** 2
    strength = 0.6 + 0.3 * x[:, 0] + 0.2 * t
    return x, t, -0.6 * t + 0.25 * t**2 + smooth + strength * confounder + 0.1 * random.normal(size=ROWS), cluster


def log_densities(model, rho, phi, t, y):
    v = t[:, None] - rho @ model["selection"].T
    varying = np.column_stack([rho[:, 1:], t])
    strength = model["kappa"] + (varying @ model["lambda"])[:, None]
    e = y[:, None] - (phi @ model["outcome"])[:, None] - model["delta"] - strength * v
    return (np.log(model["weights"]) - np.log(2 * np.pi) - np.log(model["sigma"]) - np.log(model["tau"])
            - v**2 / (2 * model["sigma"] ** 2) - e**2 / (2 * model["tau"] ** 2))


def m_step(model, gamma, rho, phi, t, y, interacted):
    q, sizes, c = phi.shape[1], gamma.sum(axis=0), np.column_stack([rho[:, 1:], t])
    p = c.shape[1] if interacted else 0
    v = t[:, None] - rho @ model["selection"].T
    stacked, response = [], []
    for k in range(GROUPS):
        block = np.zeros((len(t), q + p + GROUPS))
        block[:, :q], block[:, q + p + k] = phi, v[:, k]
        if interacted:
            block[:, q : q + p] = v[:, k : k + 1] * c
        root = np.sqrt(gamma[:, k]) / model["tau"][k]
        stacked.append(root[:, None] * block)
        response.append(root * y)
    solution = np.linalg.lstsq(np.concatenate(stacked), np.concatenate(response), rcond=None)[0]
    new = dict(model, outcome=solution[:q], kappa=solution[q + p :])
    if interacted:
        new["lambda"] = solution[q : q + p]
    rest = y - phi @ new["outcome"]
    strength = new["kappa"] + (c @ new["lambda"])[:, None]
    new["tau"] = np.sqrt(np.sum(gamma * (rest[:, None] - strength * v) ** 2, axis=0) / sizes)
    selection = []
    for k in range(GROUPS):
        # Both residuals are linear in beta: t - rho'beta, and (rest - D t) + D rho'beta.
        first, second = np.sqrt(gamma[:, k]) / model["sigma"][k], np.sqrt(gamma[:, k]) / new["tau"][k]
        pull = strength[:, k]
        left = np.concatenate([first[:, None] * rho, -(pull * second)[:, None] * rho])
        right = np.concatenate([first * t, second * (rest - pull * t)])
        selection.append(np.linalg.lstsq(left, right, rcond=None)[0])
    new["selection"] = np.array(selection)
    v = t[:, None] - rho @ new["selection"].T
    new["sigma"] = np.sqrt(np.sum(gamma * v**2, axis=0) / sizes)
    new["weights"] = sizes / sizes.sum()
    return new


def em(rows, row_weights, model, iterations, interacted):
    trace = []
    for _ in range(iterations):
        logs = log_densities(model, *rows)
        likelihoods = row_likelihoods(logs)
        trace.append(np.sum(row_weights * likelihoods))
        gamma = np.exp(logs - likelihoods[:, None]) * row_weights[:, None]
        previous, model = model, m_step(model, gamma, *rows, interacted)
        if max(np.max(np.abs(model[name] - previous[name])) for name in model) <= CONVERGED:
            break
    likelihoods = row_likelihoods(log_densities(model, *rows))
    return model, np.array(trace + [np.sum(row_weights * likelihoods)])


NAMES = ["outcome", "lambda", "kappa", "delta", "tau", "selection", "sigma", "weights"]


def pack(model):
    return np.concatenate([
        model["outcome"], model["lambda"], model["kappa"], model["delta"][1:], np.log(model["tau"]),
        model["selection"].ravel(), np.log(model["sigma"]), np.log(model["weights"][1:] / model["weights"][0])])


def unpack(vector, q, r):
    sizes = [q, r, GROUPS, GROUPS - 1, GROUPS, GROUPS * r, GROUPS]
    b, interaction, kappa, delta, tau, selection, sigma, ratios = np.split(vector, np.cumsum(sizes))
    shares = np.exp(np.concatenate([[0.0], ratios]))
    return dict(zip(NAMES, [
        b, interaction, kappa, np.concatenate([[0.0], delta]), np.exp(tau), selection.reshape(GROUPS, r), np.exp(sigma),
        shares / shares.sum()]))


def row_scores(vector, rows):
    """d log-likelihood of each row, by complex steps: exact to rounding."""
    q, r, step = rows[1].shape[1], rows[0].shape[1], 1e-30
    return np.array([
        row_likelihoods(log_densities(unpack(vector + 1j * step * direction, q, r), *rows)).imag / step
        for direction in np.eye(len(vector))]).T


def information(vector, rows, row_weights, step=1e-5):
    rises = [row_weights @ (row_scores(vector - step * direction, rows) - row_scores(vector + step * direction, rows))
             for direction in np.eye(len(vector))]
    result = np.array(rises) / (2 * step)
    return (result + result.T) / 2


def summed(scores, cluster):
    return scores if cluster is None else np.array([scores[cluster == g].sum(axis=0) for g in np.unique(cluster)])


def sandwich(model, free, rows, row_weights, cluster=None):
    """Of the parameters at places `free`, in their order."""
    vector = pack(model)
    scores = row_weights[:, None] * row_scores(vector, rows)[:, free]
    assert np.max(np.abs(scores.sum(axis=0))) < 1e-6, "the converged parameters are no maximum"
    inverse = np.linalg.inv(information(vector, rows, row_weights)[np.ix_(free, free)])
    scores = summed(scores, cluster)
    return inverse @ (scores.T @ scores) @ inverse


def score_test(model, own, tested, rows, row_weights, cluster=None):
    vector = pack(model)
    scores, matrix = row_weights[:, None] * row_scores(vector, rows), information(vector, rows, row_weights)
    projection = np.linalg.solve(matrix[np.ix_(own, own)], matrix[np.ix_(own, tested)]).T
    effective = summed(scores[:, tested] - scores[:, own] @ projection.T, cluster)
    total = effective.sum(axis=0)
    return {"statistic": total @ np.linalg.solve(effective.T @ effective, total), "degreesOfFreedom": len(tested)}


def main():
    x, t, y, cluster = draw_rows()
    rows = (*columns(x, t), t, y)
    row_weights = np.random.default_rng(32).uniform(0.25, 2.0, size=ROWS)
    q, r = rows[1].shape[1], rows[0].shape[1]
    start = dict(START, **{"lambda": np.array([0.1, -0.1, 0.05])})
    one, _ = em(rows, row_weights, start, 1, True)
    many, trace = em(rows, row_weights, start, ITERATIONS, True)
    converged, whole = em(rows, row_weights, start, 100_000, True)
    assert np.all(np.diff(whole) > -1e-10), "the likelihood fell"
    plain, _ = em(rows, row_weights, dict(START, **{"lambda": np.zeros(r)}), 100_000, False)
    places = np.arange(len(pack(converged)))
    shifts = np.arange(q + r + GROUPS, q + r + 2 * GROUPS - 1)
    interactions = np.arange(q, q + r)
    free = np.setdiff1d(places, shifts)
    own = np.setdiff1d(free, interactions)
    blocks = [interactions[: r - 1], interactions[r - 1 :], interactions]
    effects = q + r + GROUPS
    write("joint_interacted.json", {
        "x": x, "t": t, "y": y, "cluster": cluster, "rowWeights": row_weights, "start": start, "afterOne": one,
        "afterMany": many, "logLikelihood": trace, "converged": {**converged, "logLikelihood": whole[-1]}, "plain": plain,
        "covariance": sandwich(converged, free, rows, row_weights)[:effects, :effects],
        "clusteredCovariance": sandwich(converged, free, rows, row_weights, cluster)[:effects, :effects],
        "clusteredPlainCovariance": sandwich(plain, own, rows, row_weights, cluster)[: q + GROUPS, : q + GROUPS],
        "tests": [score_test(plain, own, block, rows, row_weights) for block in blocks],
        "clusteredTests": [score_test(plain, own, block, rows, row_weights, cluster) for block in blocks],
        "clusteredShifts": score_test(plain, own, shifts, rows, row_weights, cluster)})


if __name__ == "__main__":
    main()
