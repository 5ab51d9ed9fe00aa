"""joint.json: EM of the control-function mixture of treatment and outcome, in plain numpy.

Model, with rho = (1, x1, x2) and phi = (rho, x1^2, x1 x2, x2^2, t^2, t), in the order of the columns given:
t | x, k ~ N(beta_k' rho, sigma_k^2), V_k = t - beta_k' rho;
y | t, x, k ~ N(phi' b + delta_k + kappa_k V_k + bend_k (V_k^2 - sigma_k^2), tau_k^2).
One iteration is one E step and then, in turn, (b, kappa, bend, delta), tau, beta, sigma and the shares, each given the
latest of the others. `logLikelihood[i]` belongs to the parameters after i iterations (i = 0: the start). delta is 0 in
the section `unweighted` and free (0 for the first group) in `weighted`; there are no bends there.
The section `extended`, on rows of its own, has bends, and shares exp(omega_k' rho) / sum_j exp(omega_j' rho). beta then
takes a step of Gauss and Newton, sigma^2 is a root of its cubic, and omega the step to the top of the parabola of Böhning
and Lindsay, here with the bound's whole matrix. `powers` are, at the start of that section, the sums over rows of
gamma_k V_k^p c c' for p = 1, 2 and of pi_k(rho) rho rho'.
The least squares are done on weighted rows, not on Gram matrices. The script checks that the likelihood never falls, and
that the gradient, by complex steps through the likelihood alone, is zero at the converged parameters. `covariance` is
the sandwich of (b, kappa, bend) there, `shareCovariance` that of the omega_k or log pi_k / pi_0, k = 1 ...: scores of
rows by complex steps, information by differences of them. `bends` and `concomitants` are the score tests of bends and
of the omega_k but for their constants being 0, at the converged parameters of `unweighted`; `shifts` and
`slopes` are the score tests of groups but the first moving y by a constant and by a linear function of rho, in the model
without: from the same scores and differences, the parameters tested in turn with the others. `shiftResponses` are the
derivatives of b in delta_k, k = 1 ..., by differences of maxima with delta held.
"""

import numpy as np
from fixture import write

ROWS, GROUPS, ITERATIONS = 500, 3, 25
CONVERGED = 1e-12
SHIFT = 1e-4


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


def draw_extended_rows():
    """The group depends on x, and the confounder moves y by a parabola."""
    random = np.random.default_rng(23)
    x = random.multivariate_normal([0.0, 0.0], [[1.0, 0.3], [0.3, 1.0]], ROWS)
    beta = np.array([[0.3, 1.1, -0.8], [-0.2, -0.9, 0.7], [0.0, 0.4, 1.2]])
    omega = np.array([[0.0, 0.0, 0.0], [-0.3, 0.8, -0.4], [-0.2, -0.5, 0.9]])
    logits = omega[:, 0] + x @ omega[:, 1:].T + random.gumbel(size=(ROWS, GROUPS))
    group = np.argmax(logits, axis=1)
    confounder = random.normal(size=ROWS)
    t = beta[group, 0] + np.sum(beta[group, 1:] * x, axis=1) + 0.4 * confounder + 0.2 * random.normal(size=ROWS)
    smooth = 0.3 * x[:, 0] - 0.2 * x[:, 1] + 0.4 * x[:, 0] * x[:, 1] - 0.1 * x[:, 1] ** 2
    bent = 0.5 * confounder + 0.3 * (confounder**2 - 1)
    return x, t, -0.6 * t + 0.25 * t**2 + smooth + bent + 0.1 * random.normal(size=ROWS)


START = {
    "outcome": np.array([0.1, 0.2, 0.0, 0.1, 0.2, 0.0, 0.2, -0.4]), "kappa": np.array([0.5, 0.8, 1.0]),
    "delta": np.zeros(GROUPS), "tau": np.array([0.5, 0.4, 0.6]),
    "selection": np.array([[0.1, 0.8, -0.4], [0.0, -0.5, 0.4], [0.1, 0.2, 0.7]]), "sigma": np.array([0.5, 0.4, 0.6]),
    "weights": np.array([0.4, 0.3, 0.3])}
EXTENDED_START = {
    **START, "bend": np.array([0.1, -0.2, 0.3]), "omega": np.array([[0, 0, 0], [-0.3, 0.2, 0.1], [-0.3, -0.2, 0.3]])}


def columns(x, t):
    rho = np.column_stack([np.ones(len(t)), x])
    return rho, np.column_stack([rho, x[:, 0] ** 2, x[:, 0] * x[:, 1], x[:, 1] ** 2, t**2, t])


def log_densities(model, rho, phi, t, y):
    """log pi_k + log density of (t, y), rows x groups; analytic in every parameter."""
    v = t[:, None] - rho @ model["selection"].T
    e = y[:, None] - (phi @ model["outcome"])[:, None] - model["delta"] - model["kappa"] * v
    if "bend" in model:
        e = e - model["bend"] * (v**2 - model["sigma"] ** 2)
    if "lean" in model:
        e = e - rho @ model["lean"].T
    return (
        log_shares(model, rho) - np.log(2 * np.pi) - np.log(model["sigma"]) - np.log(model["tau"])
        - v**2 / (2 * model["sigma"] ** 2) - e**2 / (2 * model["tau"] ** 2))


def log_shares(model, rho):
    if "omega" not in model:
        return np.log(model["weights"])
    logits = rho @ model["omega"].T
    return logits - row_likelihoods(logits)[:, None]


def row_likelihoods(logs):
    largest = logs.real.max(axis=1, keepdims=True)
    return largest[:, 0] + np.log(np.exp(logs - largest).sum(axis=1))


def extended_m_step(model, gamma, row_weights, rho, phi, t, y):
    q, sizes, r = phi.shape[1], gamma.sum(axis=0), rho.shape[1]
    v = t[:, None] - rho @ model["selection"].T
    stacked, response = [], []
    for k in range(GROUPS):
        block = np.zeros((len(t), q + 2 * GROUPS))
        block[:, :q], block[:, q + k] = phi, v[:, k]
        block[:, q + GROUPS + k] = v[:, k] ** 2 - model["sigma"][k] ** 2
        root = np.sqrt(gamma[:, k]) / model["tau"][k]
        stacked.append(root[:, None] * block)
        response.append(root * y)
    solution = np.linalg.lstsq(np.concatenate(stacked), np.concatenate(response), rcond=None)[0]
    new = dict(model, outcome=solution[:q], kappa=solution[q : q + GROUPS], bend=solution[q + GROUPS :])
    rest = y[:, None] - (phi @ new["outcome"])[:, None]
    error = rest - new["kappa"] * v - new["bend"] * (v**2 - model["sigma"] ** 2)
    new["tau"] = np.sqrt(np.sum(gamma * error**2, axis=0) / sizes)
    selection, sigma = [], []
    for k in range(GROUPS):
        # A step of Gauss and Newton: the residuals V/sigma and e/tau linear in beta about the present one.
        pull = new["kappa"][k] + 2 * new["bend"][k] * v[:, k]
        root = np.sqrt(gamma[:, k])
        left = np.concatenate([
            (root / model["sigma"][k])[:, None] * rho, -(root * pull / new["tau"][k])[:, None] * rho])
        right = np.concatenate([root * v[:, k] / model["sigma"][k], root * error[:, k] / new["tau"][k]])
        selection.append(model["selection"][k] + np.linalg.lstsq(left, right, rcond=None)[0])
        moved = t - rho @ selection[k]
        # -2 x the expected log-likelihood in s = sigma^2: N log s + S / s + sum gamma (a + bend s)^2 / tau^2.
        a = rest[:, 0] - new["kappa"][k] * moved - new["bend"][k] * moved**2
        bend, squares = new["bend"][k], np.sum(gamma[:, k] * moved**2)
        cubic = [2 * bend**2 * sizes[k] / new["tau"][k] ** 2, 2 * bend * np.sum(gamma[:, k] * a) / new["tau"][k] ** 2,
                 sizes[k], -squares]
        roots = np.roots(cubic)
        roots = roots[(np.abs(roots.imag) < 1e-12) & (roots.real > 0)].real
        assert len(roots) == 1
        sigma.append(np.sqrt(roots[0]))
    new["selection"], new["sigma"] = np.array(selection), np.array(sigma)
    shares = np.exp(log_shares(model, rho))
    gradient = ((gamma - row_weights[:, None] * shares).T @ rho)[1:].ravel()
    bound = 0.5 * np.kron(np.eye(GROUPS - 1) - 1 / GROUPS, (row_weights[:, None] * rho).T @ rho)
    new["omega"] = model["omega"] + np.concatenate(
        [np.zeros((1, r)), np.linalg.solve(bound, gradient).reshape(GROUPS - 1, r)])
    new["weights"] = sizes / sizes.sum()
    return new


def m_step(model, gamma, row_weights, rho, phi, t, y, free):
    if "bend" in model:
        return extended_m_step(model, gamma, row_weights, rho, phi, t, y)
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
        response.append(root * (y if free else y - model["delta"][k]))
    stacked = np.concatenate(stacked)[:, : q + GROUPS + (GROUPS - 1 if free else 0)]
    solution = np.linalg.lstsq(stacked, np.concatenate(response), rcond=None)[0]
    new = dict(model, outcome=solution[:q], kappa=solution[q : q + GROUPS])
    new["delta"] = np.concatenate([[0.0], solution[q + GROUPS :]]) if free else model["delta"]
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
        previous, model = model, m_step(model, gamma, row_weights, *rows, free)
        if max(np.max(np.abs(model[name] - previous[name])) for name in model) <= CONVERGED:
            break
    logs = log_densities(model, *rows)
    likelihoods = row_likelihoods(logs)
    return model, np.array(trace + [np.sum(row_weights * likelihoods)]), np.exp(logs - likelihoods[:, None])


def pack(model, free):
    return np.concatenate([
        model["outcome"], model["kappa"], model.get("bend", []), model["delta"][1:] if free else [],
        np.log(model["tau"]), model["selection"].ravel(), np.log(model["sigma"]),
        model["omega"][1:].ravel() if "omega" in model else np.log(model["weights"][1:] / model["weights"][0])])


def unpack(vector, q, r, free, extended):
    sizes = [q, GROUPS, GROUPS if extended else 0, GROUPS - 1 if free else 0, GROUPS, GROUPS * r, GROUPS,
             (GROUPS - 1) * (r if extended else 1)]
    b, kappa, bend, delta, tau, selection, sigma, ratios, lean = np.split(vector, np.cumsum(sizes))
    if extended:
        return {
            "outcome": b, "kappa": kappa, "bend": bend, "delta": np.zeros(GROUPS), "tau": np.exp(tau),
            "selection": selection.reshape(GROUPS, r), "sigma": np.exp(sigma),
            "omega": np.concatenate([np.zeros((1, r)), ratios.reshape(GROUPS - 1, r)])}
    shares = np.exp(np.concatenate([[0.0], ratios]))
    return {
        "outcome": b, "kappa": kappa, "delta": np.concatenate([[0.0], delta]) if free else np.zeros(GROUPS),
        "tau": np.exp(tau), "selection": selection.reshape(GROUPS, r), "sigma": np.exp(sigma),
        "weights": shares / shares.sum(),
        # What groups but the first move y by: functions of the first columns of rho; none unless appended.
        "lean": np.concatenate([np.zeros((1, r)), padded(lean.reshape(GROUPS - 1, -1), r)])}


def padded(matrix, columns):
    return np.concatenate([matrix, np.zeros((len(matrix), columns - matrix.shape[1]))], axis=1)


def row_scores(vector, rows, free, extended=False):
    """d log-likelihood of each row, by complex steps: exact to rounding."""
    q, r = rows[1].shape[1], rows[0].shape[1]
    step = 1e-30
    scores = []
    for direction in np.eye(len(vector)):
        moved = unpack(vector + 1j * step * direction, q, r, free, extended)
        scores.append(row_likelihoods(log_densities(moved, *rows)).imag / step)
    return np.array(scores).T


def sandwich(model, rows, row_weights, free):
    vector, extended = pack(model, free), "bend" in model
    scores = row_scores(vector, rows, free, extended)
    gradient = row_weights @ scores
    assert np.max(np.abs(gradient)) < 1e-6, "the converged parameters are no maximum"
    step, information = 1e-5, []
    for direction in np.eye(len(vector)):
        above = row_weights @ row_scores(vector + step * direction, rows, free, extended)
        below = row_weights @ row_scores(vector - step * direction, rows, free, extended)
        information.append((below - above) / (2 * step))
    inverse = np.linalg.inv((np.array(information) + np.array(information).T) / 2)
    covariance = inverse @ ((row_weights[:, None] * scores).T @ (row_weights[:, None] * scores)) @ inverse
    count = len(model["outcome"]) + GROUPS * (2 if extended else 1)
    shares = (GROUPS - 1) * (rows[0].shape[1] if extended else 1)
    return covariance[:count, :count], covariance[-shares:, -shares:]


def score_test(model, rows, row_weights, columns):
    """Of the columns of lean, at the maximum without them.

    On all columns of rho, lean_k = c (beta_k - beta_0) is another linear effect of t: the entry with most of it stays 0.
    """
    own = len(pack(model, False))
    vector = np.concatenate([pack(model, False), np.zeros((GROUPS - 1) * columns)])
    tested = np.arange(own, len(vector))
    if columns == rows[0].shape[1]:
        tested = np.delete(tested, np.argmax(np.abs(model["selection"][1:] - model["selection"][0])))
    return score_test_of(vector, np.arange(own), tested, rows, row_weights, False)


def shift_responses(model, rows, row_weights):
    """db / d delta_k, k = 1 ...: from maxima with delta held at small values."""
    responses = []
    for direction in np.eye(GROUPS)[1:]:
        above, below = (
            em(rows, row_weights, dict(model, delta=sign * SHIFT * direction), 100_000, False)[0] for sign in (1, -1))
        responses.append((above["outcome"] - below["outcome"]) / (2 * SHIFT))
    return responses


def extension_tests(model, rows, row_weights):
    """Of bends, and of what shares do with x, each without the other."""
    r, q = rows[0].shape[1], rows[1].shape[1]
    omega = np.zeros((GROUPS, r))
    omega[:, 0] = np.log(model["weights"] / model["weights"][0])
    vector = pack(dict(model, bend=np.zeros(GROUPS), omega=omega), False)
    bends = np.arange(q + GROUPS, q + 2 * GROUPS)
    shares = np.arange(len(vector) - (GROUPS - 1) * r, len(vector)).reshape(GROUPS - 1, r)[:, 1:].ravel()
    own = np.setdiff1d(np.arange(len(vector)), np.concatenate([bends, shares]))
    return [score_test_of(vector, own, tested, rows, row_weights, True) for tested in (bends, shares)]


def score_test_of(vector, own, tested, rows, row_weights, extended):
    scores = row_scores(vector, rows, False, extended)
    step = 1e-5
    information = -np.array([
        row_weights @ (row_scores(vector + step * direction, rows, False, extended)
                       - row_scores(vector - step * direction, rows, False, extended)) / (2 * step)
        for direction in np.eye(len(vector))])
    projection = np.linalg.solve(information[np.ix_(own, own)], information[np.ix_(own, tested)]).T
    effective = row_weights[:, None] * (scores[:, tested] - scores[:, own] @ projection.T)
    total = effective.sum(axis=0)
    return {"statistic": total @ np.linalg.solve(effective.T @ effective, total), "degreesOfFreedom": len(tested)}


def section(rows, row_weights, free, start=START):
    one, _, _ = em(rows, row_weights, start, 1, free)
    many, trace, gamma = em(rows, row_weights, start, ITERATIONS, free)
    converged, whole, _ = em(rows, row_weights, start, 100_000, free)
    assert np.all(np.diff(whole) > -1e-10), "the likelihood fell"
    covariance, shares = sandwich(converged, rows, row_weights, free)
    return {
        "afterOne": one, "afterMany": {**many, "responsibilities": gamma}, "logLikelihood": trace,
        "converged": {**converged, "logLikelihood": whole[-1]}, "covariance": covariance, "shareCovariance": shares}


def powers(model, rows, row_weights):
    """At a model: sums over rows of gamma V^p c c', c = (phi, y), for p = 1, 2, and of pi(rho) rho rho', by group."""
    rho, phi, t, y = rows
    logs = log_densities(model, *rows)
    gamma = np.exp(logs - row_likelihoods(logs)[:, None]) * row_weights[:, None]
    v, c = t[:, None] - rho @ model["selection"].T, np.column_stack([phi, y])
    shares = np.exp(log_shares(model, rho)) * row_weights[:, None]
    return {
        "first": [(gamma[:, k] * v[:, k])[:, None].T * c.T @ c for k in range(GROUPS)],
        "second": [(gamma[:, k] * v[:, k] ** 2)[:, None].T * c.T @ c for k in range(GROUPS)],
        "shares": [shares[:, k][:, None].T * rho.T @ rho for k in range(GROUPS)]}


def main():
    x, t, y = draw_rows()
    rows = (*columns(x, t), t, y)
    row_weights = np.random.default_rng(22).uniform(0.25, 2.0, size=ROWS)
    unweighted = section(rows, np.ones(ROWS), False)
    bends, concomitants = extension_tests(unweighted["converged"], rows, np.ones(ROWS))
    x2, t2, y2 = draw_extended_rows()
    extended = (*columns(x2, t2), t2, y2)
    write("joint.json", {
        "x": x, "t": t, "y": y, "groups": GROUPS, "start": START,
        "unweighted": unweighted,
        "shifts": score_test(unweighted["converged"], rows, np.ones(ROWS), 1),
        "shiftResponses": shift_responses(unweighted["converged"], rows, np.ones(ROWS)),
        "slopes": score_test(unweighted["converged"], rows, np.ones(ROWS), rows[0].shape[1]),
        "bends": bends, "concomitants": concomitants,
        "rowWeights": row_weights, "weighted": section(rows, row_weights, True),
        "extendedRows": {"x": x2, "t": t2, "y": y2, "start": EXTENDED_START},
        "extended": section(extended, row_weights, False, EXTENDED_START),
        "powers": powers(EXTENDED_START, extended, row_weights)})


if __name__ == "__main__":
    main()
