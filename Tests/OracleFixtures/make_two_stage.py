"""two_stage.json: how far the effect of the joint mixture is from that of two-stage least squares on its labels.

Rows and model are those of joint.json without shifts, at convergence, `unweighted` and `weighted` by its `rowWeights`.
The label of a row is its likeliest group. Two-stage least squares regresses y on phi with the instruments z: the first six
columns of phi, and these times the indicators of the labels but the first. `coefficients` are its b. `difference` is b of
the mixture less that on (t^2, t), and `covariance` the covariance of this difference with both estimates from the same
rows: the sum over rows of w^2 d d', d = (A^-1 s) - (influence of a row on two-stage least squares), s the row's score and
A the information. `independent` is what the sum of the two covariances would be.

The influence on two-stage least squares is (phi'P phi)^-1 phi'Z (Z'Z)^-1 z e, as its robust variance has it: the first
stage is taken for known. The script checks it against the derivative of the second stage in the weight of a row, by complex
steps.
"""

import numpy as np
from fixture import write
from make_joint import GROUPS, ROWS, START, columns, draw_rows, em, log_densities, pack, row_scores

EFFECTS = [6, 7]


def two_stage(phi, z, y, weights):
    wz = weights[:, None] * z
    projection = np.linalg.solve(wz.T @ z, wz.T @ phi)
    crossed = (wz.T @ phi).T @ projection
    b = np.linalg.solve(crossed, projection.T @ (wz.T @ y))
    return b, projection, crossed


def section(rows, weights):
    model, _, _ = em(rows, weights, START, 100_000, False)
    rho, phi, t, y = rows
    labels = np.argmax(log_densities(model, *rows), axis=1)
    exogenous = phi[:, :6]
    z = np.column_stack([exogenous] + [(labels == k)[:, None] * exogenous for k in range(1, GROUPS)])
    b, projection, crossed = two_stage(phi, z, y, weights)
    influence = np.linalg.solve(crossed, projection.T @ z.T).T * (y - phi @ b)[:, None]
    for row in range(0, ROWS, 50):
        moved = weights.astype(complex)
        moved[row] += 1e-30j
        wf = moved[:, None] * (z @ projection)
        derivative = np.linalg.solve(wf.T @ phi, wf.T @ y).imag / 1e-30
        assert np.allclose(derivative, influence[row], rtol=1e-8, atol=1e-10)

    vector, step = pack(model, False), 1e-5
    scores = row_scores(vector, rows, False)
    information = -np.array([
        weights @ (row_scores(vector + step * e, rows, False) - row_scores(vector - step * e, rows, False)) / (2 * step)
        for e in np.eye(len(vector))])
    own = np.linalg.solve((information + information.T) / 2, scores.T).T
    first, second = own[:, EFFECTS] * weights[:, None], influence[:, EFFECTS] * weights[:, None]
    return {
        "model": model, "coefficients": b, "difference": model["outcome"][EFFECTS] - b[EFFECTS],
        "covariance": (first - second).T @ (first - second), "independent": first.T @ first + second.T @ second}


def main():
    x, t, y = draw_rows()
    rows = (*columns(x, t), t, y)
    row_weights = np.random.default_rng(22).uniform(0.25, 2.0, size=ROWS)
    write("two_stage.json", {"unweighted": section(rows, np.ones(ROWS)), "weighted": section(rows, row_weights)})


if __name__ == "__main__":
    main()
