"""kernels.json: KernelIV, DualIV and Poly2SLS on a few rows.

The kernel methods are done with whole kernel matrices of all rows, as their papers write them, and nothing is
approximated: KernelIV by algorithm 1 of Singh, Sahani and Gretton (2019) with the losses of its appendix, DualIV by the
closed form of Muandet et al. (2020). Poly2SLS is done by scikit-learn. Rows have weights, which the formulas meet as
weighted sums of squares; columns are standardised as the program does.
"""

import numpy as np
from fixture import assert_close, write
from philox import integer
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, PredefinedSplit
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import PolynomialFeatures

N, M, K, SEED, PART_STREAM = 80, 2, 2, 5, 42
PENALTIES = 10.0 ** -np.linspace(2, 10, 17)
WIDTHS = [1.0, 2.0, 4.0, 8.0]


def draw():
    random = np.random.default_rng(20261130)
    x = random.normal(size=(N, M)) * [1.5, 0.7] + [0.3, -1]
    z = random.integers(0, K, N)
    eps = random.normal(size=N)
    t = 3 + (x * np.array([[1, -0.5], [-0.8, 0.6]])[z]).sum(1) + 0.4 * eps + 0.3 * random.normal(size=N)
    y = -1.5 * t + 0.3 * t**2 + np.sin(x[:, 1]) + eps + 0.3 * random.normal(size=N)
    soft = 0.7 * np.eye(K)[z] + 0.3 * random.dirichlet(np.ones(K), N)
    weights = random.uniform(0.5, 1.5, N)
    weights[::13] = 0
    return x, t, y, soft, weights


def standardised(column, v):
    mean = np.average(column, weights=v, axis=0)
    return (column - mean) / np.sqrt(np.average((column - mean) ** 2, weights=v, axis=0))


def gaussian(a, b, width):
    return np.exp(-((a[:, None] - b[None]) ** 2).sum(2) / (2 * width**2))


def solve(a, b):
    return np.linalg.solve(a, b)


def kernel_iv(X, Z, y, v, half, penalties, width_x, width_z):
    """For one way round: the predictor at rows, both penalties, the loss of stage 2 on the first half.

    With weights, (K_Z + n l)^-1 becomes (V K_Z + n l)^-1 V, which is the ridge regression of weighted rows.
    """
    one, two = np.flatnonzero(half == 0), np.flatnonzero(half == 1)
    v1, v2 = v[one], v[two]
    k = lambda a, b: gaussian(X[a], X[b], width_x)
    kz11, kz12 = gaussian(Z[one], Z[one], width_z), gaussian(Z[one], Z[two], width_z)
    kx11, kx12 = k(one, one), k(one, two)

    def gamma(l):
        return solve(v1[:, None] * kz11 + v1.sum() * l * np.eye(len(one)), v1[:, None] * kz12)

    def first_loss(l):
        g = gamma(l)
        return v2 @ (1 - 2 * (kx12 * g).sum(0) + (g * (kx11 @ g)).sum(0)) / v2.sum()

    first = [first_loss(l) for l in penalties]
    l = penalties[int(np.argmin(first))]
    g = gamma(l)
    squares = g.T @ kx11 @ g

    def alpha(xi):
        """(W W' + n2 xi K)^-1 W y2 with W = K G, which is G (G'K G + n2 xi)^-1 y2: K need not be inverted."""
        return g @ solve(v2[:, None] * squares + v2.sum() * xi * np.eye(len(two)), v2 * y[two])

    second = [v1 @ (y[one] - kx11 @ alpha(xi)) ** 2 / v1.sum() for xi in penalties]
    best = int(np.argmin(second))
    a = alpha(penalties[best])
    return lambda rows: gaussian(rows, X[one], width_x) @ a, l, penalties[best], second[best]


def dual_iv(X, Z, y, v, half, penalties, width_x, width_z):
    def saddle(rows, l, xi):
        """b of f = K b: min_f max_u sum v (f - y) u - sum v u^2 / 2 with penalties n l / 2 |u|^2, n xi / 2 |f|^2."""
        n, V = v[rows].sum(), np.diag(v[rows])
        kx, kz = gaussian(X[rows], X[rows], width_x), gaussian(Z[rows], Z[rows], width_z)
        # u = L a with a = (V L + n l)^-1 V (f - y); M = V L (V L + n l)^-1 V
        middle = solve((V @ kz + n * l * np.eye(len(rows))).T, (V @ kz).T).T @ V
        return solve(middle @ kx + n * xi * np.eye(len(rows)), middle @ y[rows])

    halves = [np.flatnonzero(half == h) for h in (0, 1)]

    def first_loss(l):
        total = 0
        for a, b in (halves, halves[::-1]):
            kz, kx, cross = gaussian(Z[a], Z[a], width_z), gaussian(X[a], X[a], width_x), gaussian(X[a], X[b], width_x)
            g = solve(v[a][:, None] * kz + v[a].sum() * l * np.eye(len(a)), v[a][:, None] * gaussian(Z[a], Z[b], width_z))
            total += v[b] @ (1 - 2 * (cross * g).sum(0) + (g * (kx @ g)).sum(0)) / v[b].sum()
        return total

    l = penalties[int(np.argmin([first_loss(l) for l in penalties]))]

    def second_loss(xi):
        total = 0
        for a, b in (halves, halves[::-1]):
            f = gaussian(X[b], X[a], width_x) @ saddle(a, l, xi)
            total += v[b] @ (y[b] - f) ** 2 / v[b].sum() / 2
        return total

    second = [second_loss(xi) for xi in penalties]
    best = int(np.argmin(second))
    rows = np.concatenate(halves)
    b = saddle(rows, l, penalties[best])
    return lambda new: gaussian(new, X[rows], width_x) @ b, l, penalties[best], second[best]


def of_best_width(fits, where):
    predict, l, xi, loss = min(fits, key=lambda fit: fit[3])
    return {"g": predict(where), "loss": loss, "penalties": [l, xi]}


def kernels(x, t, y, soft, weights):
    used = weights > 0
    v = weights[used] / weights[used].mean()
    mean, deviation = np.average(y[used], weights=v), 0
    deviation = np.sqrt(np.average((y[used] - mean) ** 2, weights=v))
    X = standardised(np.column_stack([t, x])[used], v)
    Z, Y, x1 = standardised(soft[used], v), (y[used] - mean) / deviation, X[:, 1:]
    half = np.array([integer(2, int(i), 0, SEED, PART_STREAM) for i in np.flatnonzero(used)])
    result = {}
    ways = []
    for width in WIDTHS:
        both = [kernel_iv(X, np.column_stack([Z, x1]), Y, v, h, PENALTIES, width, width) for h in (half, 1 - half)]
        ways.append((
            lambda rows, both=both: (both[0][0](rows) + both[1][0](rows)) / 2, both[0][1], both[0][2],
            (both[0][3] + both[1][3]) / 2))
    result["kerneliv"] = of_best_width(ways, X)
    result["dualiv"] = of_best_width(
        [dual_iv(X, np.column_stack([Z, x1]), Y, v, half, PENALTIES, w, w) for w in WIDTHS], X)
    result["dualivOutcome"] = of_best_width(
        [dual_iv(X, np.column_stack([Z, Y, x1]), Y, v, half, PENALTIES, w, w) for w in WIDTHS], X)

    def median_width(points):
        squares = ((points[:, None] - points[None]) ** 2).sum(2)[np.tril_indices(len(points), -1)]
        return np.sqrt(np.sort(squares)[len(squares) // 2] / 2)

    Q = np.column_stack([Z, x1])
    # The sample of the reference's size is all rows here, numbered anew.
    half = np.array([integer(2, i, 0, SEED, PART_STREAM) for i in range(len(Y))])
    result["kernelivPaper"] = of_best_width(
        [kernel_iv(X, Q, Y, v, half, 10.0 ** -np.linspace(2, 10, 50), median_width(X), median_width(Q))], X)
    D = np.column_stack([Z, Y])
    result["dualivPaper"] = of_best_width(
        [dual_iv(X, D, Y, v, half, np.array([1e-3]), median_width(X), median_width(D))], X)
    for name in result:
        result[name]["g"] = mean + deviation * result[name]["g"]
    return np.flatnonzero(used), result


def polynomials(x, t, y, soft):
    """Without weights, which GridSearchCV does not give to its scores."""
    folds = [integer(5, i, 0, SEED, PART_STREAM) for i in range(N)]
    one = np.ones(N)
    Y, T, x1 = standardised(y, one), standardised(t, one), standardised(x, one)

    def search(features, target):
        pipeline = Pipeline([("features", PolynomialFeatures(include_bias=False)), ("ridge", Ridge(solver="svd"))])
        return GridSearchCV(
            pipeline, {"features__degree": [1, 2, 3], "ridge__alpha": [10.0**e for e in range(-5, 6)]},
            scoring="neg_mean_squared_error", cv=PredefinedSplit(folds)).fit(features, target)

    first = search(np.column_stack([soft, x1]), T)
    second = search(np.column_stack([first.predict(np.column_stack([soft, x1])), x1]), Y)
    g = y.mean() + y.std() * second.predict(np.column_stack([T, x1]))
    # A closed form of the second stage.
    features = second.best_estimator_["features"].transform(
        np.column_stack([first.predict(np.column_stack([soft, x1])), x1]))
    centred = features - features.mean(0)
    b = solve(centred.T @ centred + second.best_params_["ridge__alpha"] * np.eye(features.shape[1]), centred.T @ Y)
    assert_close(second.best_estimator_["ridge"].coef_, b, 1e-8, "second stage")
    return {"g": g, "loss": -second.best_score_,
            "degrees": [first.best_params_["features__degree"], second.best_params_["features__degree"]]}


def main():
    x, t, y, soft, weights = draw()
    used, fits = kernels(x, t, y, soft, weights)
    write("kernels.json", {
        "x": x, "t": t, "y": y, "groups": soft, "weights": weights, "seed": SEED, "used": used,
        "fits": {**fits, "poly2sls": polynomials(x, t, y, soft)}}, packages=("numpy", "scikit-learn"))
    for name, fit in fits.items():
        print(name, fit["penalties"], fit["loss"])


main()
