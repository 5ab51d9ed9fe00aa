"""two_stage.json: how far the effect of the joint mixture is from that of two-stage least squares on its posteriors.

Rows and model are those of joint.json without shifts, at convergence, `unweighted` and `weighted` by its `rowWeights`.
Two-stage least squares regresses y on phi with the instruments z: the first six columns of phi, and the first three of these
times the posteriors of the groups but the first. With C = sum w z phi', b = (C'W^-1 C)^-1 C'W^-1 sum w z y, where W is sum w z z' with
the products of two posteriors replaced as if they were 0 or 1. `coefficients` are b. `difference` is b of the mixture less
that on (t^2, t), and `covariance` its covariance with both estimates from the same rows: the sum over rows of w^2 d d',
d = A^-1 s - F (z e + M A^-1 s), F = (C'W^-1 C)^-1 C'W^-1, s the row's score, A the information, e = y - phi'b, and M the
derivative of sum w z e in the parameters. `independent` is the sum of the covariances of the two with the posteriors taken
for given.

M is by complex steps through the posteriors. The script checks d against what happens to the difference when the weight of
a row is raised: derivatives of both estimates, by EM made anew and a step of two-stage least squares from b.
"""

import numpy as np
from fixture import assert_close, write
from make_joint import GROUPS, ROWS, START, columns, draw_rows, em, log_densities, pack, row_likelihoods, row_scores, unpack

EFFECTS = [6, 7]
CROSSED = 3


def posteriors(model, rows):
    logs = log_densities(model, *rows)
    return np.exp(logs - row_likelihoods(logs)[:, None])


def instruments(gamma, exogenous):
    return np.column_stack([exogenous] + [gamma[:, [k]] * exogenous[:, :CROSSED] for k in range(1, GROUPS)])


def weighting(gamma, exogenous, weights):
    def block(factors, left, right):
        return (factors[:, None] * left).T @ right

    crossed = exogenous[:, :CROSSED]
    shares = [weights * gamma[:, k] for k in range(1, GROUPS)]
    first = [block(weights, exogenous, exogenous)] + [block(share, exogenous, crossed) for share in shares]
    zero = np.zeros((CROSSED, CROSSED))
    others = [
        [block(share, crossed, exogenous)] + [block(share, crossed, crossed) if j == k else zero for j in range(len(shares))]
        for k, share in enumerate(shares)]
    return np.block([first] + others)


def two_stage(phi, z, y, weights, w):
    c = (weights[:, None] * z).T @ phi
    f = np.linalg.solve(c.T @ np.linalg.solve(w, c), np.linalg.solve(w, c).T)
    return f @ ((weights[:, None] * z).T @ y), f


def section(rows, weights):
    model, _, _ = em(rows, weights, START, 100_000, False)
    rho, phi, t, y = rows
    exogenous = phi[:, :6]
    gamma = posteriors(model, rows)
    z, w = instruments(gamma, exogenous), weighting(gamma, exogenous, weights)
    b, f = two_stage(phi, z, y, weights, w)
    error = y - phi @ b

    vector, step = pack(model, False), 1e-5
    scores = row_scores(vector, rows, False)
    information = -np.array([
        weights @ (row_scores(vector + step * e, rows, False) - row_scores(vector - step * e, rows, False)) / (2 * step)
        for e in np.eye(len(vector))])
    own = np.linalg.solve((information + information.T) / 2, scores.T).T
    moved = []
    for direction in np.eye(len(vector)):
        other = unpack(vector + 1e-30j * direction, phi.shape[1], rho.shape[1], False, False)
        moved.append(((weights * error) @ instruments(posteriors(other, rows), exogenous)).imag / 1e-30)
    given = (z * error[:, None]) @ f.T
    second = given + own @ (np.array(moved) @ f.T)
    difference = (own[:, : len(b)] - second)[:, EFFECTS]

    for row in range(0, ROWS, 200):
        ends = []
        for sign in (1, -1):
            changed = weights.copy()
            changed[row] += sign * 1e-4
            again, _, _ = em(rows, changed, model, 100_000, False)
            # A step of Newton from b: F is taken for known, as in every robust variance of two-stage least squares.
            anew = b + f @ ((changed * error) @ instruments(posteriors(again, rows), exogenous))
            ends.append((again["outcome"] - anew)[EFFECTS])
        scale = np.sqrt(np.mean(difference**2, axis=0))
        assert_close((ends[0] - ends[1]) / 2e-4 / scale, difference[row] / scale, 1e-4, "the influence of a row")

    first, independent = own[:, EFFECTS] * weights[:, None], given[:, EFFECTS] * weights[:, None]
    weighted = difference * weights[:, None]
    return {
        "model": model, "coefficients": b, "difference": model["outcome"][EFFECTS] - b[EFFECTS],
        "covariance": weighted.T @ weighted, "independent": first.T @ first + independent.T @ independent}


def main():
    x, t, y = draw_rows()
    rows = (*columns(x, t), t, y)
    row_weights = np.random.default_rng(22).uniform(0.25, 2.0, size=ROWS)
    write("two_stage.json", {"unweighted": section(rows, np.ones(ROWS)), "weighted": section(rows, row_weights)})


if __name__ == "__main__":
    main()
