"""joint.json: EM of the control-function mixture of treatment and outcome, in plain numpy.

Model, with rho = (1, x1, x2) and phi = (rho, x1^2, x1 x2, x2^2, t^2, t), in the order of the columns given:
t | x, k ~ N(beta_k' rho, sigma_k^2), V_k = t - beta_k' rho; y | t, x, k ~ N(phi' b + delta_k + kappa_k V_k, tau_k^2).
One iteration is one E step and then, in turn, (b, kappa, delta), tau, beta, sigma and the shares, each given the latest
of the others. `logLikelihood[i]` belongs to the parameters after i iterations (i = 0: the start). delta is 0 in the
section `unweighted` and free (0 for the first group) in `weighted`.
The least squares are done on weighted rows, not on Gram matrices. The script checks that the likelihood never falls, and
that the gradient, by complex steps through the likelihood alone, is zero at the converged parameters. `covariance` is
the sandwich of (b, kappa) there: scores of rows by complex steps, information by differences of them. `shifts` and
`slopes` are the score tests of groups but the first moving y by a constant and by a linear function of rho, in the model
without: from the same scores and differences, the parameters tested in turn with the others.
"""

import numpy as np
from fixture import write

ROWS, GROUPS, ITERATIONS = 500, 3, 25
CONVERGED = 1e-12


def draw_rows():
    random = np.random.default_rng(21)
    x = random.multivariate_normal([0.0, 0.0], [[1.0, 0.3], [0.3, 1.0]], ROWS)
    beta = np.array([[0.3, 1.1, -0.8], [-0.2, -0.9, 0.7], [0.0, 0.4, 1.2]])
    group = random.choice(GROUPS, ROWS, p=[0.45, 0.3, 0.25])
    confounder = random.normal(size=ROWS)
    t = beta[group, 0] + np.sum(beta[group, 1:] * x, axis=1) + 0.3 * confounder + 0.2 * random.normal(size=ROWS)
    smooth = 0.3 * x[:, 0] - 0.2 * x[:, 1] + 0.4 * x[:, 0] * x[:, 1] - 0.1 * x[:, 1] ** 2
    y = -0.6 * t + 0.25 * t**2 + smooth + 0.5 * confounder + 0.1 * random.normal(size=ROWS)
    return x, t, y


START = {
    "outcome": np.array([0.1, 0.2, 0.0, 0.1, 0.2, 0.0, 0.2, -0.4]), "kappa": np.array([0.5, 0.8, 1.0]),
    "delta": np.zeros(GROUPS), "tau": np.array([0.5, 0.4, 0.6]),
    "selection": np.array([[0.1, 0.8, -0.4], [0.0, -0.5, 0.4], [0.1, 0.2, 0.7]]), "sigma": np.array([0.5, 0.4, 0.6]),
    "weights": np.array([0.4, 0.3, 0.3])}


def columns(x, t):
    rho = np.column_stack([np.ones(len(t)), x])
    return rho, np.column_stack([rho, x[:, 0] ** 2, x[:, 0] * x[:, 1], x[:, 1] ** 2, t**2, t])


def log_densities(model, rho, phi, t, y):
    """log pi_k + log density of (t, y), rows x groups; analytic in every parameter."""
    v = t[:, None] - rho @ model["selection"].T
    e = y[:, None] - (phi @ model["outcome"])[:, None] - model["delta"] - model["kappa"] * v
    if "lean" in model:
        e = e - rho @ model["lean"].T
    return (
        np.log(model["weights"]) - np.log(2 * np.pi) - np.log(model["sigma"]) - np.log(model["tau"])
        - v**2 / (2 * model["sigma"] ** 2) - e**2 / (2 * model["tau"] ** 2))


def row_likelihoods(logs):
    largest = logs.real.max(axis=1, keepdims=True)
    return largest[:, 0] + np.log(np.exp(logs - largest).sum(axis=1))


def m_step(model, gamma, rho, phi, t, y, free):
    q, sizes = phi.shape[1], gamma.sum(axis=0)
    v = t[:, None] - rho @ model["selection"].T
    stacked, response = [], []
    for k in range(GROUPS):
        block = np.zeros((len(t), q + 2 * GROUPS - 1))
        block[:, :q], block[:, q + k] = phi, v[:, k]
        if k > 0:
            block[:, q + GROUPS + k - 1] = 1
        root = np.sqrt(gamma[:, k]) / model["tau"][k]
        stacked.append(root[:, None] * block)
        response.append(root * y)
    stacked = np.concatenate(stacked)[:, : q + GROUPS + (GROUPS - 1 if free else 0)]
    solution = np.linalg.lstsq(stacked, np.concatenate(response), rcond=None)[0]
    new = dict(model, outcome=solution[:q], kappa=solution[q : q + GROUPS])
    new["delta"] = np.concatenate([[0.0], solution[q + GROUPS :]]) if free else np.zeros(GROUPS)
    rest = y[:, None] - (phi @ new["outcome"])[:, None] - new["delta"]
    new["tau"] = np.sqrt(np.sum(gamma * (rest - new["kappa"] * v) ** 2, axis=0) / sizes)
    selection = []
    for k in range(GROUPS):
        # Both residuals are linear in beta: t - rho'beta, and (y - phi'b - delta - kappa t) + kappa rho'beta.
        first, second = np.sqrt(gamma[:, k]) / model["sigma"][k], np.sqrt(gamma[:, k]) / new["tau"][k]
        left = np.concatenate([first[:, None] * rho, -new["kappa"][k] * second[:, None] * rho])
        right = np.concatenate([first * t, second * (rest[:, k] - new["kappa"][k] * t)])
        selection.append(np.linalg.lstsq(left, right, rcond=None)[0])
    new["selection"] = np.array(selection)
    v = t[:, None] - rho @ new["selection"].T
    new["sigma"] = np.sqrt(np.sum(gamma * v**2, axis=0) / sizes)
    new["weights"] = sizes / sizes.sum()
    return new


def em(rows, row_weights, start, iterations, free):
    model, trace = start, []
    for _ in range(iterations):
        logs = log_densities(model, *rows)
        likelihoods = row_likelihoods(logs)
        trace.append(np.sum(row_weights * likelihoods))
        gamma = np.exp(logs - likelihoods[:, None]) * row_weights[:, None]
        previous, model = model, m_step(model, gamma, *rows, free)
        if max(np.max(np.abs(model[name] - previous[name])) for name in model) <= CONVERGED:
            break
    logs = log_densities(model, *rows)
    likelihoods = row_likelihoods(logs)
    return model, np.array(trace + [np.sum(row_weights * likelihoods)]), np.exp(logs - likelihoods[:, None])


def pack(model, free):
    return np.concatenate([
        model["outcome"], model["kappa"], model["delta"][1:] if free else [], np.log(model["tau"]),
        model["selection"].ravel(), np.log(model["sigma"]), np.log(model["weights"][1:] / model["weights"][0])])


def unpack(vector, q, r, free):
    sizes = [q, GROUPS, GROUPS - 1 if free else 0, GROUPS, GROUPS * r, GROUPS, GROUPS - 1]
    b, kappa, delta, tau, selection, sigma, ratios, lean = np.split(vector, np.cumsum(sizes))
    shares = np.exp(np.concatenate([[0.0], ratios]))
    return {
        "outcome": b, "kappa": kappa, "delta": np.concatenate([[0.0], delta]) if free else np.zeros(GROUPS),
        "tau": np.exp(tau), "selection": selection.reshape(GROUPS, r), "sigma": np.exp(sigma),
        "weights": shares / shares.sum(),
        # What groups but the first move y by: functions of the first columns of rho; none unless appended.
        "lean": np.concatenate([np.zeros((1, r)), padded(lean.reshape(GROUPS - 1, -1), r)])}


def padded(matrix, columns):
    return np.concatenate([matrix, np.zeros((len(matrix), columns - matrix.shape[1]))], axis=1)


def row_scores(vector, rows, free):
    """d log-likelihood of each row, by complex steps: exact to rounding."""
    q, r = rows[1].shape[1], rows[0].shape[1]
    step = 1e-30
    scores = []
    for direction in np.eye(len(vector)):
        moved = unpack(vector + 1j * step * direction, q, r, free)
        scores.append(row_likelihoods(log_densities(moved, *rows)).imag / step)
    return np.array(scores).T


def sandwich(model, rows, row_weights, free):
    vector = pack(model, free)
    scores = row_scores(vector, rows, free)
    gradient = row_weights @ scores
    assert np.max(np.abs(gradient)) < 1e-6, "the converged parameters are no maximum"
    step, information = 1e-5, []
    for direction in np.eye(len(vector)):
        above = row_weights @ row_scores(vector + step * direction, rows, free)
        below = row_weights @ row_scores(vector - step * direction, rows, free)
        information.append((below - above) / (2 * step))
    inverse = np.linalg.inv((np.array(information) + np.array(information).T) / 2)
    covariance = inverse @ ((row_weights[:, None] * scores).T @ (row_weights[:, None] * scores)) @ inverse
    count = len(model["outcome"]) + GROUPS
    return covariance[:count, :count], gradient


def score_test(model, rows, row_weights, columns):
    """Of the columns of lean, at the maximum without them.

    On all columns of rho, lean_k = c (beta_k - beta_0) is another linear effect of t: the entry with most of it stays 0.
    """
    own = len(pack(model, False))
    vector = np.concatenate([pack(model, False), np.zeros((GROUPS - 1) * columns)])
    scores = row_scores(vector, rows, False)
    step = 1e-5
    information = -np.array([
        row_weights @ (row_scores(vector + step * direction, rows, False)
                       - row_scores(vector - step * direction, rows, False)) / (2 * step)
        for direction in np.eye(len(vector))])
    tested = np.arange(own, len(vector))
    if columns == rows[0].shape[1]:
        tested = np.delete(tested, np.argmax(np.abs(model["selection"][1:] - model["selection"][0])))
    projection = np.linalg.solve(information[:own, :own], information[:own][:, tested]).T
    effective = row_weights[:, None] * (scores[:, tested] - scores[:, :own] @ projection.T)
    total = effective.sum(axis=0)
    return {"statistic": total @ np.linalg.solve(effective.T @ effective, total), "degreesOfFreedom": len(tested)}


def section(rows, row_weights, free):
    one, _, _ = em(rows, row_weights, START, 1, free)
    many, trace, gamma = em(rows, row_weights, START, ITERATIONS, free)
    converged, whole, _ = em(rows, row_weights, START, 100_000, free)
    assert np.all(np.diff(whole) > -1e-10), "the likelihood fell"
    covariance, _ = sandwich(converged, rows, row_weights, free)
    return {
        "afterOne": one, "afterMany": {**many, "responsibilities": gamma}, "logLikelihood": trace,
        "converged": {**converged, "logLikelihood": whole[-1]}, "covariance": covariance}


def main():
    x, t, y = draw_rows()
    rows = (*columns(x, t), t, y)
    row_weights = np.random.default_rng(22).uniform(0.25, 2.0, size=ROWS)
    unweighted = section(rows, np.ones(ROWS), False)
    write("joint.json", {
        "x": x, "t": t, "y": y, "groups": GROUPS, "start": START,
        "unweighted": unweighted,
        "shifts": score_test(unweighted["converged"], rows, np.ones(ROWS), 1),
        "slopes": score_test(unweighted["converged"], rows, np.ones(ROWS), rows[0].shape[1]),
        "rowWeights": row_weights, "weighted": section(rows, row_weights, True)})


if __name__ == "__main__":
    main()
