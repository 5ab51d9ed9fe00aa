"""kmeans.json: Lloyd's K-means from given centres, by scikit-learn, checked against plain numpy.

One iteration assigns every row to the nearest centre, then moves each centre to the (weighted) mean of its rows. The
labels and the inertia recorded are those of the moved centres: one assignment more. The 20 iterations end early when
the labels stay as they were.
"""

import warnings

import numpy as np
from fixture import assert_close, write
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

ROWS, GROUPS = 150, 4


def draw_rows():
    random = np.random.default_rng(14)
    means = np.array([[0.0, 0.0, 0.0], [3.0, 0.5, -1.0], [-1.0, 3.0, 1.0], [2.5, 3.0, 2.0]])
    return means[random.integers(GROUPS, size=ROWS)] + random.normal(size=(ROWS, 3))


def assign(c, row_weights, centres):
    distances = ((c[:, None, :] - centres) ** 2).sum(axis=2)
    labels = distances.argmin(axis=1)
    return labels, np.sum(row_weights * distances[np.arange(len(c)), labels])


def lloyd(c, row_weights, centres, iterations):
    labels, inertia = assign(c, row_weights, centres)
    for done in range(1, iterations + 1):
        sums = [np.average(c[labels == k], axis=0, weights=row_weights[labels == k]) for k in range(GROUPS)]
        centres, previous = np.array(sums), labels
        labels, inertia = assign(c, row_weights, centres)
        if np.array_equal(labels, previous):
            break
    return centres, labels, inertia, done


def fits(c, row_weights, start):
    fields = {}
    for name, iterations in (("afterOne", 1), ("afterMany", 20)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model = KMeans(GROUPS, init=start, n_init=1, max_iter=iterations, tol=0, algorithm="lloyd").fit(
                c, sample_weight=row_weights)
        centres, labels, inertia, done = lloyd(c, row_weights, start, iterations)
        assert_close(centres, model.cluster_centers_, 1e-12, f"{name}, centres")
        assert_close(inertia, model.inertia_, 1e-12, f"{name}, inertia")
        assert np.array_equal(labels, model.labels_), f"{name}, labels"
        fields[name] = {
            "centres": model.cluster_centers_, "labels": model.labels_, "inertia": model.inertia_, "iterations": done}
    return fields


def main():
    c = draw_rows()
    start = c[[0, 1, 2, 3]]
    row_weights = np.random.default_rng(15).uniform(0.25, 2.0, size=ROWS)
    write("kmeans.json", {
        "c": c, "groups": GROUPS, "start": start, "unweighted": fits(c, np.ones(ROWS), start),
        "rowWeights": row_weights, "weighted": fits(c, row_weights, start)}, ("numpy", "scikit-learn"))


if __name__ == "__main__":
    main()
