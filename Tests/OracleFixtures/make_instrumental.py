"""instrumental.json: instrumental regressions by linearmodels, statsmodels, pyfixest, ivmodels and plain numpy.

`samples` are sets of rows: `strong` and its weighted twin `weighted` with two endogenous columns, `weak` with two, and
`single` with one. What a package offers comes from it; every number is computed a second time here, from projection
matrices [n, n] and the formulas of the papers, which share nothing with the library's sums.
"""

import warnings

import numpy as np
import pandas as pd
import pyfixest
import scipy.linalg
import statsmodels.api as sm
from fixture import assert_close, write
from ivmodels.tests import (
    anderson_rubin_test, conditional_likelihood_ratio_test, inverse_anderson_rubin_test, lagrange_multiplier_test,
    rank_test)
from linearmodels.iv import IV2SLS, IVGMM, IVLIML
from scipy import stats

ROWS, CONTROLS, INSTRUMENTS = 160, 3, 5


# Data


def draw(seed, endogenous, strength):
    random = np.random.default_rng(seed)
    w = random.normal(size=(ROWS, CONTROLS - 1)) * [1.0, 30.0] + [5.0, -200.0]
    z = random.normal(size=(ROWS, INSTRUMENTS)) + 0.3 * (w[:, :1] - 5)
    clusters = random.permutation(np.arange(ROWS) % 24)
    others = random.integers(0, 6, size=ROWS)
    shock = random.normal(size=24)[clusters] * 0.5
    noise = random.normal(size=(ROWS, 3))
    confounder = noise[:, 0] + shock
    d1 = strength * z @ [0.8, -0.5, 0.3, 0.2, 0.1] + 0.2 * w[:, 0] + confounder + noise[:, 1]
    d2 = 100 + strength * 10 * z @ [0.1, 0.6, 0.7, -0.3, 0.2] - 0.1 * w[:, 1] + 10 * (noise[:, 2] - 0.5 * confounder)
    d = np.column_stack([d1, d2])[:, :endogenous]
    error = (1 + 0.4 * np.abs(z[:, 0])) * (random.normal(size=ROWS) + confounder)
    y = 1000 + w @ [0.5, -0.02] + d @ [0.7, -0.03][:endogenous] + error
    weights = random.uniform(0.3, 2.0, size=ROWS)
    values = np.round(np.column_stack([w, z, d, y]), 6)
    return {"w": values[:, :CONTROLS - 1], "z": values[:, CONTROLS - 1:CONTROLS - 1 + INSTRUMENTS],
            "d": values[:, CONTROLS - 1 + INSTRUMENTS:-1], "y": values[:, -1], "weights": np.round(weights, 6),
            "clusters": clusters, "others": others}


class Problem:
    """Partialled and weighted columns, and projections."""

    def __init__(self, sample, weighted):
        self.weights = sample["weights"] / sample["weights"].mean() if weighted else np.ones(ROWS)
        root = np.sqrt(self.weights)[:, None]
        self.root = root
        self.W = np.column_stack([np.ones(ROWS), sample["w"]]) * root
        self.Z, self.D, self.y = sample["z"] * root, sample["d"] * root, sample["y"][:, None] * root
        self.n, self.c, self.L, self.q = ROWS, CONTROLS, INSTRUMENTS, sample["d"].shape[1]
        self.clusters, self.others = sample["clusters"], sample["others"]
        self.PW, self.PWZ = projection(self.W), projection(np.column_stack([self.W, self.Z]))
        self.M = np.eye(ROWS) - self.PW
        self.P = projection(self.M @ self.Z)
        self.Zp, self.Dp, self.yp = self.M @ self.Z, self.M @ self.D, self.M @ self.y
        self.Q = np.linalg.qr(self.Zp)[0]
        self.R = np.column_stack([self.Dp, self.yp])
        self.free = self.n - self.L - self.c

    def residual(self, b):
        return (self.yp - self.Dp @ np.reshape(b, (-1, 1))).ravel()


def projection(x):
    q = np.linalg.qr(x)[0]
    return q @ q.T


def cluster_sums(scores, clusters):
    return np.array([scores[clusters == g].sum(axis=0) for g in np.unique(clusters)])


def meat(scores, problem, kind, parameters=None, leverage=None):
    """The variance of the sum of scores; clusters with the factor of small samples when parameters are given."""
    n = problem.n
    if kind == "hc0":
        return scores.T @ scores
    if kind == "hc1":
        return n / (n - parameters) * scores.T @ scores
    if kind in ("hc2", "hc3"):
        return (scores.T / (1 - leverage) ** (1 if kind == "hc2" else 2)) @ scores
    if kind == "twoWay":
        both = problem.clusters * 1000 + problem.others
        return (meat_by(scores, problem, problem.clusters, parameters)
                + meat_by(scores, problem, problem.others, parameters) - meat_by(scores, problem, both, parameters))
    return meat_by(scores, problem, problem.clusters if kind == "cluster" else problem.others, parameters)


def meat_by(scores, problem, clusters, parameters):
    sums = cluster_sums(scores, clusters)
    g, n = len(sums), problem.n
    factor = 1 if parameters is None else g / (g - 1) * (n - 1) / (n - parameters)
    return factor * sums.T @ sums


KINDS = ("hc0", "hc1", "hc2", "hc3", "cluster", "other", "twoWay")


# Estimates


def k_class(problem, k):
    p, d, y = problem, problem.Dp, problem.yp
    H = (1 - k) * d.T @ d + k * d.T @ p.P @ d
    b = np.linalg.solve(H, (1 - k) * d.T @ y + k * d.T @ p.P @ y).ravel()
    u = p.residual(b)
    fitted = p.P @ d
    whole = np.column_stack([p.W, p.PWZ @ p.D])
    leverage = np.diag(projection(whole))
    bread = np.linalg.inv(H)
    covariances = {"unadjusted": u @ u / p.n * bread}
    for kind in KINDS:
        covariances[kind] = bread @ meat(fitted * u[:, None], p, kind, p.c + p.q, leverage) @ bread
    return {"k": k, "coefficients": b, "covariances": covariances}


def liml_k(problem):
    p = problem
    A, B = p.R.T @ p.P @ p.R, p.R.T @ p.R
    return np.min(np.real(scipy.linalg.eigvals(B, B - A)))


def against_linearmodels(problem, fit, model, name):
    """Replaces numbers by those of linearmodels, which must agree."""
    p = problem
    q = p.q
    clusters = {"cluster": p.clusters, "other": p.others, "twoWay": np.column_stack([p.clusters, p.others])}
    results = {"unadjusted": model.fit(cov_type="unadjusted"), "hc0": model.fit(cov_type="robust"),
               "hc1": model.fit(cov_type="robust", debiased=True)}
    for kind, codes in clusters.items():
        results[kind] = model.fit(cov_type="clustered", clusters=codes, debiased=True)
    for kind, result in results.items():
        assert_close(result.params.to_numpy()[-q:], fit["coefficients"], 1e-9, f"{name} coefficients")
        theirs = result.cov.to_numpy()[-q:, -q:]
        assert_close(theirs / fit["covariances"][kind], np.ones((q, q)), 1e-7, f"{name} {kind}")
        fit["covariances"][kind] = theirs
    fit["coefficients"] = results["hc0"].params.to_numpy()[-q:]
    fit["controls"] = results["hc0"].params.to_numpy()[:-q]


def ordinary(sample, problem):
    p = problem
    x = np.column_stack([np.ones(ROWS), sample["w"], sample["d"]])
    model = sm.WLS(sample["y"], x, weights=p.weights)
    fit = model.fit()
    q = p.q
    covariances = {kind: model.fit(cov_type=kind.upper()).cov_params()[-q:, -q:] for kind in ("hc0", "hc1", "hc2", "hc3")}
    groups = {"cluster": p.clusters, "other": p.others, "twoWay": np.column_stack([p.clusters, p.others])}
    for kind, codes in groups.items():
        covariances[kind] = model.fit(cov_type="cluster", cov_kwds={"groups": codes}).cov_params()[-q:, -q:]
    covariances["unadjusted"] = fit.cov_params()[-q:, -q:] * (p.n - p.c - q) / p.n
    own = k_class(p, 0)
    assert_close(own["coefficients"], fit.params[-q:], 1e-9, "ordinary")
    assert_close(own["covariances"]["unadjusted"] / covariances["unadjusted"], np.ones((q, q)), 1e-8, "ordinary")
    bread = np.linalg.inv(p.Dp.T @ p.Dp)
    leverage = np.diag(projection(np.column_stack([p.W, p.D])))
    scores = p.Dp * p.residual(fit.params[-q:])[:, None]
    for kind in KINDS:
        mine = bread @ meat(scores, p, kind, p.c + q, leverage) @ bread
        assert_close(mine / covariances[kind], np.ones((q, q)), 1e-7, f"ordinary {kind}")
    return {"k": 0, "coefficients": fit.params[-q:], "controls": fit.params[:-q], "covariances": covariances}


def hful(problem):
    """Hausman, Newey, Woutersen, Chao and Swanson (2012), equations of section 2, row by row."""
    p = problem
    R, h = p.R, np.diag(p.P)
    B, off = R.T @ R, R.T @ (p.P - np.diag(h)) @ R
    smallest = np.min(np.real(scipy.linalg.eigvals(off, B)))
    a = (smallest - (1 - smallest) / p.n) / (1 - (1 - smallest) / p.n)
    H = (off - a * B)[:p.q, :p.q]
    b = np.linalg.solve(H, (off - a * B)[:p.q, p.q])
    u = p.residual(b)
    X = p.Dp - np.outer(u, p.Dp.T @ u / (u @ u))
    Y = p.P @ X
    S = np.zeros((p.q, p.q))
    for i in range(p.n):
        S += u[i] ** 2 * (np.outer(Y[i], Y[i]) - h[i] * np.outer(X[i], Y[i]) - h[i] * np.outer(Y[i], X[i]))
    Xu = X * u[:, None]
    # sum over k, l of the products equals sum over i, j of P_ij^2 X_i u_i u_j X_j'.
    S += Xu.T @ (p.P**2) @ Xu
    bread = np.linalg.inv(H)
    return {"k": a, "coefficients": b, "covariances": {"hc0": bread @ S @ bread}}


def jackknife(problem, fitted, D, y):
    inverse = np.linalg.inv(fitted.T @ D)
    b = (inverse @ fitted.T @ y).ravel()
    scores = fitted * problem.residual(b)[:, None]
    return {"coefficients": b, "covariances": {"hc0": inverse @ scores.T @ scores @ inverse.T}}


def leave_one_out(X, target):
    """Predictions of each row by regression on all others, one regression a row."""
    result = np.zeros_like(target)
    for i in range(len(X)):
        rest = np.arange(len(X)) != i
        result[i] = X[i] @ np.linalg.lstsq(X[rest], target[rest], rcond=None)[0]
    return result


def jive(problem):
    p = problem
    return jackknife(p, leave_one_out(p.Zp, p.Dp), p.Dp, p.yp)


def ujive(problem):
    p = problem
    mean = p.root / (p.root.T @ p.root)
    D, y = p.D - p.root * (mean.T @ p.D), p.y - p.root * (mean.T @ p.y)
    fitted = leave_one_out(np.column_stack([p.W, p.Z]), D) - leave_one_out(p.W, D)
    return jackknife(p, fitted, D, y)


def gmm(sample, problem, kind):
    p = problem
    x = {"cluster": ("clustered", {"clusters": p.clusters}), "hc0": ("robust", {})}[kind]
    model = IVGMM(sample["y"], np.column_stack([np.ones(ROWS), sample["w"]]), sample["d"], sample["z"],
                  weights=p.weights, weight_type=x[0], center=False, **x[1])
    result = model.fit(iter_limit=2, cov_type="robust")
    weight, q = result.weight_matrix, p.q
    wx, wz = np.column_stack([p.W, p.D]), np.column_stack([p.W, p.Z])
    # The efficient covariance at the weight itself; that of linearmodels takes the variance at the second step.
    whole = np.linalg.inv((wx.T @ wz / p.n) @ weight @ (wz.T @ wx / p.n)) / p.n
    first = np.array(k_class(p, 1)["coefficients"])
    scores = p.Q * p.residual(first)[:, None]
    inverse = np.linalg.inv(meat(scores, p, kind))
    MD, My = p.Q.T @ p.Dp, p.Q.T @ p.yp
    covariance = np.linalg.inv(MD.T @ inverse @ MD)
    b = (covariance @ MD.T @ inverse @ My).ravel()
    rest = p.Q.T @ p.residual(b)
    j = rest @ inverse @ rest
    assert_close(result.params.to_numpy()[-q:], b, 1e-9, "gmm")
    assert_close(whole[-q:, -q:] / covariance, np.ones((q, q)), 1e-7, "gmm covariance")
    assert_close(result.j_stat.stat, j, 1e-8, "J")
    return {"coefficients": result.params.to_numpy()[-q:], "covariances": {kind: whole[-q:, -q:]},
            "statistic": result.j_stat.stat, "degreesOfFreedom": p.L - q, "pValue": result.j_stat.pval}


def estimates(sample, problem):
    p = problem
    exogenous = np.column_stack([np.ones(ROWS), sample["w"]])
    arguments = (sample["y"], exogenous, sample["d"], sample["z"])
    k = liml_k(p)
    result = {"ordinary": ordinary(sample, p)}
    for name, kappa, model in (
            ("twoStage", 1.0, IV2SLS(*arguments, weights=p.weights)), ("liml", k, IVLIML(*arguments, weights=p.weights)),
            ("fuller", k - 1 / p.free, IVLIML(*arguments, weights=p.weights, fuller=1))):
        result[name] = k_class(p, kappa)
        against_linearmodels(p, result[name], model, name)
    return result | {"hful": hful(p), "jive": jive(p), "ujive": ujive(p), "gmm": gmm(sample, p, "hc0"),
                     "gmmCluster": gmm(sample, p, "cluster")}


def section(sample, weighted):
    problem = Problem(sample, weighted)
    return {"estimates": estimates(sample, problem)}


def main():
    strong, weak, single = draw(8, 2, 1.0), draw(9, 2, 0.12), draw(10, 1, 0.5)
    write("instrumental.json", {
        "samples": {"strong": strong, "weak": weak, "single": single},
        "strong": section(strong, False), "weighted": section(strong, True), "weak": section(weak, False),
        "single": section(single, False),
    }, ("linearmodels", "statsmodels", "pyfixest", "ivmodels", "scipy", "numpy"))


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        main()
