"""proxies.json: synthetic potential outcomes of two draws by dense numpy: whole feature matrices, SVD and pinv, scipy's eig.

One draw has joint cells on both sides and three classes, the other real proxies (monomials of degree 2 and 1), row weights
and a continuous outcome. Everything is computed from the rows: no block sums, every replicate of the jackknife from its own
rows. Where both sides have as many features as there are classes, the average effect is checked against two-stage least squares.
"""

import numpy as np
from fixture import assert_close, write
from philox import row_integers
from scipy import linalg, stats

BLOCKS, LEVEL = 8, 0.9
# RandomStream.jackknifeBlocks
BLOCK_STREAM = 57


def cells_draw(random, n=3000):
    u = random.choice(3, n, p=[0.5, 0.3, 0.2])
    px = np.array([[0.7, 0.1, 0.1, 0.1], [0.1, 0.7, 0.1, 0.1], [0.1, 0.1, 0.1, 0.7]])
    pz = np.array([[0.6, 0.2, 0.1, 0.1], [0.1, 0.2, 0.6, 0.1], [0.1, 0.1, 0.1, 0.7]])
    pick = lambda p: np.array([random.choice(4, p=p[k]) for k in u])
    x, z = pick(px), pick(pz)
    t = (random.random(n) < np.array([0.3, 0.5, 0.7])[u] + 0.1 * (z == 0) - 0.1 * (z == 3)).astype(int)
    means = np.array([[0.2, 0.5, 0.8], [0.1, 0.9, 0.6]])
    y = 2 + 3 * (means[t, u] + 0.3 * random.normal(size=n))
    return z[:, None].astype(float), x[:, None].astype(float), t, y, None


def real_draw(random, n=1500):
    u = (random.random(n) < 0.6).astype(int)
    x = np.column_stack([2 * u - 1 + random.normal(size=n), 0.5 * u + random.normal(size=n)])
    z = np.column_stack([1.5 * u + random.normal(size=n), -u + random.normal(size=n)])
    t = (random.random(n) < 1 / (1 + np.exp(-(z[:, 0] - 0.7 - u)))).astype(int)
    y = np.array([[0, 2], [1, 1]])[t, u] + random.normal(size=n)
    return 10 + 3 * z, x / 7, t, y, random.uniform(0.5, 1.5, n)


def indicators(column):
    return (column[:, None] == np.unique(column)).astype(float)


def monomials(columns, degree, weight):
    mean = np.average(columns, axis=0, weights=weight)
    s = (columns - mean) / np.sqrt(np.average((columns - mean) ** 2, axis=0, weights=weight))
    terms = [np.ones(len(s)), *s.T]
    if degree == 2:
        terms += [s[:, i] * s[:, j] for i in range(s.shape[1]) for j in range(i, s.shape[1])]
    return np.column_stack(terms)


def whitening(second):
    values, vectors = np.linalg.eigh(second)
    kept = values > 1e-9 * values.max()
    return vectors[:, kept] / np.sqrt(values[kept])


def canonical(a, b, weight):
    """Canonical values of the columns of a and b, and the ranks of both."""
    mean = lambda left, right: (left * weight[:, None]).T @ right / weight.sum()
    left, right = whitening(mean(a, a)), whitening(mean(b, b))
    return np.linalg.svd(left.T @ mean(a, b) @ right, compute_uv=False), (left.shape[1], right.shape[1])


def rank_test(a, b, weight, rank):
    values, (first, second) = canonical(a, b, weight)
    n = weight.sum() ** 2 / (weight**2).sum()
    degrees = (first - rank) * (second - rank)
    statistic = n * (values[rank:] ** 2).sum()
    return [statistic, degrees, stats.chi2.sf(statistic, degrees)] if degrees > 0 else None


def bridges(z, x, t, y, weight, k):
    """M_t, m_t and Q_t in whitened features, their pseudo-inverses of rank k, and what follows."""
    n = weight.sum()
    wx = whitening((x * weight[:, None]).T @ x / n)
    e = (weight @ x) / n
    cross, outcome, means, alphas, operators, strengths = [], [], [], [], [], []
    for arm in (0, 1):
        rows = t == arm
        w = weight[rows, None]
        wz = whitening((z[rows] * w).T @ z[rows] / n)
        cross.append(wz.T @ ((z[rows] * w).T @ x[rows] / n) @ wx)
        outcome.append(wz.T @ ((z[rows] * w * y[rows, None]).T @ x[rows] / n) @ wx)
        u, s, v = np.linalg.svd(cross[-1], full_matrices=False)
        inverse = v[:k].T / s[:k] @ u[:, :k].T
        operators.append(inverse @ outcome[-1])
        alphas.append(operators[-1] @ (wx.T @ e))
        means.append(alphas[-1] @ (wx.T @ e))
        strengths.append(s[k - 1] / np.sqrt(weight[rows].sum() / n))
    return wx, e, cross, outcome, means, alphas, operators, strengths


def fit(z, x, t, y, weight, k, solver):
    center = np.average(y, weights=weight)
    scale = np.sqrt(np.average((y - center) ** 2, weights=weight))
    return fit_scaled(z, x, t, (y - center) / scale, weight, k, solver, center, scale)


def fit_scaled(z, x, t, y, weight, k, solver, center, scale):
    wx, e, cross, outcome, means, alphas, operators, strengths = bridges(z, x, t, y, weight, k)
    mean = wx.T @ e
    gamma, moments = alphas[1] - alphas[0], [1.0]
    for _ in range(2 * k - 1):
        moments.append(gamma @ mean)
        gamma = (operators[1] - operators[0]) @ gamma
    if solver == "spectral":
        v = np.linalg.svd(np.vstack(cross))[2][:k].T
        b = [np.linalg.lstsq(cross[arm] @ v, outcome[arm] @ v, rcond=None)[0] for arm in (0, 1)]
        best = None
        for index in range(16):
            angle = np.pi * (index + 0.5) / 16
            values, vectors = np.linalg.eig(np.cos(angle) * b[1] + np.sin(angle) * b[0])
            if abs(values.imag).max() == 0:
                gap = np.diff(np.sort(values)).min()
                if best is None or gap > best[0]:
                    best = (gap, vectors.real)
        vectors = best[1]
        inverse = np.linalg.inv(vectors)
        s = inverse @ (v.T @ mean)
        shares = (vectors.T @ (v.T @ mean)) * s
        class_means = np.array([np.diag(inverse @ b[arm] @ vectors) for arm in (0, 1)])
    else:
        hankel = lambda first: np.array([[moments[first + i + j] for j in range(k)] for i in range(k)])
        if solver == "pencil":
            effects = linalg.eig(hankel(1), hankel(0))[0].real
        else:
            coefficients = np.linalg.solve(hankel(0), -np.array(moments[k:]))
            effects = np.roots(np.concatenate([[1], coefficients[::-1]])).real
        powers = np.vander(effects, k, increasing=True).T
        shares = np.linalg.solve(powers, moments[:k])
        rows, gamma = [[], []], mean
        for _ in range(k):
            for arm in (0, 1):
                rows[arm].append(mean @ operators[arm] @ gamma)
            gamma = (operators[1] - operators[0]) @ gamma
        class_means = np.array([np.linalg.solve(powers, rows[arm]) / shares for arm in (0, 1)])
    order = np.argsort(class_means[1] - class_means[0])
    return {
        "means": center + scale * np.array(means), "strengths": np.array(strengths),
        "moments": np.array([m * scale**power for power, m in enumerate(moments)])[1:],
        "shares": shares[order], "classMeans": center + scale * class_means[:, order]}


def matched(found, whole):
    from itertools import permutations
    effects = lambda entry: entry["classMeans"][1] - entry["classMeans"][0]
    cost = lambda order: ((effects(found)[list(order)] - effects(whole)) ** 2
                          + (found["shares"][list(order)] - whole["shares"]) ** 2).sum()
    order = list(min(permutations(range(len(whole["shares"]))), key=cost))
    return {**found, "shares": found["shares"][order], "classMeans": found["classMeans"][:, order]}


def errors(replicates):
    values = np.array(replicates)
    return np.sqrt((BLOCKS - 1) / BLOCKS * ((values - values.mean(0)) ** 2).sum(0))


def entry(z, x, t, y, weight, k, features):
    n = len(y)
    weight = np.ones(n) if weight is None else weight * n / weight.sum()
    phi_z, phi_x = features(z, x, weight)
    stacked = np.column_stack([phi_z * (t == arm)[:, None] for arm in (0, 1)])
    values, ranks = canonical(stacked, phi_x, weight)
    scaled = (y - np.average(y, weights=weight))[:, None]
    result = {"canonicalValues": values, "rankTest": rank_test(stacked, phi_x, weight, k), "zExcluded": [], "xExcluded": []}
    for arm in (0, 1):
        rows = t == arm
        a, b, s, w = phi_z[rows], phi_x[rows], scaled[rows], weight[rows]
        result["zExcluded"].append(rank_test(a, np.hstack([b, s * b]), w, k))
        result["xExcluded"].append(rank_test(np.hstack([a, s * a]), b, w, k))
    block = row_integers(BLOCKS, n, 0, BLOCK_STREAM)
    center = np.average(y, weights=weight)
    scale = np.sqrt(np.average((y - center) ** 2, weights=weight))
    result["solvers"] = {}
    for solver in ("spectral", "pencil", "prony"):
        whole = fit(phi_z, phi_x, t, y, weight, k, solver)
        without = [
            matched(fit_scaled(*[part[block != b] for part in (phi_z, phi_x, t, (y - center) / scale, weight)], k, solver,
                               center, scale), whole) for b in range(BLOCKS)]
        quantile = stats.t.ppf(1 - (1 - LEVEL) / 2, BLOCKS - 1)
        effects = lambda found: found["classMeans"][1] - found["classMeans"][0]
        average = lambda found: found["means"][1] - found["means"][0]
        result["solvers"][solver] = {
            "average": average(whole), "averageError": errors([[average(r)] for r in without])[0], "means": whole["means"],
            "strengths": whole["strengths"], "strengthErrors": errors([r["strengths"] for r in without]),
            "moments": whole["moments"], "shares": whole["shares"], "shareErrors": errors([r["shares"] for r in without]),
            "classMeans": whole["classMeans"], "effects": effects(whole),
            "effectErrors": errors([effects(r) for r in without]), "quantile": quantile}
    return {"z": z, "x": x, "t": t, "y": y, "weight": weight, "blocks": BLOCKS, "level": LEVEL, "classes": k, **result}


def two_stage(z, x, t, y):
    """E[Y_t] by two-stage least squares of y on φ_X with instruments φ_Z, in each arm."""
    means = []
    for arm in (0, 1):
        rows = t == arm
        fitted = z[rows] @ np.linalg.lstsq(z[rows], x[rows], rcond=None)[0]
        means.append(x.mean(0) @ np.linalg.lstsq(fitted, y[rows], rcond=None)[0])
    return means[1] - means[0]


def main():
    random = np.random.default_rng(20261129)
    z, x, t, y, weight = cells_draw(random)
    onehot = lambda z, x, weight: (indicators(z[:, 0]), indicators(x[:, 0]))
    cells = entry(z, x, t, y, weight, 3, onehot)
    binary = lambda column: indicators(np.minimum(column, 1))
    # As many features as classes: two-stage least squares gives the same average effect.
    small = fit(binary(z[:, 0]), binary(x[:, 0]), t, y, np.ones(len(y)), 2, "spectral")
    stage = two_stage(binary(z[:, 0]), binary(x[:, 0]), t, y)
    assert_close(small["means"][1] - small["means"][0], stage, 1e-9, "two-stage least squares")
    z2, x2, t2, y2, weight2 = real_draw(random)
    real = entry(z2, x2, t2, y2, weight2, 2,
                 lambda z, x, weight: (monomials(z, 2, weight), monomials(x, 1, weight)))
    cells["twoStage"] = stage
    write("proxies.json", {"cells": cells, "real": real}, packages=("numpy", "scipy"))


if __name__ == "__main__":
    main()
