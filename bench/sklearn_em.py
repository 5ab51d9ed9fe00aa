"""scikit-learn's GaussianMixture: time per EM iteration as the difference of two numbers of iterations.

The difference leaves out what a fit does once: checks, copies, the start and the last E step.
Prints {"nsPerRowPass", ..} as JSON.
"""

import argparse
import json
import time
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits
from workload import rows, start


def seconds(c, groups, iterations):
    weights, means, covariances = start(c.shape[1], groups)
    model = GaussianMixture(
        groups, covariance_type="full", tol=0, reg_covar=0, max_iter=iterations, weights_init=weights,
        means_init=means, precisions_init=np.linalg.inv(covariances))
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(c)
    assert model.n_iter_ == iterations
    return time.perf_counter() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dimension", type=int, default=8, help="columns of c = (t, r)")
    parser.add_argument("--groups", type=int, default=5)
    parser.add_argument("--passes", type=int, default=4, help="iterations that the longer fit does more")
    arguments = parser.parse_args()
    c = rows(arguments.rows, arguments.dimension, arguments.groups)
    with threadpool_limits(1):
        short = seconds(c, arguments.groups, 1)
        long = seconds(c, arguments.groups, 1 + arguments.passes)
    print(json.dumps({
        "nsPerRowPass": (long - short) / arguments.passes / arguments.rows * 1e9, "rows": arguments.rows,
        "dimension": arguments.dimension, "groups": arguments.groups, "ranks": 1, "distribution": "gaussian"}))


if __name__ == "__main__":
    main()
