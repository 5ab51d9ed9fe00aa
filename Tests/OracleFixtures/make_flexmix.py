"""flexmix.json: the rows of regression.json fitted by R's flexmix, from the same initial clusters, to convergence.

Needs R with flexmix (Debian: r-cran-flexmix). flexmix starts with an M step from the given clusters. Its sigma_k^2 is
the weighted mean squared residual x n / (n - p), with n all rows (not those of the group) and p the number of
coefficients with the intercept, and that sigma is what its E step uses. So its fixed point is not the maximum of the
likelihood, though near it. The script asserts that the numpy reference with that factor is flexmix to 1e-9, and
records the reference without it, the maximum likelihood fit that is expected of us.
"""

import csv
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from fixture import FOLDER, assert_close, read, write
from make_regression import criteria, e_step, em, m_step


def run_flexmix(t, r, clusters):
    with tempfile.TemporaryDirectory() as folder:
        rows, fit = Path(folder, "rows.csv"), Path(folder, "fit.csv")
        table = np.column_stack([t, r, clusters + 1])
        np.savetxt(rows, table, delimiter=",", fmt="%.17g", header="t,r1,r2,cluster", comments="")
        subprocess.run(["Rscript", FOLDER / "make_flexmix.R", rows, fit], check=True)
        lines = list(csv.reader(fit.open()))
    named = {name: [float(value) for value in values] for name, *values in lines if name not in ("posterior", "versions")}
    posterior = np.array([[float(value) for value in line[1:]] for line in lines if line[0] == "posterior"])
    versions = dict(zip(("R", "flexmix"), next(line[1:] for line in lines if line[0] == "versions")))
    model = {
        "weights": named["weights"], "coefficients": np.transpose([named["intercept"], named["r1"], named["r2"]]),
        "sigma": named["sigma"], "logLikelihood": named["logLikelihood"][0], "bic": named["bic"][0],
        "parameterCount": int(named["parameterCount"][0]), "responsibilities": posterior}
    return model, versions


def reference(features, t, clusters, variance_factor):
    """The numpy EM from the same clusters: an M step, then iterations until nothing changes."""
    unit = np.ones(len(t))
    start = m_step(features, t, unit, np.eye(clusters.max() + 1)[clusters], variance_factor)
    model, trace = em(features, t, unit, start, 100_000, variance_factor)
    gamma, _ = e_step(features, t, unit, model)
    return {
        **model, "logLikelihood": trace[-1], **criteria(gamma, trace[-1], unit, features.shape[1]),
        "responsibilities": gamma}


def main():
    data = read("regression.json")
    r, t = np.array(data["r"]), np.array(data["t"])
    features = np.column_stack([np.ones(len(t)), r])
    clusters = np.argmax(data["startResponsibilities"], axis=1)
    flexmix, versions = run_flexmix(t, r, clusters)
    factor = len(t) / (len(t) - features.shape[1])
    corrected = reference(features, t, clusters, factor)
    for name in flexmix:
        assert_close(corrected[name], flexmix[name], 1e-9, f"numpy with flexmix's variance, {name}")
    write("flexmix.json", {
        "rowsOf": "regression.json", "programs": versions, "initialClusters": clusters, "varianceFactor": factor,
        "flexmix": flexmix, "maximumLikelihood": reference(features, t, clusters, 1.0)}, ("numpy",))


if __name__ == "__main__":
    main()
