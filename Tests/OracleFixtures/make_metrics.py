"""metrics.json: agreement of labels, entropy, and balance of covariates over groups, by scikit-learn and scipy.

Labels are 0, 1, ... Matching accuracy is the largest share of rows on a one-to-one matching of found to true groups;
surplus groups stay unmatched. Balance is weighted by responsibilities gamma (rows x groups; labels are one-hot):
mean_k = sum_i gamma_ik x_i / N_k, var_k = sum_i gamma_ik (x_i - mean_k)^2 / N_k,
MMD = mean over pairs of groups of |mean_i - mean_j|^2, and per pair (i < j) and covariate the standardised mean
difference |mean_i - mean_j| / sqrt((var_i + var_j) / 2).
"""

from itertools import combinations, permutations

import numpy as np
from fixture import assert_close, write
from scipy.optimize import linear_sum_assignment
from scipy.special import comb, softmax
from scipy.stats import entropy
from sklearn.metrics import adjusted_rand_score
from sklearn.metrics.cluster import contingency_matrix

ROWS, COVARIATES = 60, 3


def label_pairs():
    random = np.random.default_rng(12)
    true = random.integers(3, size=ROWS)
    noisy = np.where(random.random(ROWS) < 0.8, (true + 1) % 3, random.integers(3, size=ROWS))
    merged = np.minimum(noisy, 1)
    split = noisy + 3 * (random.random(ROWS) < 0.4)
    # The largest cell belongs to no best matching here, so a greedy one loses.
    greedy_true = np.repeat([0, 0, 1], [10, 9, 9])
    greedy_found = np.repeat([0, 1, 0], [10, 9, 9])
    return {
        "permuted": (true, (true + 2) % 3), "noisy": (true, noisy), "independent": (true, random.integers(4, size=ROWS)),
        "fewer found than true": (true, merged), "more found than true": (true, split),
        "one group found": (true, np.zeros(ROWS, int)), "greedy matching loses": (greedy_true, greedy_found)}


def agreement(true, found):
    confusion = contingency_matrix(true, found)
    rows, columns = linear_sum_assignment(confusion, maximize=True)
    accuracy = confusion[rows, columns].sum() / len(true)
    assert np.isclose(accuracy, best_of_all_matchings(confusion) / len(true), atol=1e-15)
    index = adjusted_rand_score(true, found)
    assert_close(index, adjusted_rand_by_pairs(confusion), 1e-14, "adjusted Rand index")
    return {
        "true": true, "found": found, "confusion": confusion, "accuracy": accuracy, "adjustedRandIndex": index,
        "matching": [[row, column] for row, column in zip(rows.tolist(), columns.tolist())]}


def best_of_all_matchings(confusion):
    wide = confusion if confusion.shape[0] <= confusion.shape[1] else confusion.T
    return max(
        sum(wide[row, column] for row, column in enumerate(columns))
        for columns in permutations(range(wide.shape[1]), wide.shape[0]))


def adjusted_rand_by_pairs(confusion):
    together = comb(confusion, 2).sum()
    in_true, in_found = comb(confusion.sum(axis=1), 2).sum(), comb(confusion.sum(axis=0), 2).sum()
    expected = in_true * in_found / comb(confusion.sum(), 2)
    return (together - expected) / ((in_true + in_found) / 2 - expected)


def balance(x, gamma):
    sizes = gamma.sum(axis=0)
    means = gamma.T @ x / sizes[:, None]
    variances = np.array([weights @ (x - mean) ** 2 / size for weights, mean, size in zip(gamma.T, means, sizes)])
    pairs = list(combinations(range(gamma.shape[1]), 2))
    gaps = np.array([means[i] - means[j] for i, j in pairs])
    pooled = np.array([np.sqrt((variances[i] + variances[j]) / 2) for i, j in pairs])
    return {
        "responsibilities": gamma, "means": means, "mmd": np.mean(np.sum(gaps**2, axis=1)), "pairs": pairs,
        "standardizedMeanDifferences": np.abs(gaps) / pooled,
        "entropy": np.sum(entropy(gamma, axis=1))}


def main():
    random = np.random.default_rng(13)
    x = random.normal(size=(ROWS, COVARIATES)) * [1.0, 2.0, 0.5] + [0.0, 5.0, -1.0]
    pairs = label_pairs()
    noisy = pairs["noisy"][1]
    write("metrics.json", {
        "agreement": [{"name": name, **agreement(*pair)} for name, pair in pairs.items()],
        "x": x,
        "balance": [
            {"name": "labels", "labels": noisy, **balance(x, np.eye(3)[noisy])},
            {"name": "responsibilities", **balance(x, softmax(2 * random.normal(size=(ROWS, 4)), axis=1))}],
    }, ("numpy", "scipy", "scikit-learn"))


if __name__ == "__main__":
    main()
