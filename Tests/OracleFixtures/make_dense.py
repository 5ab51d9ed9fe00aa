"""dense.json: decompositions of small matrices by numpy's LAPACK.

`matrices` are general ones: tall, wide, square, of lower rank, with columns of very different size. Singular values,
pseudo-inverse (singular values below max(rows, columns) eps of the largest count as zero), rank, and |R| of the unpivoted
QR decomposition, whose rows have no fixed sign. `symmetric` ones have eigenvalues. `grams` are Gram matrices of columns
in the given order of which some depend on those before them: column j is dependent when the least-squares residual of
column j on those before it has a share of at most `tolerance` of its square sum.
"""

import numpy as np
from fixture import assert_close, write
from scipy import linalg


def general(name, matrix):
    u, values, v = np.linalg.svd(matrix, full_matrices=False)
    assert_close(u * values @ v, matrix, 1e-13, name)
    tolerance = max(matrix.shape) * np.finfo(float).eps
    inverse = np.linalg.pinv(matrix, rtol=tolerance)
    # The four conditions of Moore and Penrose.
    for left, right in [(matrix @ inverse @ matrix, matrix), (inverse @ matrix @ inverse, inverse),
                        ((matrix @ inverse).T, matrix @ inverse), ((inverse @ matrix).T, inverse @ matrix)]:
        assert_close(left, right, 1e-11, name)
    return {
        "name": name, "matrix": matrix, "singularValues": values, "pseudoInverse": inverse,
        "rank": int(np.linalg.matrix_rank(matrix, rtol=tolerance)),
        "absoluteUpper": np.abs(np.linalg.qr(matrix, mode="r"))}


def symmetric(name, matrix):
    values = np.linalg.eigvalsh(matrix)
    assert_close(linalg.eigh(matrix, driver="ev", eigvals_only=True), values, 1e-13, name)
    return {"name": name, "matrix": matrix, "eigenvalues": values}


def gram(name, columns, order, tolerance):
    kept, dependent = [], []
    for j in order:
        column = columns[:, j] / np.linalg.norm(columns[:, j]) if columns[:, j].any() else columns[:, j]
        rest = column
        if kept:
            basis = columns[:, kept] / np.linalg.norm(columns[:, kept], axis=0)
            rest = column - basis @ np.linalg.lstsq(basis, column, rcond=None)[0]
        (dependent if rest @ rest <= tolerance else kept).append(j)
    return {"name": name, "gram": columns.T @ columns, "order": order, "tolerance": tolerance, "dependent": dependent}


def main():
    random = np.random.default_rng(21)
    normal = lambda *shape: random.normal(size=shape)
    low = normal(14, 3) @ normal(3, 9)
    symmetric_sum = lambda matrix: matrix + matrix.T
    columns = normal(200, 12)
    columns[:, 4] = columns[:, 0] - 2 * columns[:, 2]
    columns[:, 7] = columns[:, 4] + columns[:, 1]
    columns[:, 9] = columns[:, 3] + 1e-5 * columns[:, 9]
    columns[:, 11] = 0
    columns *= 10.0 ** np.array([0, 6, -6, 3, 0, -3, 8, 2, -8, 1, 4, 0])
    order = random.permutation(12).tolist()
    write("dense.json", {
        "matrices": [
            general("square", normal(7, 7)), general("tall", normal(21, 6)), general("wide", normal(5, 12)),
            general("low rank", low), general("one column", normal(6, 1)),
            general("graded", normal(15, 8) * 10.0 ** (-np.arange(8) / 2)),
            general("zero", np.zeros((4, 3)))],
        "symmetric": [
            symmetric("indefinite", symmetric_sum(normal(13, 13))), symmetric("repeated", np.eye(9) + np.ones((9, 9))),
            symmetric("low rank", low @ low.T), symmetric("large", 1e160 * symmetric_sum(normal(6, 6))),
            symmetric("diagonal", np.diag([3.0, -1, 2, 2, 0]))],
        "grams": [
            gram("in order", columns, list(range(12)), 1e-12), gram("in another order", columns, order, 1e-12),
            gram("with a wider tolerance", columns, list(range(12)), 1e-7)],
    }, ("numpy", "scipy"))


if __name__ == "__main__":
    main()
