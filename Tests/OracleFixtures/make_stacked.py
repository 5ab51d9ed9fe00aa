"""stacked.json: covariances of HFUL and 2SLS on posteriors of a joint mixture that was fitted to the same rows, in numpy.

The rows and converged parameters are those of joint.json. With theta its parameters, A the information (differences of
scores by complex steps) and s_i the scores, the influence of row i on b is psi_i + db/dtheta A^-1 s_i; db/dtheta is by
central differences of everything from theta on: posteriors, shares, cross-fitted index, instruments, coefficients.
`clustered` is 2SLS with sums over the clusters i mod 25. The derivative is checked by a second step length, and the
influence by duplicating one row's weight a little and fitting all anew (Newton's step for theta).
`bootstrap` are the coefficients of the replicate of that number with the posteriors given: rows count E_i ~ Exp(1), or
those of a cluster of i mod 25 together, by the counter-based generator.
"""
from itertools import combinations_with_replacement

import numpy as np
from fixture import assert_close, read, write
from make_joint import columns, log_densities, log_shares, pack, row_likelihoods, row_scores, unpack
from philox import integer, philox

SEED, FOLDS, FOLD_STREAM, CLUSTERS, WEIGHT_STREAM, REPLICATE = 3, 5, 40, 25, 56, 2


def monomials(x, degree):
    return np.column_stack([
        np.prod(x[:, list(term)], axis=1) for d in range(1, degree + 1)
        for term in combinations_with_replacement(range(x.shape[1]), d)])


class Rows:
    def __init__(self, section, weight, free):
        fixture = read("joint.json")
        source = fixture["extendedRows"] if section == "extended" else fixture
        self.x, self.t, self.y = (np.array(source[key]) for key in "xty")
        self.n, self.weight, self.free = len(self.t), weight, free
        self.model = {key: np.array(value) for key, value in fixture[section]["converged"].items()
                      if key not in ("logLikelihood", "iterations")}
        self.extended = section == "extended"
        self.joint = (*columns(self.x, self.t), self.t, self.y)
        self.theta = pack(self.model, free)
        self.fold = np.array([integer(FOLDS, i, 0, SEED, FOLD_STREAM) for i in range(self.n)])

    def weights_of_groups(self, theta):
        """Posteriors and what they are recentred by."""
        rho, phi = self.joint[:2]
        model = unpack(theta, phi.shape[1], rho.shape[1], self.free, self.extended)
        logs = log_densities(model, *self.joint)
        gamma = np.exp(logs - row_likelihoods(logs)[:, None])
        if self.extended:
            return gamma, np.exp(log_shares(model, rho))
        return gamma, None

    def partialled(self, theta, weight, units=None):
        """y, D, Z times the roots of weights, free of controls; means are by the weights `units`."""
        units = weight if units is None else units
        gamma, shares = self.weights_of_groups(theta)
        if shares is None:
            shares = weight @ gamma / weight.sum()
        features = np.column_stack([np.ones(self.n), monomials(self.x, 2)])
        mean, t_mean = units @ self.x / units.sum(), units @ self.t / units.sum()
        deviations = self.x - mean
        z = 0
        for k in range(gamma.shape[1]):
            f = np.empty(self.n)
            for own in range(FOLDS):
                rows = self.fold != own
                root = np.sqrt(weight * gamma[:, k])[rows]
                beta = np.linalg.lstsq(features[rows] * root[:, None], self.t[rows] * root, rcond=None)[0]
                f[~rows] = features[~rows] @ beta
            h = np.column_stack([f, f**2, (f - t_mean)[:, None] * deviations])
            z = z + (gamma[:, k] - (shares[:, k] if shares.ndim == 2 else shares[k]))[:, None] * h
        controls = np.column_stack([np.ones(self.n), monomials(deviations / deviations.std(0), 3)])
        root = np.sqrt(weight)[:, None]
        q, _ = np.linalg.qr(controls * root)
        whole = np.column_stack([self.y, self.t, self.t**2, z]) * root
        whole = whole - q @ (q.T @ whole)
        return whole[:, 0], whole[:, 1:3], whole[:, 3:]


def two_stage(y, d, z):
    q, _ = np.linalg.qr(z)
    fitted = q @ (q.T @ d)
    bread = np.linalg.inv(fitted.T @ d)
    b = bread @ (fitted.T @ y)
    psi = (fitted * (y - d @ b)[:, None]) @ bread
    return b, psi, psi.T @ psi


def hful(y, d, z):
    n = len(y)
    q, _ = np.linalg.qr(z)
    p, whole = q @ q.T, np.column_stack([y, d])
    h = np.diag(p)
    a, b, c = whole.T @ p @ whole, whole.T @ whole, (whole * h[:, None]).T @ whole
    tilde = np.min(np.linalg.eigvals(np.linalg.solve(b, a - c)).real)
    alpha = (tilde - (1 - tilde) / n) / (1 - (1 - tilde) / n)
    matrix = a - c - alpha * b
    bread = np.linalg.inv(matrix[1:, 1:])
    beta = bread @ matrix[1:, 0]
    u = y - d @ beta
    X = d - np.outer(u, d.T @ u / (u @ u))
    Y = p @ X
    S = (Y * u[:, None] ** 2).T @ Y - ((X * (h * u**2)[:, None]).T @ Y + (Y * (h * u**2)[:, None]).T @ X)
    inner = np.einsum("ik,il,ia,i->kla", q, q, X, u)
    S = S + np.einsum("kla,lkb->ab", inner, inner)
    return beta, ((Y - h[:, None] * X) * u[:, None]) @ bread, bread @ S @ bread


def derivative(rows, estimator, weight, step):
    result = []
    for direction in np.eye(len(rows.theta)):
        above, below = (estimator(*rows.partialled(rows.theta + sign * step * direction, weight))[0] for sign in (1, -1))
        result.append((above - below) / (2 * step))
    return np.array(result).T


def section(name, weight, free):
    rows = Rows(name, weight, free)
    vector, extended = rows.theta, rows.extended
    scores = weight[:, None] * row_scores(vector, rows.joint, free, extended)
    step = 1e-5
    information = np.array([
        weight @ (row_scores(vector - step * direction, rows.joint, free, extended)
                  - row_scores(vector + step * direction, rows.joint, free, extended)) / (2 * step)
        for direction in np.eye(len(vector))])
    moves = scores @ np.linalg.inv((information + information.T) / 2)
    result = {}
    for label, estimator in (("hful", hful), ("twoStage", two_stage)):
        b, psi, own = estimator(*rows.partialled(vector, weight))
        jacobian = derivative(rows, estimator, weight, 1e-5)
        assert_close(jacobian, derivative(rows, estimator, weight, 3e-5), 1e-6, f"{name} {label}: derivative")
        further = moves @ jacobian.T
        assert np.linalg.norm(further) > 0.05 * np.linalg.norm(psi), "labels that hardly err show nothing"
        result[label] = {
            "coefficients": b, "robust": own,
            "stacked": own + psi.T @ further + further.T @ psi + further.T @ further}
        if label == "twoStage":
            check_influence(rows, weight, scores, moves, psi + further, b)
            p = 2 + 1 + monomials(rows.x, 3).shape[1]
            sums = np.zeros((CLUSTERS, 2))
            np.add.at(sums, np.arange(rows.n) % CLUSTERS, psi + further)
            factor = CLUSTERS / (CLUSTERS - 1) * (rows.n - 1) / (rows.n - p)
            result["clustered"] = factor * sums.T @ sums
    return result


def check_influence(rows, weight, scores, moves, influence, b):
    """The derivative of all in one row's weight, theta by a step of Newton."""
    for i in (7, 191):
        rise, direction = 1e-5, np.eye(rows.n)[i]
        found = []
        for sign in (1, -1):
            moved = Rows.__new__(Rows)
            moved.__dict__.update(rows.__dict__)
            theta = rows.theta + sign * rise * moves[i] / weight[i]
            found.append(two_stage(*moved.partialled(theta, weight + sign * rise * direction))[0])
        derivative = (found[0] - found[1]) / (2 * rise) * weight[i]
        # The index of other rows moves with the weight too, which is no influence of first order: a tenth suffices.
        assert np.max(np.abs(derivative - influence[i])) < 0.1 * np.max(np.abs(influence[i])) + 1e-4, (derivative, influence[i])


def exponential(unit):
    words = philox([REPLICATE, WEIGHT_STREAM, unit, 0], [SEED, 0])
    return -np.log((((words[0] | words[1] << 32) >> 12) + 0.5) * 2.0**-52)


def replicate(weight):
    rows = Rows("unweighted", weight, False)
    result = {}
    for name, unit in (("rows", lambda i: i), ("clusters", lambda i: i % CLUSTERS)):
        drawn = weight * np.array([exponential(unit(i)) for i in range(rows.n)])
        columns = rows.partialled(rows.theta, drawn, units=weight)
        result[name] = {"hful": hful(*columns)[0], "twoStage": two_stage(*columns)[0]}
    return {"replicate": REPLICATE, **result}


def main():
    weight = np.array(read("joint.json")["rowWeights"])
    write("stacked.json", {
        "seed": SEED, "clusters": CLUSTERS,
        "unweighted": section("unweighted", np.ones(len(weight)), False),
        "weighted": section("weighted", weight, True),
        "extended": section("extended", weight, False), "bootstrap": replicate(np.ones(len(weight)))})


if __name__ == "__main__":
    main()
