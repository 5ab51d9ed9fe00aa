"""group_audit.json: what groups left out, pairs, direct effects of groups and balance say, on the rows of effects.json.

Whole matrices in the plainest way. Loadings are checked against 2SLS of shifted outcomes, influences against HFUL's
covariance, whose pairs of rows they lack, and Wald's statistic against another choice of the group left out.
"""
from itertools import combinations

import numpy as np
from fixture import assert_close, write
from make_effects import (
    K, M, N, SEED, controls, deviations, f, functions, hful, partial, sd, shares, soft, t, t_mean, two_stage, weight, y)
from philox import blocks, normals, uniforms

FEATURES, PERMUTATIONS, B, R = 46, 47, 999, 64
DEGREE = 2
slope = np.array([1.0, 2 * t_mean])
x_std = deviations / sd


def fit(members):
    """HFUL and 2SLS of some groups: the partialled columns, weighed by the root of the row weights."""
    inside = soft[:, members].sum(1)
    v = weight * inside
    v = v * N / v.sum()
    z = 0
    for k in members:
        h = np.column_stack([functions(f[:, k], deviations, DEGREE, False), (f[:, k] - t_mean)[:, None] * deviations])
        z = z + (soft[:, k] / inside - shares[k] / shares[members].sum())[:, None] * h
    d = functions(t, deviations, DEGREE, False)
    whole = partial(np.column_stack([y, d, z]), controls, v)
    return whole[:, 0], whole[:, 1:1 + DEGREE], whole[:, 1 + DEGREE:], v


def hful_parts(y, d, z):
    """The slope, its error, the influence of each row on it, and the loading of each row."""
    b, covariance = hful(y, d, z, N)
    q, _ = np.linalg.qr(z)
    h = (q * q).sum(1)
    whole = np.column_stack([y, d])
    A, B_, C = whole.T @ (q @ (q.T @ whole)), whole.T @ whole, (whole * h[:, None]).T @ whole
    tilde = np.min(np.linalg.eigvals(np.linalg.solve(B_, A - C)).real)
    a = (tilde - (1 - tilde) / N) / (1 - (1 - tilde) / N)
    H = (A - C - a * B_)[1:, 1:]
    u = y - d @ b
    X = d - np.outer(u, d.T @ u / (u @ u))
    Y = q @ (q.T @ X)
    loading = (Y - h[:, None] * X) @ np.linalg.solve(H, slope)
    P = q @ q.T
    pull = u * (X @ np.linalg.solve(H, slope))
    pairs = pull @ ((P * P) @ pull) - (h * h * pull * pull).sum()
    assert_close(((loading * u)**2).sum() + pairs, slope @ covariance @ slope, 1e-10, "influences")
    return slope @ b, np.sqrt(slope @ covariance @ slope), loading * u, loading


def two_stage_parts(y, d, z):
    b, fitted, u = two_stage(y, d, z)
    loading = fitted @ np.linalg.solve(fitted.T @ d, slope)
    return slope @ b, np.sqrt(((loading * u)**2).sum()), loading * u, loading


def moved(loading, v):
    """What a unit shift of y by each group, and by each group along each covariate, does to the slope."""
    pull = (np.sqrt(v) * loading)[:, None] * (soft - shares)
    return pull.sum(0), pull.T @ x_std


everyone = list(range(K))
columns = fit(everyone)
result = {}
for name, parts in [("hful", hful_parts), ("2sls", two_stage_parts)]:
    whole = parts(*columns[:3])
    shift, along = moved(whole[3], columns[3])
    left = []
    for k in range(K):
        rest = parts(*fit([j for j in everyone if j != k])[:3])
        left.append({"estimate": rest[0], "standardError": rest[1], "difference": rest[0] - whole[0],
                     "differenceError": np.sqrt(((rest[2] - whole[2])**2).sum())})
    y_sd = np.sqrt((weight * (y - (weight * y).sum() / N)**2).sum() / N)
    half = 1.959963984540054 * whole[1]
    bounds = {}
    for kind, effects in [("shift", shift), ("shiftByX", along.ravel())]:
        s, r = y_sd * np.abs(effects).sum(), y_sd * np.sqrt((effects**2).sum())
        bounds[kind] = {
            "bounded": [[whole[0] - half - e * s, whole[0] + half + e * s] for e in (0.01, 0.02, 0.05, 0.1)],
            "normal": [[whole[0] + sign * 1.959963984540054 * np.hypot(whole[1], e * r) for sign in (-1, 1)]
                       for e in (0.01, 0.02, 0.05, 0.1)],
            "breakdown": max(0.0, abs(whole[0]) - half) / s}
    result[name] = {"estimate": whole[0], "leftOut": left, "bounds": bounds}

# 2SLS is linear in y, so that a shifted outcome moves it by just what the loadings say.
root = np.sqrt(weight)
shift = ((soft[:, 0] - shares[0]) * x_std[:, 1]) * root
weighed = controls * root[:, None]
shift = shift - weighed @ np.linalg.lstsq(weighed, shift, rcond=None)[0]
change = slope @ two_stage(columns[0] + shift, columns[1], columns[2])[0] - result["2sls"]["estimate"]
assert_close(moved(two_stage_parts(*columns[:3])[3], columns[3])[1][0, 1], change, 1e-9, "loadings")

# Balance.
size = (weight[:, None] * soft).sum(0)
means = (weight[:, None] * soft).T @ x_std / size[:, None]
variances = np.array([(weight * soft[:, k]) @ (x_std - means[k])**2 / size[k] for k in range(K)])
pairs = [{"groups": [a, b], "differences": (means[a] - means[b]) / np.sqrt((variances[a] + variances[b]) / 2),
          "varianceRatios": variances[a] / variances[b]} for a, b in combinations(range(K), 2)]


def wald(kept):
    a = np.column_stack([x_std, x_std**2 - 1])
    g = np.column_stack([weight[:, None] * (soft[:, [k]] - shares[k]) * a for k in kept])
    return g.sum(0) @ np.linalg.solve(g.T @ g, g.sum(0))


assert_close(wald([0, 1]), wald([1, 2]), 1e-9, "Wald")

# The distance of embeddings, with the program's features and permutations.
r, j = np.arange(R)[:, None], np.arange(M)[None, :]
omega = normals(r, j, SEED, FEATURES) / np.sqrt(M)
phase = 2 * np.pi * uniforms(np.arange(R), M, SEED, FEATURES)[0]
phi = np.sqrt(2 / R) * np.cos(x_std @ omega.T + phase)
phi = weight[:, None] * (phi - (weight @ phi) / N)
rest = soft - shares


def distance(rest, phi=phi):
    return (((rest.T @ phi) / N)**2).sum(1) @ (1 / shares)


def permutations():
    words = blocks(np.arange(B)[:, None], np.arange((N + 3) // 4)[None, :], SEED, PERMUTATIONS)
    words = words.transpose(1, 2, 0).reshape(B, -1)
    for number in range(B):
        order = np.arange(N)
        for i in range(N):
            other = int(words[number, i]) * (i + 1) >> 32
            order[i], order[other] = order[other], order[i]
        yield order


def signs():
    words = blocks(np.arange(B)[:, None], np.arange((N + 127) // 128)[None, :], SEED, PERMUTATIONS)
    words = words.transpose(1, 2, 0).reshape(B, -1)
    for number in range(B):
        yield np.array([1.0 if int(words[number, i // 32]) >> i % 32 & 1 else -1.0 for i in range(N)])


observed = distance(rest)
# Groups that go with the first covariate, whose shares the second and its square decide.
leaning = np.exp(np.column_stack([0.8 * x_std[:, 0], 0.5 * x_std[:, 1]**2, np.zeros(N)])) * (0.2 + soft)
leaning /= leaning.sum(1)[:, None]
own = np.exp(np.column_stack([np.zeros(N), 0.5 * x_std[:, 1]**2, np.zeros(N)]))
own /= own.sum(1)[:, None]
residual = leaning - own
mean_share = (weight[:, None] * leaning).sum(0) / N


def leaning_distance(rest):
    return (((rest.T @ phi) / N)**2).sum(1) @ (1 / mean_share)


entropy = -(soft * np.log(soft)).sum(1)
write("group_audit.json", {
    "methods": result, "pairs": pairs, "wald": wald([0, 1]),
    "mmd": observed, "mmdReached": sum(distance(rest[order]) >= observed for order in permutations()),
    "leaning": leaning, "leaningShares": own, "leaningMMD": leaning_distance(residual),
    "leaningReached": sum(
        leaning_distance(residual * sign[:, None]) >= leaning_distance(residual) for sign in signs()),
    "entropy": weight @ entropy / N,
    "sizes": (weight[:, None] * soft).sum(0)**2 / ((weight[:, None] * soft)**2).sum(0)}, packages=("numpy",))
