"""eigen.json: eigenvalues of general real matrices and pencils by scipy's LAPACK.

Values are sorted by real part, then by imaginary part. `condition` is the largest condition number of an eigenvalue,
1 / |y'x| for unit left and right eigenvectors, with which rounding errors of the matrix show in it.
"""

import numpy as np
from fixture import write
from scipy import linalg


def entry(name, matrix, right=None):
    values, left, vectors = linalg.eig(matrix, right, left=True)
    order = np.lexsort((values.imag, values.real))
    whole = vectors if right is None else right @ vectors
    products = abs(np.einsum("ij,ij->j", left.conj(), whole))
    condition = np.max(np.linalg.norm(left, axis=0) * np.linalg.norm(vectors, axis=0) / products)
    return {
        "name": name, "matrix": matrix, "right": right, "real": values.real[order], "imaginary": values.imag[order],
        "condition": float(condition)}


def main():
    random = np.random.default_rng(41)
    normal = lambda *shape: random.normal(size=shape)
    vectors = normal(6, 6)
    companion = np.diag(np.ones(4), -1)
    companion[:, -1] = -np.poly([-0.2, -0.1, 0.4, 0.9, 1.5])[:0:-1]
    nodes, shares = np.array([-0.2, -0.1, 0.4]), np.array([0.2, 0.5, 0.3])
    moments = [(shares * nodes**power).sum() for power in range(6)]
    hankel = lambda first: np.array([[moments[first + i + j] for j in range(3)] for i in range(3)])
    write("eigen.json", {"matrices": [
        entry("one", np.array([[-2.5]])),
        entry("two, real", np.array([[2.0, 1], [1, -1]])),
        entry("two, complex", np.array([[0.0, 1], [-1, 0.5]])),
        entry("zero", np.zeros((3, 3))),
        entry("triangular", np.triu(normal(5, 5))),
        entry("real values", vectors @ np.diag([-3, -1, 0, 0.5, 2, 7]) @ np.linalg.inv(vectors)),
        entry("small", 1e-100 * normal(4, 4)),
        entry("large", 1e100 * normal(4, 4)),
        entry("permutation", np.roll(np.eye(6), 1, axis=0)),
        entry("companion", companion),
        *[entry(f"normal {n}", normal(n, n)) for n in (3, 4, 5, 8, 13, 20)],
    ], "pencils": [
        entry("moments", hankel(1), hankel(0)),
        *[entry(f"normal {n}", normal(n, n), normal(n, n)) for n in (2, 3, 6)],
    ]})


if __name__ == "__main__":
    main()
