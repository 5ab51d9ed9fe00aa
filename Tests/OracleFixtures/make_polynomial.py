"""polynomial.json: the polynomial representation, by scikit-learn, checked against a closed form.

Treatment on polynomial features of x (all monomials up to the degree, interactions too, no scaling), ridge penalty on
all coefficients but the intercept; degree 1..3 and penalty 10^-5..10^5 chosen by the mean over five folds of the
held-out mean squared error, row i in fold i mod 5 (ties: the smaller degree, then the smaller penalty). Refitted on
all rows, covariate j becomes the sum of its pure powers, standardised with the population standard deviation.
"""

import numpy as np
from fixture import assert_close, write
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, PredefinedSplit
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

ROWS, FOLDS = 90, 5
DEGREES = [1, 2, 3]
PENALTIES = [10.0**exponent for exponent in range(-5, 6)]


def draw_rows():
    """Covariates and three treatments, of true degree 1, 2 and 3, the last with noise that makes shrinking worth it."""
    random = np.random.default_rng(10)
    x = random.multivariate_normal([0.5, 0.0, -0.3], [[1.0, 0.3, 0.1], [0.3, 1.0, 0.2], [0.1, 0.2, 0.7]], ROWS)
    noise = random.normal(size=(3, ROWS))
    linear = x @ [0.8, -0.5, 0.3]
    quadratic = linear + x[:, 0] ** 2 - 0.7 * x[:, 2] ** 2 + 0.5 * x[:, 0] * x[:, 1]
    return x, {
        "linear": linear + 0.5 * noise[0], "quadratic": quadratic + 0.3 * noise[1],
        "cubic": quadratic + 0.4 * x[:, 1] ** 3 + 2.5 * noise[2]}


def closed_form(features, t, penalty):
    """Intercept and coefficients of ridge regression by the normal equations."""
    augmented = np.column_stack([np.ones(len(t)), features])
    penalties = np.diag([0.0] + [penalty] * features.shape[1])
    solution = np.linalg.solve(augmented.T @ augmented + penalties, augmented.T @ t)
    return solution[0], solution[1:]


def search(x, t):
    pipeline = Pipeline([
        ("features", PolynomialFeatures(include_bias=False)), ("ridge", Ridge(solver="svd"))])
    return GridSearchCV(
        pipeline, {"features__degree": DEGREES, "ridge__alpha": PENALTIES}, scoring="neg_mean_squared_error",
        cv=PredefinedSplit(np.arange(ROWS) % FOLDS)).fit(x, t)


def scores_by_hand(x, t):
    scores = np.zeros((len(DEGREES), len(PENALTIES)))
    for row, degree in enumerate(DEGREES):
        features = PolynomialFeatures(degree, include_bias=False).fit_transform(x)
        for column, penalty in enumerate(PENALTIES):
            for fold in range(FOLDS):
                held_out = np.arange(ROWS) % FOLDS == fold
                intercept, coefficients = closed_form(features[~held_out], t[~held_out], penalty)
                residuals = t[held_out] - intercept - features[held_out] @ coefficients
                scores[row, column] += np.mean(residuals**2) / FOLDS
    return scores


def pure_power_sums(x, powers, coefficients):
    sums = np.zeros_like(x)
    for exponents, coefficient in zip(powers, coefficients):
        covariates = np.flatnonzero(exponents)
        if len(covariates) == 1:
            j = covariates[0]
            sums[:, j] += coefficient * x[:, j] ** exponents[j]
    return sums


def case(x, t):
    fitted = search(x, t)
    scores = -fitted.cv_results_["mean_test_score"].reshape(len(DEGREES), len(PENALTIES))
    by_hand = scores_by_hand(x, t)
    assert np.max(np.abs(by_hand / scores - 1)) < 1e-9
    best, second = np.sort(by_hand, axis=None)[:2]
    assert second / best - 1 > 1e-8, "two choices too close for a test to tell apart"
    ridge, features = fitted.best_estimator_["ridge"], fitted.best_estimator_["features"]
    penalty = fitted.best_params_["ridge__alpha"]
    intercept, coefficients = closed_form(features.transform(x), t, penalty)
    assert_close(intercept, ridge.intercept_, 1e-10, "intercept")
    assert_close(coefficients, ridge.coef_, 1e-10, "coefficients")
    sums = pure_power_sums(x, features.powers_, ridge.coef_)
    return {
        "t": t, "scores": scores, "degree": fitted.best_params_["features__degree"], "penalty": penalty,
        "intercept": ridge.intercept_, "powers": features.powers_, "coefficients": ridge.coef_,
        "sums": sums, "representation": StandardScaler().fit_transform(sums)}


def main():
    x, treatments = draw_rows()
    write("polynomial.json", {
        "x": x, "folds": FOLDS, "degrees": DEGREES, "penalties": PENALTIES,
        "cases": [{"name": name, **case(x, t)} for name, t in treatments.items()]}, ("numpy", "scikit-learn"))


if __name__ == "__main__":
    main()
