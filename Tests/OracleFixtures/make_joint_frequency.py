"""Writes joint_frequency.json: the joint mixture of joint.json on rows that are repeated.

Rows are repeated one to three times; EM and the sandwich run on the repeated rows, without any weights. The same sandwich
on the rows themselves, with the frequencies as weights and the scores squared without them, is the check.
"""

import numpy as np

from fixture import write
from make_joint import START, ROWS, columns, draw_rows, em, row_scores, sandwich, pack


def main():
    x, t, y = draw_rows()
    frequencies = np.random.default_rng(23).integers(1, 4, size=ROWS)
    index = np.repeat(np.arange(ROWS), frequencies)
    rows = (*columns(x[index], t[index]), t[index], y[index])
    ones = np.ones(len(index))
    model, trace, _ = em(rows, ones, START, 100_000, False)
    covariance, _ = sandwich(model, rows, ones, False)

    own = (*columns(x, t), t, y)
    scores = row_scores(pack(model, False), own, False, False)
    repeated = row_scores(pack(model, False), rows, False, False)
    assert np.allclose((frequencies[:, None] * scores).T @ scores, repeated.T @ repeated, rtol=1e-10)
    write("joint_frequency.json", {
        "frequencies": frequencies, "converged": {**model, "logLikelihood": trace[-1]}, "covariance": covariance})


if __name__ == "__main__":
    main()
