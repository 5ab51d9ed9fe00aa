"""The moments of synthetic potential outcomes as a careful numpy user sums them, one thread.

Joint cells: one bincount over block, arm and both cells, for counts, sums of y and of y². Real features: for each block and
arm the Gram matrix of (phi_Z, phi_X, y phi_Z, y phi_X), of rows that are gathered. Prints {"nsPerRow", ..} as JSON.
"""
import argparse
import json
import time

import numpy as np
from threadpoolctl import threadpool_limits

BLOCKS = 40


def onehot(random, n, cells):
    z, x = (random.integers(count, size=n) for count in cells)
    t, y = random.integers(2, size=n), random.normal(size=n)
    block = random.integers(BLOCKS, size=n)

    def work():
        cell = ((block * 2 + t) * cells[0] + z) * cells[1] + x
        total = BLOCKS * 2 * cells[0] * cells[1]
        return [np.bincount(cell, weights, total) for weights in (None, y, y * y)]

    return work


def real(random, n, counts):
    features = [np.column_stack([np.ones(n), random.normal(size=(n, count - 1))]) for count in counts]
    t, y = random.integers(2, size=n), random.normal(size=n)
    block = random.integers(BLOCKS, size=n)
    of_block = np.split(np.argsort(block, kind="stable"), np.cumsum(np.bincount(block, minlength=BLOCKS))[:-1])

    def work():
        result = []
        for rows in of_block:
            arm, outcome = t[rows], y[rows, None]
            phi = np.hstack([part[rows] for part in features])
            both = np.hstack([phi, outcome * phi])
            for value in (0, 1):
                own = both[arm == value]
                result.append(own.T @ own)
        return result

    return work


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--features", default="onehot:4x4")
    arguments = parser.parse_args()
    kind, sizes = arguments.features.split(":")
    sizes = [int(size) for size in sizes.replace("+", "x").split("x")]
    work = (onehot if kind == "onehot" else real)(np.random.default_rng(1), arguments.rows, sizes)
    with threadpool_limits(1):
        work()
        times, processor = [], []
        while len(times) < 5 or sum(times) < 2 and len(times) < 50:
            begin, used = time.perf_counter(), time.process_time()
            work()
            times.append(time.perf_counter() - begin)
            processor.append(time.process_time() - used)
    print(json.dumps({name: value / arguments.rows * 1e9 for name, value in [
        ("nsPerRow", np.median(times)), ("nsPerRowMinimum", min(times)), ("cpuNsPerRow", min(processor))]}))


if __name__ == "__main__":
    main()
