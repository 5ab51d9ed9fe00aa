"""effects.json: index instruments, the choice of the outcome's form, HFUL and 2SLS and their answers, in numpy.

Everything is done with whole matrices in the plainest way: projections P = Q (Q'Q)^-1 Q' and their diagonals. 2SLS is
checked against linearmodels, and the curve's slopes by differences.
"""
from itertools import combinations_with_replacement

import numpy as np
from fixture import assert_close, write
from linearmodels.iv import IV2SLS
from philox import integer

N, M, K, SEED, FOLDS, FOLD_STREAM = 400, 2, 3, 7, 5, 40


def draw():
    random = np.random.default_rng(20261129)
    x = random.normal(size=(N, M)) * [1.5, 0.7] + [0.3, -1]
    z = random.integers(0, K, N)
    slopes = np.array([[1, -0.5], [-0.8, 0.6], [0.2, 1.2]])
    eps = random.normal(size=N)
    t = 3 + (x * slopes[z]).sum(1) + 0.4 * eps + 0.3 * random.normal(size=N)
    y = -1.5 * t + 0.3 * t**2 + x[:, 0] ** 2 + np.sin(x[:, 1]) + eps + (0.3 + 0.2 * abs(x[:, 0])) * random.normal(size=N)
    soft = random.dirichlet(np.ones(K), N) * 0.3 + 0.7 * np.eye(K)[z]
    weight = random.uniform(0.5, 1.5, N)
    return x, t, y, soft, weight * N / weight.sum()


def monomials(x, degree):
    return np.column_stack([
        np.prod(x[:, list(term)], axis=1) for d in range(1, degree + 1)
        for term in combinations_with_replacement(range(x.shape[1]), d)])


def indexes(x, t, soft, weight):
    """f_k(x_i) from the rows of the other folds."""
    fold = np.array([integer(FOLDS, i, 0, SEED, FOLD_STREAM) for i in range(N)])
    features = np.column_stack([np.ones(N), monomials(x, 2)])
    f = np.empty((N, K))
    for k in range(K):
        v = weight * soft[:, k]
        for own in range(FOLDS):
            rows = fold != own
            root = np.sqrt(v[rows])
            beta = np.linalg.lstsq(features[rows] * root[:, None], t[rows] * root, rcond=None)[0]
            f[~rows, k] = features[~rows] @ beta
    return f


def functions(t, deviations, degree, interactions):
    columns = [t**p for p in range(1, degree + 1)]
    return np.column_stack(columns + ([t * d for d in deviations.T] if interactions else []))


def instruments(f, deviations, soft, shares, degree, interactions, t_mean):
    result = 0
    for k in range(K):
        power = (f[:, k] - t_mean) ** (2 if interactions else 1)
        h = np.column_stack([functions(f[:, k], deviations, degree, interactions), power[:, None] * deviations])
        result = result + (soft[:, k] - shares[k])[:, None] * h
    return result


def partial(columns, controls, weight):
    root = np.sqrt(weight)[:, None]
    q, _ = np.linalg.qr(controls * root)
    return columns * root - q @ (q.T @ (columns * root))


def two_stage(y, d, z):
    p = z @ np.linalg.pinv(z)
    fitted = p @ d
    b = np.linalg.solve(fitted.T @ d, fitted.T @ y)
    return b, fitted, y - d @ b


def hansen(y, d, z):
    b, _, u = two_stage(y, d, z)
    s = np.linalg.inv((z * u[:, None] ** 2).T @ z)
    g = z.T @ d
    b = np.linalg.solve(g.T @ s @ g, g.T @ s @ (z.T @ y))
    moments = z.T @ (y - d @ b)
    return moments @ s @ moments


def hful(y, d, z, n):
    """Hausman, Newey, Woutersen, Chao and Swanson (2012), with its covariance."""
    q, _ = np.linalg.qr(z)
    p, whole = q @ q.T, np.column_stack([y, d])
    h = np.diag(p)
    a, b, c = whole.T @ p @ whole, whole.T @ whole, (whole * h[:, None]).T @ whole
    tilde = np.min(np.linalg.eigvals(np.linalg.solve(b, a - c)).real)
    alpha = (tilde - (1 - tilde) / n) / (1 - (1 - tilde) / n)
    matrix = a - c - alpha * b
    H = matrix[1:, 1:]
    beta = np.linalg.solve(H, matrix[1:, 0])
    u = y - d @ beta
    X = d - np.outer(u, d.T @ u / (u @ u))
    Y = p @ X
    S = (Y * u[:, None] ** 2).T @ Y - ((X * (h * u**2)[:, None]).T @ Y + (Y * (h * u**2)[:, None]).T @ X)
    inner = np.einsum("ik,il,ia,i->kla", q, q, X, u)
    S = S + np.einsum("kla,lkb->ab", inner, inner)
    inverse = np.linalg.inv(H)
    return beta, inverse @ S @ inverse


x, t, y, soft, weight = draw()
shares = (weight[:, None] * soft).sum(0) / weight.sum()
mean = (weight[:, None] * x).sum(0) / weight.sum()
t_mean = (weight * t).sum() / weight.sum()
deviations = x - mean
sd = np.sqrt((weight[:, None] * deviations**2).sum(0) / weight.sum())
controls = np.column_stack([np.ones(N), monomials(deviations / sd, 3)])
f = indexes(x, t, soft, weight)

fits = {}
for name, degree, interactions in [("linear", 1, False), ("quadratic", 2, False), ("quadratic+interactions", 2, True)]:
    z = instruments(f, deviations, soft, shares, degree, interactions, t_mean)
    d = functions(t, deviations, degree, interactions)
    whole = partial(np.column_stack([y, d, z]), controls, weight)
    yp, dp, zp = whole[:, 0], whole[:, 1:1 + d.shape[1]], whole[:, 1 + d.shape[1]:]
    b, fitted, u = two_stage(yp, dp, zp)
    bread = np.linalg.inv(fitted.T @ dp)
    robust = bread @ (fitted * u[:, None] ** 2).T @ fitted @ bread
    check = IV2SLS(y, controls, d, z, weights=weight).fit(cov_type="robust")
    assert_close(b, np.asarray(check.params)[-d.shape[1]:], 1e-9, name)
    assert_close(robust, np.asarray(check.cov)[-d.shape[1]:, -d.shape[1]:], 1e-8, f"{name}, covariance")
    bh, vh = hful(yp, dp, zp, N)
    slopes = np.column_stack([p * t ** (p - 1) for p in range(1, degree + 1)] + ([deviations] if interactions else []))
    slope = (weight[:, None] * slopes).sum(0) / weight.sum()
    step = 1e-6
    moved = functions(t + step, deviations, degree, interactions) - functions(t - step, deviations, degree, interactions)
    assert_close(slope, (weight[:, None] * moved).sum(0) / weight.sum() / (2 * step), 1e-8, "slopes")
    # From 2 to 5, at average covariates.
    contrast = np.array([5.0**p - 2.0**p for p in range(1, degree + 1)] + [0.0] * (M if interactions else 0))
    at = functions(t, deviations, degree, interactions)
    level = (weight * y).sum() / weight.sum() - (weight[:, None] * at).sum(0) / weight.sum() @ bh
    # Hansen's J of labels times (1, x).
    lines = np.column_stack([np.ones(N), deviations / sd])
    labels = np.column_stack([(soft[:, k] - shares[k])[:, None] * lines for k in range(K - 1)])
    labels = partial(labels, controls, weight)
    fits[name] = {
        "instruments": z[:20], "twoStage": b, "twoStageCovariance": robust, "hful": bh, "hfulCovariance": vh,
        "hansenJ": hansen(yp, dp, labels), "averageSlope": slope @ bh, "averageSlopeError": np.sqrt(slope @ vh @ slope),
        "contrast": contrast @ bh, "contrastError": np.sqrt(contrast @ vh @ contrast),
        "outcomeAt5": level + np.array([5.0**p for p in range(1, degree + 1)] + [0.0] * (M if interactions else 0)) @ bh}

if __name__ == "__main__":
    write("effects.json", {
        "x": x, "t": t, "y": y, "groups": soft, "weight": weight, "seed": SEED, "shares": shares, "index": f[:20],
        "fits": fits}, packages=("numpy", "linearmodels"))
