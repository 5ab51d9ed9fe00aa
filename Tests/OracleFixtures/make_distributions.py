"""distributions.json: normal, t, F, chi-square by mpmath, corrections of p-values by statsmodels, bootstrap by scipy.

`points` are (x, density, cumulative, survival) from series and integrals at 40 digits, rounded to doubles once; the
second route is scipy.stats. `quantiles` are (p, x) with Pr(X > x) = p, solved at 40 digits.
"""

import warnings

import mpmath
import numpy as np
import scipy.stats
from fixture import assert_close, write
from statsmodels.stats.multitest import multipletests

mpmath.mp.dps = 40
mpf = mpmath.mpf
SMALLEST = mpf("1e-305")


def chi_square(nu):
    a = mpf(nu) / 2

    def density(x):
        return mpmath.exp((a - 1) * mpmath.log(mpf(x) / 2) - mpf(x) / 2 - mpmath.loggamma(a)) / 2

    def tails(x):
        z = mpf(x) / 2
        if nu < 1000:
            return tuple(mpmath.gammainc(a, *ends, regularized=True) for ends in ((0, z), (z, mpmath.inf)))
        # gammainc does not converge.
        if x > nu:
            upper = upper_integral(density, x, mpmath.sqrt(nu) / 2)
            return 1 - upper, upper
        term = total = mpf(1)
        j = 0
        while term > total * mpf("1e-36"):
            j += 1
            term *= z / (a + j)
            total += term
        lower = 2 * z / a * density(x) * total
        return lower, 1 - lower

    return density, tails, scipy.stats.chi2(nu)


def upper_integral(density, start, width):
    """The integral of a density that falls off from `start` on, piece by piece until nothing is added."""
    total, low, scale = mpf(0), mpf(start), density(start)
    while True:
        # quad's tolerance is absolute.
        piece = mpmath.quad(lambda x: density(x) / scale, [low, low + width])
        total += piece
        if piece < total * mpf("1e-34"):
            return total * scale
        low += width


def beta_tails(a, b, x, y):
    """I_x(a, b) and I_y(b, a), the smaller one by the hypergeometric series of positive terms."""

    def lower(a, b, x, y):
        kernel = mpmath.exp(
            a * mpmath.log(x) + b * mpmath.log(y) - mpmath.loggamma(a) - mpmath.loggamma(b) + mpmath.loggamma(a + b))
        term = total = mpf(1)
        j = 0
        while term > total * mpf("1e-36"):
            term *= (a + b + j) / (a + 1 + j) * x
            total += term
            j += 1
        return kernel / a * total

    if x * (a + b) < a:
        value = lower(a, b, x, y)
        return value, 1 - value
    value = lower(b, a, y, x)
    return 1 - value, value


def fisher(d1, d2):
    a, b = mpf(d1) / 2, mpf(d2) / 2

    def tails(f):
        if d2 > 1e4 and f > 0.9:
            tail = upper_integral(density, f, mpf(1) / 4)
            return 1 - tail, tail
        ratio = a / b * mpf(f)
        return beta_tails(a, b, ratio / (1 + ratio), 1 / (1 + ratio))

    def density(f):
        ratio = a / b * mpf(f)
        return mpmath.exp(
            a * mpmath.log(ratio) - (a + b) * mpmath.log(1 + ratio) - mpmath.log(f)
            + mpmath.loggamma(a + b) - mpmath.loggamma(a) - mpmath.loggamma(b))

    return density, tails, scipy.stats.f(d1, d2)


def student(nu):
    n = mpf(nu)

    def tails(t):
        t = mpf(t)
        if nu > 1e4:
            # The series would take 1e8 terms.
            tail = upper_integral(density, abs(t), mpf(1) / 2)
            return (1 - tail, tail) if t > 0 else (tail, 1 - tail)
        square, y = t**2 / (n + t**2), n / (n + t**2)
        lower, upper = beta_tails(mpf(1) / 2, n / 2, square, y) if t else (mpf(0), mpf(1))
        return ((1 + lower) / 2, upper / 2) if t > 0 else (upper / 2, (1 + lower) / 2)

    def density(t):
        return mpmath.exp(
            mpmath.loggamma((n + 1) / 2) - mpmath.loggamma(n / 2) - (n + 1) / 2 * mpmath.log(1 + mpf(t) ** 2 / n)
        ) / mpmath.sqrt(n * mpmath.pi)

    return density, tails, scipy.stats.t(nu)


def normal():
    return mpmath.npdf, lambda z: (mpmath.ncdf(z), mpmath.ncdf(-mpf(z))), scipy.stats.norm()


def case(name, parameters, distribution, xs, ps=()):
    density, tails, other = distribution
    points = []
    for x in xs:
        lower, upper = tails(x)
        row = [x, density(x), lower, upper]
        if min(row[1:]) < SMALLEST:
            continue
        points.append([float(value) for value in row])
        for ours, theirs in zip(points[-1][1:], (other.pdf(x), other.cdf(x), other.sf(x))):
            # scipy's own error is 3e-11 for t near 0, and up to 2e-9 for many degrees of freedom.
            allowed = 1e-8 if parameters and max(parameters) > 1e4 else 1e-9 if name == "t" else 1e-11
            assert abs(ours - theirs) <= allowed * abs(ours), (name, parameters, x, ours, theirs)
    quantiles = []
    for p in ps:
        start = mpf(float(other.isf(p)))
        if abs(start) == mpmath.inf:
            continue
        if start == 0 or p == 0.5 and name in ("normal", "t"):
            quantiles.append([p, 0.0])
            continue

        def gap(x):
            # The smaller tail, for precision.
            lower, upper = tails(x)
            return mpmath.log(upper) - mpmath.log(mpf(p)) if p < 0.5 else mpmath.log(lower) - mpmath.log(1 - mpf(p))

        x = start
        for _ in range(4):
            lower, upper = tails(x)
            slope = -density(x) / upper if p < 0.5 else density(x) / lower
            x -= gap(x) / slope
        assert abs(gap(x)) < mpf("1e-25"), (name, parameters, p, gap(x))
        assert abs(x - start) <= 1e-6 * abs(start), (name, parameters, p, x, start)
        quantiles.append([p, float(x)])
    return {"name": name, "parameters": list(parameters), "points": points, "quantiles": quantiles}


def bootstrap():
    random = np.random.default_rng(21)
    sample = random.gamma(1.5, 2.0, size=40)
    result = {"sample": sample, "estimate": sample.mean(), "level": 0.9}
    for method in ("percentile", "basic", "BCa"):
        found = scipy.stats.bootstrap(
            (sample,), np.mean, n_resamples=199, confidence_level=0.9, method=method, random_state=5)
        result[method[0].lower() + method[1:]] = list(found.confidence_interval)
    replicates = found.bootstrap_distribution
    result["replicates"] = replicates
    result["jackknife"] = [np.delete(sample, i).mean() for i in range(sample.size)]
    result["standardError"] = found.standard_error
    result["estimateError"] = sample.std(ddof=1) / np.sqrt(sample.size)
    result["replicateErrors"] = random.uniform(0.3, 0.7, size=replicates.size)
    ratios = (replicates - sample.mean()) / result["replicateErrors"]
    low, high = np.quantile(ratios, [0.05, 0.95])
    result["studentized"] = [sample.mean() - ratio * result["estimateError"] for ratio in (high, low)]
    # By hand, not by scipy.
    low, high = np.quantile(replicates, [0.05, 0.95])
    assert_close(result["percentile"], [low, high], 1e-12, "percentile")
    assert_close(result["basic"], [2 * sample.mean() - high, 2 * sample.mean() - low], 1e-12, "basic")
    return result


def multiple():
    random = np.random.default_rng(22)
    p = np.concatenate([random.uniform(size=8), random.uniform(size=6) ** 6, [0.02, 0.02, 0.0, 1.0]])
    result = {"p": p}
    for name, method in (("bonferroni", "bonferroni"), ("holm", "holm"), ("benjaminiHochberg", "fdr_bh")):
        result[name] = multipletests(p, method=method)[1]
    assert_close(result["benjaminiHochberg"], scipy.stats.false_discovery_control(p), 1e-14, "BH")
    return result


def main():
    warnings.simplefilter("ignore")
    upper = [0.5, 0.4999999, 0.3, 0.05, 0.025, 1e-3, 1e-8, 1e-30, 1e-290]
    both = upper + [0.7, 0.999]
    zs = [-37.0, -8.0, -1.5, -0.1, 0.0, 1e-9, 0.5, 1.0, 1.7, 1.96, 5.0, 12.0, 30.0, 37.0]
    cases = [case("normal", (), normal(), zs, both)]
    for nu in (1, 2.5, 5, 30, 200, 1e6):
        ts = [-40.0, -2.0, -0.3, 0.0, 1e-7, 0.2, 0.9, 1.1, 2.0, 3.5, 8.0, 35.0, 500.0]
        cases.append(case("t", (nu,), student(nu), ts, [p for p in both if p > 1e-100 and nu < 1e4]))
    for nu in (1, 2, 3, 7.5, 40, 500, 20000):
        xs = [nu * r for r in (1e-6, 0.01, 0.3, 0.9, 1.0, 1.0 + 1.5 / nu, 1.2, 2.0, 5.0)] + [300.0, 1200.0]
        cases.append(case("chiSquare", (nu,), chi_square(nu), xs, both + [1 - 2.0**-50]))
    for d in ((1, 1), (1, 30), (2, 7), (5, 2), (3.5, 12.5), (10, 400), (300, 5), (2000, 3000), (12, 1e6)):
        fs = [1e-6, 0.05, 0.5, 0.97, 1.0, 1.03, 1.6, 4.0, 30.0, 700.0]
        cases.append(case("f", d, fisher(*d), fs, [p for p in both if p > 1e-100 and d[1] < 1e4]))
    write("distributions.json", {"cases": cases, "bootstrap": bootstrap(), "multiple": multiple()},
          ("mpmath", "scipy", "statsmodels"))


if __name__ == "__main__":
    main()
