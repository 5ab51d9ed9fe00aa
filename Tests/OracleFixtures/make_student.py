"""student.json: mixtures with errors of a t law, in plain numpy: a regression of t, and the model of make_joint.py.

The rows are those of joint.json with every fiftieth t and another fiftieth of y moved far away. `regression` is
t | x, k = beta_k'(1, x) + sigma_k e with e of a t law; `joint` has (V_k / sigma_k, e_k / tau_k) of one bivariate t law. One
iteration weighs rows by gamma u, u = (nu + p) / (nu + q) with q the square of the p standardised residuals. sigma^2 and
tau^2 of the joint model are means with these weights (Kent, Tyler and Vardi 1994), sigma^2 of the regression a sum with
them over N_k; the shares are those of gamma; nu, where it is estimated, solves its equation with scipy's digamma. Densities
are scipy's. The script checks that no likelihood falls and that the gradient by complex steps is zero at the converged
parameters. `covariance` is the sandwich of (b, kappa) at fixed nu as in make_joint.py: scores by complex steps,
information by differences of them. `logGamma` and `digamma` are scipy's at `arguments`.
"""

import make_joint as joint
import numpy as np
import scipy.optimize
import scipy.special
import scipy.stats
from fixture import write

GROUPS, DEGREES, ITERATIONS = joint.GROUPS, 4.0, 25


def rows():
    x, t, y = joint.draw_rows()
    t, y = t.copy(), y.copy()
    t[::50] += 6.0
    y[25::50] -= 5.0
    return x, t, y


def estimated(nu, p, gamma, u):
    half = (nu + p) / 2
    tail = np.sum(gamma * (np.log(u) - u)) / gamma.sum()
    slope = lambda n: (np.log(n / 2) - scipy.special.digamma(n / 2) + 1 + tail + scipy.special.digamma(half)
                       - np.log(half))
    if slope(1.0) <= 0:
        return 1.0
    return 200.0 if slope(200.0) >= 0 else scipy.optimize.brentq(slope, 1.0, 200.0, xtol=1e-13, rtol=1e-14)


# The regression

def regression_densities(model, design, t):
    r = t[:, None] - design @ model["coefficients"].T
    return np.log(model["weights"]) + scipy.stats.t.logpdf(r, model["nu"], scale=model["sigma"])


def regression_step(model, design, t, w, estimates):
    logs = regression_densities(model, design, t)
    gamma = np.exp(logs - joint.row_likelihoods(logs)[:, None]) * w[:, None]
    r = (t[:, None] - design @ model["coefficients"].T) / model["sigma"]
    u = (model["nu"] + 1) / (model["nu"] + r**2)
    beta, sigma = [], []
    for k in range(GROUPS):
        root = np.sqrt(gamma[:, k] * u[:, k])
        beta.append(np.linalg.lstsq(root[:, None] * design, root * t, rcond=None)[0])
        sigma.append(np.sqrt(np.sum((root * (t - design @ beta[k])) ** 2) / gamma[:, k].sum()))
    return {"coefficients": np.array(beta), "sigma": np.array(sigma), "weights": gamma.sum(axis=0) / w.sum(),
            "nu": estimated(model["nu"], 1, gamma, u) if estimates else model["nu"]}


# The joint model

def joint_densities(model, rho, phi, t, y):
    """log pi_k + log of the bivariate density; analytic in every parameter."""
    nu = model.get("nu", DEGREES)
    v = (t[:, None] - rho @ model["selection"].T)
    e = y[:, None] - (phi @ model["outcome"])[:, None] - model["delta"] - model["kappa"] * v
    q = v**2 / model["sigma"] ** 2 + e**2 / model["tau"] ** 2
    return (np.log(model["weights"]) - np.log(2 * np.pi) - np.log(model["sigma"]) - np.log(model["tau"])
            - (nu + 2) / 2 * np.log(1 + q / nu))


def joint_step(model, rho, phi, t, y, w, estimates):
    logs = joint_densities(model, rho, phi, t, y)
    gamma = np.exp(logs - joint.row_likelihoods(logs)[:, None]) * w[:, None]
    v = t[:, None] - rho @ model["selection"].T
    e = y[:, None] - (phi @ model["outcome"])[:, None] - model["kappa"] * v
    u = (model["nu"] + 2) / (model["nu"] + (v / model["sigma"]) ** 2 + (e / model["tau"]) ** 2)
    new = joint.m_step({**model}, gamma * u, w, rho, phi, t, y, False)
    new["weights"] = gamma.sum(axis=0) / w.sum()
    new["nu"] = estimated(model["nu"], 2, gamma, u) if estimates else model["nu"]
    return new


def run(step, densities, start, iterations):
    model, trace = start, []
    for _ in range(iterations):
        trace.append(densities(model))
        previous, model = model, step(model)
        if max(np.max(np.abs(np.asarray(model[name]) - np.asarray(previous[name]))) for name in model) <= 1e-12:
            break
    trace.append(densities(model))
    assert np.all(np.diff(trace) > -1e-9), "the likelihood fell"
    return model, trace


def section(step, densities, start):
    one, _ = run(step, densities, start, 1)
    many, trace = run(step, densities, start, ITERATIONS)
    converged, whole = run(step, densities, start, 100_000)
    return {"afterOne": one, "afterMany": many, "logLikelihood": trace,
            "converged": {**converged, "logLikelihood": whole[-1]}}


def main():
    x, t, y = rows()
    rho, phi = joint.columns(x, t)
    w = np.random.default_rng(22).uniform(0.25, 2.0, size=len(t))
    regression_start = {"coefficients": joint.START["selection"], "sigma": joint.START["sigma"],
                        "weights": joint.START["weights"]}
    fields = {"x": x, "t": t, "y": y, "rowWeights": w, "degrees": DEGREES, "start": joint.START}
    for name, nu, estimates in (("fixed", DEGREES, False), ("estimated", 5.0, True)):
        for kind, weights in (("", np.ones(len(t))), ("Weighted", w)):
            likelihood = lambda logs: weights @ joint.row_likelihoods(logs)
            fields[f"regression{kind}{name.capitalize()}"] = section(
                lambda model: regression_step(model, rho, t, weights, estimates),
                lambda model: likelihood(regression_densities(model, rho, t)), {**regression_start, "nu": nu})
            fields[f"joint{kind}{name.capitalize()}"] = section(
                lambda model: joint_step(model, rho, phi, t, y, weights, estimates),
                lambda model: likelihood(joint_densities(model, rho, phi, t, y)), {**joint.START, "nu": nu})
    # Its functions of scores and their differences take the log densities of the module.
    joint.log_densities = joint_densities
    for kind, weights in (("", np.ones(len(t))), ("Weighted", w)):
        covariance, shares = joint.sandwich(
            fields[f"joint{kind}Fixed"]["converged"], (rho, phi, t, y), weights, False)
        fields[f"joint{kind}Fixed"]["covariance"], fields[f"joint{kind}Fixed"]["shareCovariance"] = covariance, shares
    arguments = np.array([1e-3, 0.3, 0.5, 1.0, 1.7, 2.5, 9.9, 10.0, 37.2, 1e3])
    fields.update(arguments=arguments, logGamma=scipy.special.gammaln(arguments),
                  digamma=scipy.special.digamma(arguments))
    write("student.json", fields, packages=("numpy", "scipy"))


if __name__ == "__main__":
    main()
