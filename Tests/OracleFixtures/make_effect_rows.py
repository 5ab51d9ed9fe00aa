"""effect_rows.json: X(x) by generalised cross-validation and the outcomes of single rows, in numpy and scipy.

The rows and the coefficients, with their covariance, are those of HFUL in effects.json. Least squares are those of
numpy on whole matrices, splines those of scipy.
"""
import json
from itertools import combinations, combinations_with_replacement
from pathlib import Path

import numpy as np
from fixture import write
from scipy.interpolate import BSpline

FORM, DEGREE, REFERENCE, FROM, TO = "quadratic+interactions", 2, 2.0, 2.0, 5.0
PLACES = np.array([[1.0, -0.5], [-2.0, -1.5]])

given = json.loads((Path(__file__).parent / "effects.json").read_text())
x, t, y, soft, weight = (np.array(given[name]) for name in ("x", "t", "y", "groups", "weight"))
b, V = (np.array(given["fits"][FORM][name]) for name in ("hful", "hfulCovariance"))
n, m = x.shape
mean = weight @ x / weight.sum()
sd = np.sqrt(weight @ (x - mean) ** 2 / weight.sum())
standardized = (x - mean) / sd


def phi(t, x):
    return np.column_stack([t**p for p in range(1, DEGREE + 1)] + [t * d for d in (x - mean).T])


def monomials(x, degree):
    return np.column_stack([
        np.prod(x[:, list(term)], axis=1) for d in range(1, degree + 1)
        for term in combinations_with_replacement(range(m), d)])


def cubic(values, breaks):
    """All B-splines but the first, which continue beyond the breaks along their tangents."""
    knots = np.r_[[breaks[0]] * 3, breaks, [breaks[-1]] * 3]
    inside = np.clip(values, breaks[0], breaks[-1])
    columns = []
    for i in range(1, len(breaks) + 2):
        basis = BSpline(knots, np.eye(len(breaks) + 2)[i], 3)
        columns.append(basis(inside) + (values - inside) * basis.derivative()(inside))
    return np.column_stack(columns)


def splines(x, count):
    breaks = np.quantile(standardized, np.linspace(0, 1, count), axis=0)
    own = [cubic(x[:, j], breaks[:, j]) for j in range(m)]
    pairs = [first[:, [a]] * second[:, [c]] for first, second in combinations(own, 2)
             for a in range(first.shape[1]) for c in range(second.shape[1])]
    return np.column_stack(own + pairs)


def regression(columns, target):
    root = np.sqrt(weight)
    found, *_ = np.linalg.lstsq(columns * root[:, None], target * root, rcond=None)
    return found, weight @ (target - columns @ found) ** 2


# The residual of t in each group, from all rows.
features = np.column_stack([np.ones(n), monomials(x, 2)])
nuisances = []
for k in range(soft.shape[1]):
    root = np.sqrt(weight * soft[:, k])
    beta = np.linalg.lstsq(features * root[:, None], t * root, rcond=None)[0]
    nuisances.append(soft[:, k] * (t - features @ beta))

rest = y - phi(t, x) @ b
bases = {f"polynomial:{degree}": lambda x, degree=degree: monomials(x, degree) for degree in range(2, 6)}
bases |= {f"splines:{count}": lambda x, count=count: splines(x, count) for count in (3, 4, 5)}
criteria, levels = {}, {}
for name, basis in bases.items():
    own = basis(standardized)
    columns = np.column_stack([np.ones(n), own] + nuisances)
    if own.shape[1] > n // 10 - 1 - soft.shape[1]:
        continue
    found, squares = regression(columns, rest)
    criteria[name] = n * squares / (n - columns.shape[1]) ** 2
    own_found = found[1:1 + own.shape[1]]
    levels[name] = lambda x, basis=basis, c=found[0], own=own_found: c + basis((x - mean) / sd) @ own
best = min(criteria, key=criteria.get)
level = levels[best]


def error(weights):
    return np.sqrt(np.einsum("ij,jk,ik->i", weights, V, weights))


gaps = phi(t, x) - phi(np.full(n, REFERENCE), x)
g0 = phi(np.full(n, REFERENCE), x) @ b + level(x)
slopes = np.column_stack([np.full(len(PLACES), weight @ (p * t ** (p - 1)) / weight.sum())
                          for p in range(1, DEGREE + 1)] + [PLACES - mean])
contrasts = phi(np.full(len(PLACES), TO), PLACES) - phi(np.full(len(PLACES), FROM), PLACES)

write("effect_rows.json", {
    "form": FORM, "reference": REFERENCE, "criteria": criteria, "best": best,
    "g": g0 + gaps @ b, "g0": g0, "tau": gaps @ b, "standardError": error(gaps),
    "places": PLACES, "slopes": slopes @ b, "slopeErrors": error(slopes), "contrasts": contrasts @ b,
    "contrastErrors": error(contrasts), "outcomesAt5": phi(np.full(len(PLACES), TO), PLACES) @ b + level(PLACES)},
    packages=("numpy", "scipy"))
