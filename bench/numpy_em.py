"""EM of a Gaussian mixture or of a mixture of linear regressions as a careful numpy user writes it, over MPI ranks.

Two ways: `groupwise` works group by group on rows of c, with fresh arrays, as most would write it; `batched` stores
chunks columns first, takes all groups in one matrix product, and makes its buffers once. Both try chunk lengths first
and keep the fastest, and reduce once per pass. Prints {"nsPerRowPass", ..} as JSON: wall time per row of all ranks.
"""

import argparse
import json
import time

import numpy as np
from mpi4py import MPI
from threadpoolctl import threadpool_limits
from workload import rows, start

LOG_TWO_PI = np.log(2 * np.pi)


class Gaussian:
    """log density of group k at c: log_scale_k - |forms_k (1, c)|^2 / 2, forms_k whitening c - mean_k."""

    def __init__(self, dimension, groups):
        self.weights, self.means, self.covariances = start(dimension, groups)

    def forms(self):
        whitening = np.linalg.inv(np.linalg.cholesky(self.covariances))
        shift = -np.einsum("kij,kj->ki", whitening, self.means)
        log_determinant = np.log(np.einsum("kii->ki", whitening)).sum(axis=1)
        log_scale = np.log(self.weights) + log_determinant - 0.5 * self.means.shape[1] * LOG_TWO_PI
        return np.concatenate([shift[:, :, None], whitening], axis=2), log_scale

    def update(self, gram):
        sizes = gram[:, 0, 0]
        self.weights, self.means = sizes / sizes.sum(), gram[:, 0, 1:] / sizes[:, None]
        self.covariances = gram[:, 1:, 1:] / sizes[:, None, None] - np.einsum("ki,kj->kij", self.means, self.means)


class Regression:
    """log density of group k at c = (t, r): log_scale_k - (forms_k (1, c))^2 / 2, the scaled residual of t."""

    def __init__(self, dimension, groups):
        self.weights, means, _ = start(dimension, groups)
        self.coefficients, self.sigma = means, np.ones(groups)

    def forms(self):
        intercept, slopes = self.coefficients[:, :1], self.coefficients[:, 1:]
        residual = np.concatenate([-intercept, np.ones_like(intercept), -slopes], axis=1) / self.sigma[:, None]
        return residual[:, None, :], np.log(self.weights) - np.log(self.sigma) - 0.5 * LOG_TWO_PI

    def update(self, gram):
        features = [0, *range(2, gram.shape[1])]
        left, right = gram[:, features][:, :, features], gram[:, features, 1]
        sizes = gram[:, 0, 0]
        self.coefficients = np.linalg.solve(left, right[:, :, None])[:, :, 0]
        self.sigma = np.sqrt((gram[:, 1, 1] - np.sum(right * self.coefficients, axis=1)) / sizes)
        self.weights = sizes / sizes.sum()


def normalise(log_joint, axis):
    """Turns log joint densities into responsibilities, in place; returns the log-likelihood."""
    peak = log_joint.max(axis=axis, keepdims=True)
    log_joint -= peak
    np.exp(log_joint, out=log_joint)
    total = log_joint.sum(axis=axis, keepdims=True)
    log_joint /= total
    return np.log(total).sum() + peak.sum()


class GroupwisePass:
    """One E step and the sums of one M step, group by group over chunks of rows."""

    def __init__(self, c, chunk, groups, form_count):
        augmented = np.column_stack([np.ones(len(c)), c])
        self.chunks = np.split(augmented, range(chunk, len(c), chunk))

    def run(self, forms, log_scale):
        """The Gram matrices of (1, c) of all groups and the log-likelihood, one array."""
        grams = np.zeros((len(forms), forms.shape[2], forms.shape[2]))
        log_likelihood = 0.0
        for part in self.chunks:
            gamma = np.empty((len(part), len(forms)))
            for k, form in enumerate(forms):
                whitened = part @ form.T
                gamma[:, k] = log_scale[k] - 0.5 * np.einsum("ij,ij->i", whitened, whitened)
            log_likelihood += normalise(gamma, axis=1)
            for k, gram in enumerate(grams):
                gram += (part * gamma[:, k : k + 1]).T @ part
        return np.append(grams, log_likelihood)


class BatchedPass:
    """The same with all groups in one product, chunks stored columns first, and buffers made once."""

    def __init__(self, c, chunk, groups, form_count):
        self.chunks = [np.vstack([np.ones(len(part)), part.T]) for part in np.split(c, range(chunk, len(c), chunk))]
        self.whitened = np.empty((groups * form_count, chunk))
        self.gamma = np.empty((groups, chunk))
        self.weighted = np.empty((groups, c.shape[1] + 1, chunk))

    def run(self, forms, log_scale):
        """The Gram matrices of (1, c) of all groups and the log-likelihood, one array."""
        groups, form_count, width = forms.shape
        forms = np.ascontiguousarray(forms.reshape(groups * form_count, width))
        grams = np.zeros((groups * width, width))
        log_likelihood = 0.0
        for part in self.chunks:
            count = part.shape[1]
            whitened = np.matmul(forms, part, out=self.whitened[:, :count]).reshape(groups, form_count, count)
            gamma = np.einsum("kfb,kfb->kb", whitened, whitened, out=self.gamma[:, :count])
            gamma *= -0.5
            gamma += log_scale[:, None]
            log_likelihood += normalise(gamma, axis=0)
            weighted = np.multiply(gamma[:, None, :], part, out=self.weighted[:, :, :count])
            grams += weighted.reshape(groups * width, count) @ part.T
        return np.append(grams, log_likelihood)


def fastest_chunk(pass_type, c, model, groups):
    """The chunk length of the least time per row, the same on all ranks."""
    lengths = [512, 1024, 2048, 4096, 8192, 16384, 65536]
    times = np.empty(len(lengths))
    forms, log_scale = model.forms()
    sample = c[: 2 * lengths[-1]]
    for index, length in enumerate(lengths):
        work = pass_type(sample, length, groups, forms.shape[1])
        trials = []
        for _ in range(3):
            began = time.perf_counter()
            work.run(forms, log_scale)
            trials.append(time.perf_counter() - began)
        times[index] = min(trials)
    MPI.COMM_WORLD.Allreduce(MPI.IN_PLACE, times)
    return lengths[int(np.argmin(times))]


def measure(arguments):
    world = MPI.COMM_WORLD
    first, end = (arguments.rows * edge // world.size for edge in (world.rank, world.rank + 1))
    c = rows(end - first, arguments.dimension, arguments.groups, first)
    model = {"gaussian": Gaussian, "regression": Regression}[arguments.distribution](
        arguments.dimension, arguments.groups)
    pass_type = {"groupwise": GroupwisePass, "batched": BatchedPass}[arguments.way]
    chunk = arguments.chunk or fastest_chunk(pass_type, c, model, arguments.groups)
    work = pass_type(c, chunk, arguments.groups, model.forms()[0].shape[1])
    width = arguments.dimension + 1
    trace = []

    def one_pass():
        sums = work.run(*model.forms())
        world.Allreduce(MPI.IN_PLACE, sums)
        trace.append(sums[-1])
        model.update(sums[:-1].reshape(arguments.groups, width, width))

    one_pass()
    world.Barrier()
    began = time.perf_counter()
    for _ in range(arguments.passes):
        one_pass()
    seconds = world.allreduce(time.perf_counter() - began, MPI.MAX)
    assert np.all(np.diff(trace) > -1e-9 * np.abs(trace[-1])), "the likelihood fell: this is no EM"
    if world.rank == 0:
        print(json.dumps({
            "nsPerRowPass": seconds / arguments.passes / arguments.rows * 1e9, "rows": arguments.rows,
            "dimension": arguments.dimension, "groups": arguments.groups, "ranks": world.size,
            "distribution": arguments.distribution, "way": arguments.way, "chunk": chunk, "logLikelihood": trace[-1]}))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dimension", type=int, default=8, help="columns of c = (t, r)")
    parser.add_argument("--groups", type=int, default=5)
    parser.add_argument("--distribution", choices=["gaussian", "regression"], default="gaussian")
    parser.add_argument("--way", choices=["groupwise", "batched"], default="batched")
    parser.add_argument("--passes", type=int, default=5)
    parser.add_argument("--chunk", type=int, default=0, help="rows per chunk; 0 tries some and keeps the fastest")
    with threadpool_limits(1):
        measure(parser.parse_args())


if __name__ == "__main__":
    main()
