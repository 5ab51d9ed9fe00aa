"""instrumental.json: instrumental regressions by linearmodels, statsmodels, pyfixest, ivmodels and plain numpy.

`samples` are sets of rows: `strong` and its weighted twin `weighted` with two endogenous columns, `weak` with two, `single`
and `feeble` with one. What a package offers comes from it; every number is computed a second time here, from projection
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


# First stage


def effective_critical(V):
    """Montiel Olea and Pflueger (2013), simplified procedure, bias of a tenth."""
    x, trace = 10.0, np.trace(V)
    K = trace**2 * (1 + 2 * x) / (np.trace(V.T @ V) + 2 * x * trace * np.max(np.linalg.eigvalsh(V)))
    return stats.ncx2.ppf(0.95, K, x * K) / K


def first_stage(sample, problem):
    p = problem
    x = np.column_stack([np.ones(ROWS), sample["w"], sample["z"]])
    theirs = IV2SLS(sample["y"], x[:, :p.c], sample["d"], sample["z"], weights=p.weights).fit(
        cov_type="robust", debiased=True).first_stage
    result = []
    for j in range(p.q):
        diagnostics = theirs.diagnostics.iloc[j]
        model = sm.WLS(sample["d"][:, j], x, weights=p.weights)
        restriction = np.eye(p.c + p.L)[p.c:]
        plain = model.fit().f_test(restriction)
        robust = {"hc1": model.fit(cov_type="HC1"),
                  "cluster": model.fit(cov_type="cluster", cov_kwds={"groups": p.clusters}),
                  "twoWay": model.fit(cov_type="cluster", cov_kwds={"groups": np.column_stack([p.clusters, p.others])})}
        e = p.Dp[:, j] - p.P @ p.Dp[:, j]
        entry = {
            "rSquared": diagnostics["rsquared"] if p.q and np.ptp(p.weights) == 0 else model.fit().rsquared,
            "partialRSquared": diagnostics["partial.rsquared"], "sheaRSquared": diagnostics["shea.rsquared"],
            "f": {"statistic": float(plain.fvalue), "pValue": float(plain.pvalue)}, "robust": {}}
        assert_close(float(robust["hc1"].f_test(restriction).fvalue) * p.L, diagnostics["f.stat"], 1e-8, "robust F")
        for kind, fit in robust.items():
            test = fit.f_test(restriction)
            degrees = p.free if kind == "hc1" else len(np.unique(p.others if kind == "twoWay" else p.clusters)) - 1
            V = meat(p.Q * e[:, None], p, kind, p.c + p.L)
            statistic = float(test.fvalue)
            moment = p.Q.T @ p.Dp[:, j]
            assert_close(moment @ np.linalg.solve(V, moment) / p.L, statistic, 1e-7, f"F {kind}")
            if np.linalg.eigvalsh(V)[0] < 0:
                # Two ways of clustering may leave no variance matrix: there is no test then.
                statistic = None
            entry["robust"][kind] = {
                "statistic": statistic, "pValue": None if statistic is None else stats.f.sf(statistic, p.L, degrees),
                "effectiveF": moment @ moment / np.trace(V), "effectiveFCritical": effective_critical(V)}
        if p.q > 1:
            entry["conditional"], entry["robustConditional"] = conditional(p, j)
        result.append(entry)
    return result


def conditional(p, j):
    others = np.delete(p.Dp, j, axis=1)
    fitted = p.P @ others
    delta = np.linalg.lstsq(fitted, p.Dp[:, j], rcond=None)[0]
    r = p.Dp[:, j] - others @ delta
    rest, degrees = r - p.P @ r, p.L - p.q + 1
    plain = (r @ p.P @ r / degrees) / (rest @ rest / p.free)
    V, m = meat(p.Q * rest[:, None], p, "hc1", p.c + p.L), p.Q.T @ r
    robust = m @ np.linalg.solve(V, m) / degrees
    return tuple({"statistic": f, "pValue": stats.f.sf(f, degrees, p.free)} for f in (plain, robust))


def effective_by_pyfixest(sample, problem):
    """pyfixest does not partial controls out of the instruments, so it is given partialled columns."""
    p = problem
    frame = pd.DataFrame(np.column_stack([p.yp, p.Dp, p.Zp]), columns=["y", "d"] + [f"z{j}" for j in range(p.L)])
    fit = pyfixest.feols("y ~ 1 | d ~ " + " + ".join(f"z{j}" for j in range(p.L)), frame, vcov="HC1")
    fit.IV_Diag(statistics=["effective_f"])
    return fit._eff_F * p.free / (p.n - p.L - 1)


# Rank


def cragg_donald(p):
    rest = p.Dp - p.P @ p.Dp
    Om = rest.T @ rest / p.free
    return np.min(np.real(scipy.linalg.eigvals(p.Dp.T @ p.P @ p.Dp, Om))) / p.L


def kleibergen_paap(p, kind):
    """With the square roots and Kronecker products of the paper."""
    rest = p.Dp - p.P @ p.Dp
    root = np.linalg.inv(np.real(scipy.linalg.sqrtm(rest.T @ rest / p.n)))
    G = np.real(scipy.linalg.sqrtm(p.Zp.T @ p.Zp / p.n))
    Pi = np.linalg.lstsq(p.Zp, p.Dp, rcond=None)[0]
    Theta = G @ Pi @ root
    U, _, Vt = np.linalg.svd(Theta)
    V, r = Vt.T, p.q - 1
    U22, U12 = U[r:, r:], U[:r, r:]
    V22, V12 = V[r:, r:], V[:r, r:]
    half = lambda x: np.real(scipy.linalg.sqrtm(x))
    A = np.vstack([U12, U22]) @ np.linalg.inv(U22) @ half(U22 @ U22.T)
    B = half(V22 @ V22.T) @ np.linalg.inv(V22.T) @ np.hstack([V12.T, V22.T])
    l = (A.T @ Theta @ B.T).reshape(-1, order="F")
    left = np.linalg.inv(G)
    e = rest @ root
    # vec(Theta) has the influence e_i x G^-1 z_i / n.
    scores = np.einsum("ia,il->ial", e, p.Zp @ left).reshape(p.n, -1)
    W = np.eye(p.q * p.L) * p.n if kind == "homoskedastic" else meat(scores, p, kind)
    K = np.kron(B, A.T)
    statistic = p.n**2 * l @ np.linalg.solve(K @ W @ K.T, l)
    degrees = p.L - p.q + 1
    factor = {"hc0": p.n / p.free, "homoskedastic": p.n / p.free,
              "cluster": 24 / 23 * (p.n - 1) / p.free}[kind]
    return {"statistic": statistic, "degreesOfFreedom": degrees, "pValue": stats.chi2.sf(statistic, degrees),
            "f": statistic / factor / p.L}


# Tests


def tests(sample, problem):
    p = problem
    model = IV2SLS(sample["y"], np.column_stack([np.ones(ROWS), sample["w"]]), sample["d"], sample["z"],
                   weights=p.weights)
    fit = model.fit(cov_type="robust")
    clustered = model.fit(cov_type="clustered", clusters=p.clusters, debiased=False)
    plain = model.fit(cov_type="unadjusted")
    # linearmodels multiplies clustered covariances without `debiased` by nothing, the library by G/(G-1) (n-1)/(n-p).
    factor = 24 / 23 * (p.n - 1) / (p.n - p.c - 2 * p.q)
    named = {"sargan": fit.sargan, "basmann": fit.basmann, "durbin": fit.durbin(), "wuHausman": fit.wu_hausman(),
             "wooldridge": fit.wooldridge_regression, "wooldridgeUnadjusted": plain.wooldridge_regression}
    result = {name: {"statistic": test.stat, "pValue": test.pval} for name, test in named.items()}
    scale = clustered.wooldridge_regression.stat / factor
    return result | {"wooldridgeCluster": {"statistic": scale, "pValue": stats.chi2.sf(scale, p.q)}}


# Weak instruments


def moment_tests(p, b, kind):
    """AR and K from the scores of the rows."""
    u = p.residual(b)
    m = p.Q.T @ u
    if kind == "unadjusted":
        rest = p.R - p.P @ p.R
        Om = rest.T @ rest / p.free
        beta = np.append(-np.asarray(b), 1.0)
        V = beta @ Om @ beta * np.eye(p.L)
        covariances = [(Om[a] @ beta) * np.eye(p.L) for a in range(p.q)]
    else:
        scores = p.Q * u[:, None]
        def cross(a):
            both = np.column_stack([p.Q * p.Dp[:, [a]], scores])
            return meat(both, p, kind)[:p.L, p.L:]
        V, covariances = meat(scores, p, kind), [cross(a) for a in range(p.q)]
    x = np.linalg.solve(V, m)
    D = np.column_stack([p.Q.T @ p.Dp[:, a] - covariances[a] @ x for a in range(p.q)])
    pull = D.T @ x
    return m @ x, pull @ np.linalg.solve(D.T @ np.linalg.solve(V, D), pull)


def weak_tests(sample, p):
    w = sample["w"] if np.ptp(p.weights) == 0 else None
    result = []
    for b in ([0.7, -0.03], [0.2, 0.05], [-3.0, 1.0]):
        b = b[:p.q]
        entry = {"b": b, "tests": {}}
        for kind in ("unadjusted", "hc0", "cluster"):
            ar, lm = moment_tests(p, b, kind)
            entry["tests"][kind] = {"andersonRubin": ar, "andersonRubinP": stats.chi2.sf(ar, p.L),
                                    "lagrangeMultiplier": lm, "lagrangeMultiplierP": stats.chi2.sf(lm, p.q)}
        if w is not None:
            arguments = {"Z": sample["z"], "X": sample["d"], "y": sample["y"], "beta": np.array(b), "C": w}
            ar, _ = anderson_rubin_test(**arguments)
            lm, _ = lagrange_multiplier_test(**arguments)
            assert_close(ar * p.L / entry["tests"]["unadjusted"]["andersonRubin"], 1, 1e-8, "AR")
            assert_close(lm / entry["tests"]["unadjusted"]["lagrangeMultiplier"], 1, 1e-7, "LM")
            if p.q == 1:
                statistic, pvalue = conditional_likelihood_ratio_test(**arguments, tol=1e-13)
                entry["conditionalLikelihoodRatio"] = {"statistic": statistic, "pValue": pvalue}
        result.append(entry)
    return result


class Profile:
    """The least AR over coefficients with l'b = center + scale tan(phi), by scanning all directions of the other one."""

    def __init__(self, p, weights, kind):
        fit = k_class(p, liml_k(p))
        b, weights = np.array(fit["coefficients"]), np.asarray(weights)
        self.center = weights @ b
        self.scale = 2 * np.sqrt(weights @ fit["covariances"]["unadjusted"] @ weights)
        self.origin = np.append(-b, 1.0)
        self.direction = np.append(-self.scale * weights / (weights @ weights), 0.0)
        null = scipy.linalg.null_space(weights[None, :])
        self.other = None
        if null.shape[1]:
            spread = np.sqrt(null[:, 0] @ fit["covariances"]["unadjusted"] @ null[:, 0])
            self.other = np.append(null[:, 0], 0.0) * spread
        self.M = p.Q.T @ p.R
        m = p.q + 1
        if kind == "unadjusted":
            rest = p.R - p.P @ p.R
            self.V = np.einsum("ab,kl->abkl", rest.T @ rest / p.free, np.eye(p.L))
        else:
            scores = np.column_stack([p.Q * p.R[:, [a]] for a in range(m)])
            self.V = meat(scores, p, kind).reshape(m, p.L, m, p.L).transpose(0, 2, 1, 3)

    def statistic(self, beta):
        moment = self.M @ beta
        return moment @ np.linalg.solve(np.einsum("a,b,abkl->kl", beta, beta, self.V), moment)

    def __call__(self, phi):
        fixed = np.cos(phi) * self.origin + np.sin(phi) * self.direction
        if self.other is None:
            return self.statistic(fixed)
        f = lambda psi: self.statistic(np.cos(psi) * fixed + np.sin(psi) * self.other)
        grid = np.linspace(-np.pi / 2, np.pi / 2, 61)
        values = [f(psi) for psi in grid]
        best = np.inf
        for i in range(60):
            left, here, right = values[i - 1] if i else values[-2], values[i], values[i + 1]
            if here <= left and here <= right:
                step = np.pi / 60
                fit = scipy.optimize.minimize_scalar(
                    f, bounds=(grid[i] - step, grid[i] + step), method="bounded", options={"xatol": 1e-10})
                best = min(best, fit.fun)
        return best


def confidence_set(p, weights, kind, critical):
    """The ends of {theta: AR <= critical}, and whether infinity belongs to it."""
    profile = Profile(p, weights, kind)
    f = lambda phi: profile(phi) - critical
    grid = np.linspace(-np.pi / 2, np.pi / 2, 201)
    values = [f(phi) for phi in grid]
    roots = [scipy.optimize.brentq(f, grid[i], grid[i + 1], xtol=1e-15, rtol=1e-14)
             for i in range(200) if (values[i] > 0) != (values[i + 1] > 0)]
    return sorted(profile.center + profile.scale * np.tan(roots)), bool(values[0] <= 0)


def sets(sample, p):
    result = []
    for weights in ([1.0], ) if p.q == 1 else ([1.0, 0.0], [1.0, 20.0]):
        for kind in ("unadjusted", "hc0", "cluster"):
            critical = stats.chi2.ppf(0.95, p.L - p.q + 1)
            roots, unbounded = confidence_set(p, weights, kind, critical)
            result.append({"weights": weights, "kind": kind, "ends": roots, "isUnbounded": unbounded})
            if kind == "unadjusted" and np.ptp(p.weights) == 0 and weights[1:] in ([], [0.0]):
                quadric = inverse_anderson_rubin_test(
                    Z=sample["z"], X=sample["d"][:, :1], y=sample["y"], W=sample["d"][:, 1:], C=sample["w"])
                # Where the other coefficient is not bounded by itself its ends mean nothing: the set is the line.
                if unbounded and not roots:
                    continue
                theirs = np.sort(np.ravel(quadric._boundary()))
                assert_close(theirs, roots, 1e-6, "subset AR set")
    return result


def section(sample, weighted):
    problem = p = Problem(sample, weighted)
    kp = {kind: kleibergen_paap(p, kind) for kind in ("hc0", "cluster")}
    assert_close(kleibergen_paap(p, "homoskedastic")["f"], cragg_donald(p), 1e-8, "KP of equal variances")
    if not weighted:
        statistic, _ = rank_test(sample["z"], sample["d"], C=sample["w"])
        assert_close(statistic, cragg_donald(p) * p.L, 1e-7, "rank test")
    if p.q == 1:
        ours = first_stage(sample, p)[0]["robust"]["hc1"]["effectiveF"]
        assert_close(effective_by_pyfixest(sample, p), ours, 1e-8, "effective F")
    return {"estimates": estimates(sample, problem), "firstStage": first_stage(sample, p),
            "craggDonald": cragg_donald(p), "kleibergenPaap": kp, "tests": tests(sample, p),
            "weakTests": weak_tests(sample, p), "sets": sets(sample, p)}


def main():
    strong, weak, single, feeble = draw(8, 2, 1.0), draw(9, 2, 0.12), draw(10, 1, 0.5), draw(21, 1, 0.3)
    write("instrumental.json", {
        "samples": {"strong": strong, "weak": weak, "single": single, "feeble": feeble},
        "strong": section(strong, False), "weighted": section(strong, True), "weak": section(weak, False),
        "single": section(single, False), "feeble": section(feeble, False),
    }, ("linearmodels", "statsmodels", "pyfixest", "ivmodels", "scipy", "numpy"))


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        main()
