"""kernels.json: KernelIV, DualIV and Poly2SLS on a few rows.

The kernel methods are done with whole kernel matrices of all rows, as their papers write them, and nothing is
approximated: KernelIV by algorithm 1 of Singh, Sahani and Gretton (2019), DualIV by the closed form of Muandet et al.
(2020). The second penalty has the least error of the reduced form, y beside E[g | z, x]; with the settings of the papers'
programs it has their loss, y beside g. Poly2SLS is done by scikit-learn. Rows have weights, which the formulas meet as
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
# Of folds by which the simplest polynomials that are as good are not the best.
POLYNOMIAL_SEED = 12
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


def embedding(Z, v, rows, new, l, width):
    """Weights of `rows` that make E[f | z, x] at `new` of f there."""
    own, other, weight = gaussian(Z[rows], Z[rows], width), gaussian(Z[rows], Z[new], width), v[rows][:, None]
    return solve(weight * own + weight.sum() * l * np.eye(len(rows)), weight * other)


def kernel_iv(X, Z, y, v, quarter, penalties, width_x, width_z, paper=False):
    """For one way round: predictors at rows for each second penalty, the first penalty, the losses of stage 2.

    With weights, (K_Z + n l)^-1 becomes (V K_Z + n l)^-1 V, which is the ridge regression of weighted rows.
    """
    one, two = np.flatnonzero(quarter < 2), np.flatnonzero(quarter >= 2)
    k = lambda a, b: gaussian(X[a], X[b], width_x)
    kx11, kx12 = k(one, one), k(one, two)

    def first_loss(l):
        g = embedding(Z, v, one, two, l, width_z)
        return v[two] @ (1 - 2 * (kx12 * g).sum(0) + (g * (kx11 @ g)).sum(0)) / v[two].sum()

    l = penalties[int(np.argmin([first_loss(l) for l in penalties]))]

    def alpha(rows, xi):
        """(W W' + n2 xi K)^-1 W y2 with W = K G, which is G (G'K G + n2 xi)^-1 y2: K need not be inverted."""
        g = embedding(Z, v, one, rows, l, width_z)
        squares = v[rows][:, None] * (g.T @ kx11 @ g)
        return g @ solve(squares + v[rows].sum() * xi * np.eye(len(rows)), v[rows] * y[rows])

    def second_loss(xi):
        if paper:
            return v[one] @ (y[one] - kx11 @ alpha(two, xi)) ** 2 / v[one].sum()
        total = 0
        for a, b in ((2, 3), (3, 2)):
            a, b = np.flatnonzero(quarter == a), np.flatnonzero(quarter == b)
            predicted = embedding(Z, v, one, b, l, width_z).T @ (kx11 @ alpha(a, xi))
            total += v[b] @ (y[b] - predicted) ** 2 / v[b].sum() / 2
        return total

    predict = lambda place, rows: gaussian(rows, X[one], width_x) @ alpha(two, penalties[place])
    return predict, l, np.array([second_loss(xi) for xi in penalties])


def both_ways(ways, penalties):
    """The mean of some ways round at the second penalty that is best for all together."""
    losses = np.mean([way[2] for way in ways], 0)
    best = int(np.argmin(losses))
    return lambda rows: np.mean([way[0](best, rows) for way in ways], 0), ways[0][1], penalties[best], losses[best]


def dual_iv(X, Z, y, v, quarter, penalties, width_x, width_z, paper=False):
    def saddle(rows, l, xi):
        """b of f = K b: min_f max_u sum v (f - y) u - sum v u^2 / 2 with penalties n l / 2 |u|^2, n xi / 2 |f|^2."""
        n, V = v[rows].sum(), np.diag(v[rows])
        kx, kz = gaussian(X[rows], X[rows], width_x), gaussian(Z[rows], Z[rows], width_z)
        # u = L a with a = (V L + n l)^-1 V (f - y); M = V L (V L + n l)^-1 V
        middle = solve((V @ kz + n * l * np.eye(len(rows))).T, (V @ kz).T).T @ V
        return solve(middle @ kx + n * xi * np.eye(len(rows)), middle @ y[rows])

    halves = [np.flatnonzero(quarter // 2 == h) for h in (0, 1)]

    def first_loss(l):
        total = 0
        for a, b in (halves, halves[::-1]):
            kx, cross = gaussian(X[a], X[a], width_x), gaussian(X[a], X[b], width_x)
            g = embedding(Z, v, a, b, l, width_z)
            total += v[b] @ (1 - 2 * (cross * g).sum(0) + (g * (kx @ g)).sum(0)) / v[b].sum()
        return total

    l = penalties[int(np.argmin([first_loss(l) for l in penalties]))]

    def second_loss(xi):
        total = 0
        for a, b, quarters in ((*halves, (2, 3)), (*halves[::-1], (0, 1))):
            own = saddle(a, l, xi)
            f = lambda rows: gaussian(X[rows], X[a], width_x) @ own
            if paper:
                total += v[b] @ (y[b] - f(b)) ** 2 / v[b].sum() / 2
                continue
            for c, d in (quarters, quarters[::-1]):
                c, d = np.flatnonzero(quarter == c), np.flatnonzero(quarter == d)
                predicted = embedding(Z, v, c, d, l, width_z).T @ f(c)
                total += v[d] @ (y[d] - predicted) ** 2 / v[d].sum() / 4
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
    quarter = np.array([integer(4, int(i), 0, SEED, PART_STREAM) for i in np.flatnonzero(used)])
    result = {}
    ways = []
    for width in WIDTHS:
        turned = (quarter, (quarter + 2) % 4)
        ways.append(both_ways(
            [kernel_iv(X, np.column_stack([Z, x1]), Y, v, q, PENALTIES, width, width) for q in turned], PENALTIES))
    result["kerneliv"] = of_best_width(ways, X)
    result["dualiv"] = of_best_width(
        [dual_iv(X, np.column_stack([Z, x1]), Y, v, quarter, PENALTIES, w, w) for w in WIDTHS], X)
    result["dualivOutcome"] = of_best_width(
        [dual_iv(X, np.column_stack([Z, Y, x1]), Y, v, quarter, PENALTIES, w, w) for w in WIDTHS], X)

    def median_width(points):
        squares = ((points[:, None] - points[None]) ** 2).sum(2)[np.tril_indices(len(points), -1)]
        return np.sqrt(np.sort(squares)[len(squares) // 2] / 2)

    Q = np.column_stack([Z, x1])
    # The sample of the reference's size is all rows here, numbered anew.
    quarter = np.array([integer(4, i, 0, SEED, PART_STREAM) for i in range(len(Y))])
    fine = 10.0 ** -np.linspace(2, 10, 50)
    result["kernelivPaper"] = of_best_width(
        [both_ways([kernel_iv(X, Q, Y, v, quarter, fine, median_width(X), median_width(Q), paper=True)], fine)], X)
    D = np.column_stack([Z, Y])
    result["dualivPaper"] = of_best_width(
        [dual_iv(X, D, Y, v, quarter, np.array([1e-3]), median_width(X), median_width(D), paper=True)], X)
    for name in result:
        result[name]["g"] = mean + deviation * result[name]["g"]
    return np.flatnonzero(used), result


def simplest(results):
    """The lowest degree and the largest penalty within one standard error of the difference from the least error."""
    errors = -np.array([results[f"split{fold}_test_score"] for fold in range(5)])
    least = errors[:, np.argmin(errors.mean(0))]
    differences = errors - least[:, None]
    good = differences.mean(0) <= differences.std(0, ddof=1) / np.sqrt(5)
    return min(np.flatnonzero(good), key=lambda place: (
        results["params"][place]["features__degree"], -results["params"][place]["ridge__alpha"]))


def polynomials(x, t, y, soft, rule, seed):
    """Without weights, which GridSearchCV does not give to its scores."""
    folds = [integer(5, i, 0, seed, PART_STREAM) for i in range(N)]
    one = np.ones(N)
    Y, T, x1 = standardised(y, one), standardised(t, one), standardised(x, one)

    def search(features, target):
        pipeline = Pipeline([("features", PolynomialFeatures(include_bias=False)), ("ridge", Ridge(solver="svd"))])
        return GridSearchCV(
            pipeline, {"features__degree": [1, 2, 3], "ridge__alpha": [10.0**e for e in range(-5, 6)]},
            scoring="neg_mean_squared_error", cv=PredefinedSplit(folds), refit=rule).fit(features, target)

    first = search(np.column_stack([soft, x1]), T)
    fitted = first.predict(np.column_stack([soft, x1]))
    second = search(np.column_stack([fitted, x1]), Y)
    g = y.mean() + y.std() * second.predict(np.column_stack([T, x1]))
    # A closed form of the second stage.
    features = second.best_estimator_["features"].transform(np.column_stack([fitted, x1]))
    centred = features - features.mean(0)
    b = solve(centred.T @ centred + second.best_params_["ridge__alpha"] * np.eye(features.shape[1]), centred.T @ Y)
    assert_close(second.best_estimator_["ridge"].coef_, b, 1e-8, "second stage")
    return {"g": g, "loss": -second.cv_results_["mean_test_score"][second.best_index_],
            "degrees": [first.best_params_["features__degree"], second.best_params_["features__degree"]],
            "penalties": [first.best_params_["ridge__alpha"], second.best_params_["ridge__alpha"]]}


def main():
    x, t, y, soft, weights = draw()
    used, fits = kernels(x, t, y, soft, weights)
    fits["poly2sls"] = polynomials(x, t, y, soft, simplest, POLYNOMIAL_SEED)
    fits["poly2slsPaper"] = polynomials(x, t, y, soft, True, POLYNOMIAL_SEED)
    assert fits["poly2sls"]["penalties"] != fits["poly2slsPaper"]["penalties"], "the rules choose alike"
    write("kernels.json", {
        "x": x, "t": t, "y": y, "groups": soft, "weights": weights, "seed": SEED, "polynomialSeed": POLYNOMIAL_SEED, "used": used,
        "fits": fits}, packages=("numpy", "scikit-learn"))
    for name, fit in fits.items():
        print(name, fit["penalties"], fit["loss"])


main()
