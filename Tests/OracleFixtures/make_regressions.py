"""regressions_floor.json: least squares by statsmodels, instruments by linearmodels, ridge by scikit-learn.

Columns of `c`: constant, w1, w2 (exogenous), d1, d2 (endogenous), z1, z2, z3 (instruments), y; rows in the order of
time. Every estimate is computed a second time by its formula in numpy. `difference` is least squares less two-stage
least squares of the same model, with the covariance of the rows' own differences of influence functions.
"""

import numpy as np
import scipy.stats
import statsmodels.api as sm
from fixture import assert_close, write
from linearmodels.iv import IV2SLS, IVLIML
from sklearn.linear_model import Ridge

ROWS, LAGS, PARAMETERS = 70, 3, 5
EXOGENOUS, ENDOGENOUS, INSTRUMENTS, RESPONSE = [0, 1, 2], [3, 4], [5, 6, 7], 8
REGRESSORS = EXOGENOUS + ENDOGENOUS


def data():
    random = np.random.default_rng(31)
    noise = random.normal(size=(ROWS, 3))
    for row in range(1, ROWS):
        noise[row] += 0.5 * noise[row - 1]
    w = random.normal(size=(ROWS, 2)) * [1.0, 3.0] + [0.5, -2.0]
    z = random.normal(size=(ROWS, 3)) + 0.3 * w[:, :1]
    d1 = z @ [0.8, -0.5, 0.3] + w @ [0.2, 0.1] + noise[:, 0]
    d2 = z @ [0.1, 0.6, 0.7] - 0.4 * w[:, 0] + noise[:, 1]
    error = (1 + 0.3 * np.abs(w[:, 0])) * (noise[:, 2] + noise[:, 0] - noise[:, 1])
    y = 1 + w @ [0.5, -0.2] + 0.7 * d1 - 0.3 * d2 + error
    return (np.column_stack([np.ones(ROWS), w, d1, d2, z, y]), random.uniform(0.3, 2.0, size=ROWS),
            random.permutation(np.arange(ROWS) % 9))


def meats(scores, leverage, clusters):
    """Name -> meat, by the formulas."""
    p = scores.shape[1]
    sums = np.array([scores[clusters == g].sum(axis=0) for g in np.unique(clusters)])
    groups = len(sums)
    result = {
        "hc0": scores.T @ scores, "hc1": ROWS / (ROWS - p) * scores.T @ scores,
        "hc2": (scores.T / (1 - leverage)) @ scores, "hc3": (scores.T / (1 - leverage) ** 2) @ scores,
        "cr0": sums.T @ sums, "cr1": groups / (groups - 1) * (ROWS - 1) / (ROWS - p) * sums.T @ sums}
    hac = scores.T @ scores
    for lag in range(1, LAGS + 1):
        gamma = scores[lag:].T @ scores[:-lag]
        hac = hac + (1 - lag / (LAGS + 1)) * (gamma + gamma.T)
    return {**result, "bartlett": hac}


def sandwiches(fitted, residuals, bread, weights, clusters):
    scores = fitted * (weights * residuals)[:, None]
    inverse = np.linalg.inv((fitted.T * weights) @ fitted)
    leverage = weights * np.einsum("ij,jk,ik->i", fitted, inverse, fitted)
    return {name: bread @ meat @ bread for name, meat in meats(scores, leverage, clusters).items()}


def least_squares(c, weights, clusters):
    x, y = c[:, REGRESSORS], c[:, RESPONSE]
    model = sm.WLS(y, x, weights=weights)
    fit = model.fit()
    bread = np.linalg.inv((x.T * weights) @ x)
    own = sandwiches(x, y - x @ fit.params, bread, weights, clusters)
    covariances = {name: model.fit(cov_type=name.upper()).cov_params() for name in ("hc0", "hc1", "hc2", "hc3")}
    for name in ("cr0", "cr1"):
        keywords = {"groups": clusters, "use_correction": name == "cr1"}
        covariances[name] = model.fit(cov_type="cluster", cov_kwds=keywords).cov_params()
    covariances["bartlett"] = model.fit(cov_type="HAC", cov_kwds={"maxlags": LAGS}).cov_params()
    for name, covariance in covariances.items():
        assert_close(np.asarray(covariance) / own[name], np.ones_like(own[name]), 1e-8, name)
    return {"coefficients": fit.params, "residualSquares": fit.ssr if np.ptp(weights) == 0 else weights @ fit.resid**2,
            "rSquared": fit.rsquared, "classical": fit.cov_params(), "covariances": covariances}


def instrumental(c, clusters, k, model):
    x, z, y = c[:, REGRESSORS], c[:, EXOGENOUS + INSTRUMENTS], c[:, RESPONSE]
    fit = model.fit(cov_type="robust")
    kappa = 1.0 if k == 1 else fit.kappa
    fitted = z @ np.linalg.lstsq(z, x, rcond=None)[0]
    bread = np.linalg.inv(kappa * x.T @ fitted + (1 - kappa) * x.T @ x)
    params = bread @ (kappa * fitted.T @ y + (1 - kappa) * x.T @ y)
    assert_close(fit.params, params, 1e-10, "coefficients")
    own = sandwiches(fitted, y - x @ params, bread, np.ones(ROWS), clusters)
    covariances = {
        "hc0": fit.cov, "hc1": model.fit(cov_type="robust", debiased=True).cov,
        "cr0": model.fit(cov_type="clustered", clusters=clusters).cov,
        "bartlett": model.fit(cov_type="kernel", kernel="bartlett", bandwidth=LAGS).cov}
    for name, covariance in covariances.items():
        assert_close(np.asarray(covariance) / own[name], np.ones_like(own[name]), 1e-8, name)
    covariances |= {name: own[name] for name in ("hc2", "hc3", "cr1")}
    return {"k": kappa, "coefficients": fit.params.to_numpy(), "covariances": {
        name: np.asarray(covariance) for name, covariance in covariances.items()},
        "classical": model.fit(cov_type="unadjusted").cov.to_numpy(), "residualSquares": fit.resid_ss}


def ridge(c):
    x, y = c[:, REGRESSORS[1:]], c[:, RESPONSE]
    fits = []
    for penalty in (1e-3, 1.0, 100.0):
        fit = Ridge(alpha=penalty, solver="cholesky").fit(x, y)
        centred = x - x.mean(axis=0)
        slopes = np.linalg.solve(centred.T @ centred + penalty * np.eye(x.shape[1]), centred.T @ (y - y.mean()))
        assert_close(fit.coef_, slopes, 1e-12, "ridge")
        fits.append({"penalty": penalty, "constant": fit.intercept_, "slopes": fit.coef_,
                     "meanSquaredError": np.mean((y - fit.predict(x)) ** 2)})
    return fits


def difference(c):
    x, z, y = c[:, REGRESSORS], c[:, EXOGENOUS + INSTRUMENTS], c[:, RESPONSE]
    fitted = z @ np.linalg.lstsq(z, x, rcond=None)[0]
    estimates, influences = [], []
    for regressors in (x, fitted):
        bread = np.linalg.inv(regressors.T @ x)
        estimates.append(bread @ regressors.T @ y)
        influences.append((regressors * (y - x @ estimates[-1])[:, None]) @ bread.T)
    gap = influences[0] - influences[1]
    d, covariance = estimates[0] - estimates[1], gap.T @ gap
    statistic = d @ np.linalg.solve(covariance, d)
    return {"estimate": d, "covariance": covariance, "statistic": statistic,
            "pValue": scipy.stats.chi2.sf(statistic, PARAMETERS)}


def wald():
    """A covariance of rank 2 and order 3."""
    factor = np.array([[1.0, 0.0], [2.0, 1.0], [3.0, 1.0]])
    d, covariance = factor @ [0.7, -1.9], factor @ factor.T
    statistic = d @ np.linalg.pinv(covariance, rcond=1e-10) @ d
    assert_close(statistic, 0.7**2 + 1.9**2, 1e-12, "Wald")
    return {"difference": d, "covariance": covariance, "statistic": statistic, "degreesOfFreedom": 2,
            "pValue": scipy.stats.chi2.sf(statistic, 2)}


def main():
    c, weights, clusters = data()
    y, w, d, z = c[:, RESPONSE], c[:, EXOGENOUS], c[:, ENDOGENOUS], c[:, INSTRUMENTS]
    write("regressions_floor.json", {
        "c": c, "weights": weights, "clusters": clusters, "lags": LAGS,
        "leastSquares": least_squares(c, np.ones(ROWS), clusters), "weighted": least_squares(c, weights, clusters),
        "twoStage": instrumental(c, clusters, 1, IV2SLS(y, w, d, z)),
        "limitedInformation": instrumental(c, clusters, None, IVLIML(y, w, d, z)),
        "fuller": instrumental(c, clusters, None, IVLIML(y, w, d, z, fuller=4)),
        "fixed": instrumental(c, clusters, None, IVLIML(y, w, d, z, kappa=0.6)),
        "ridge": ridge(c), "difference": difference(c), "wald": wald(),
    }, ("statsmodels", "linearmodels", "scikit-learn", "scipy", "numpy"))


if __name__ == "__main__":
    main()
