"""splines.json: additive cubic B-spline bases by scipy, on six quantile knots per covariate.

Knots: the quantiles 0, 20, .., 100% of the rows (numpy.percentile, linear interpolation), the first and last repeated
four times, so eight basis functions; the first is dropped, because an intercept stands elsewhere and the eight sum
to 1. Outside [first knot, last knot] every basis function goes on as a straight line:
value at the near end + (x - end) x derivative at that end.
"""

import numpy as np
from fixture import assert_close, write
from scipy.interpolate import BSpline

DEGREE = 3
PERCENTAGES = [0, 20, 40, 60, 80, 100]


def columns():
    random = np.random.default_rng(8)
    return {"normal": random.normal(size=60), "skewed": random.exponential(size=60), "offset": 1e3 + random.random(60)}


def clamped(knots):
    return np.concatenate([[knots[0]] * DEGREE, knots, [knots[-1]] * DEGREE])


def basis(knots, x):
    """All basis functions at x, continued linearly outside the knots: one row per x."""
    full = clamped(knots)
    inside = np.clip(x, knots[0], knots[-1])
    values = BSpline.design_matrix(inside, full, DEGREE).toarray()
    slopes = BSpline(full, np.eye(values.shape[1]), DEGREE).derivative()(inside)
    return values + (x - inside)[:, None] * slopes


def assert_sound(knots, x, values):
    scale = knots[-1] - knots[0]
    assert_close(values.sum(axis=1), np.ones(len(x)), 1e-11, "the basis functions must sum to 1")
    full = clamped(knots)
    abscissae = np.array([full[j + 1 : j + 1 + DEGREE].mean() for j in range(values.shape[1])])
    assert_close(values @ abscissae, x, 1e-11, "splines must reproduce x, outside the knots too")
    for end in (knots[0], knots[-1]):
        near = basis(knots, np.array([end - 1e-7 * scale, end, end + 1e-7 * scale]))
        assert np.max(np.abs(near[2] - 2 * near[1] + near[0])) < 1e-9, "a kink at an end"


def case(sample):
    knots = np.percentile(sample, PERCENTAGES)
    width = knots[-1] - knots[0]
    random = np.random.default_rng(9)
    x = np.concatenate([
        knots, [knots[0] - width, knots[0] - 0.01 * width, knots[-1] + 0.01 * width, knots[-1] + 2 * width],
        random.uniform(knots[0], knots[-1], 20)])
    values = basis(knots, x)
    assert_sound(knots, x, values)
    return {"sample": sample, "knots": knots, "x": x, "basis": values[:, 1:]}


def main():
    write("splines.json", {
        "degree": DEGREE, "percentages": PERCENTAGES,
        "cases": [{"name": name, **case(sample)} for name, sample in columns().items()]}, ("numpy", "scipy"))


if __name__ == "__main__":
    main()
