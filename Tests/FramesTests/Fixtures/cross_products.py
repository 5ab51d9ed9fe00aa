"""Prints weighted cross-products of columns by numpy in long doubles, as hexadecimal numbers, one matrix in a line.

Usage: python cross_products.py FILE.h5
The file holds `left` [n, p], `right` [n, q], `weight` [n] and `level` [n] (codes 0 .. `levels` - 1, or -1). Printed are
sum w c c' with c = (1, left), sum w left right', and sum w c c' over the rows of each level.
"""

import sys

import h5py
import numpy as np


def show(matrix):
    print(" ".join(float(value).hex() for value in matrix.ravel()))


def main(path):
    with h5py.File(path) as file:
        left, right, weight = (file[name][:].astype("longdouble") for name in ("left", "right", "weight"))
        level, levels = file["level"][:], int(file["levels"][()][0])
    c = np.column_stack([np.ones(len(left), "longdouble"), left])
    show((c * weight[:, None]).T @ c)
    show((left * weight[:, None]).T @ right)
    for code in range(levels):
        rows = level == code
        show((c[rows] * weight[rows, None]).T @ c[rows])


if __name__ == "__main__":
    main(sys.argv[1])
