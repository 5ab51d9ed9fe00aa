"""noncentral.json: noncentral chi-square by scipy at 40 digits of mpmath.

`points` are (degrees of freedom, noncentrality, x, density, cumulative, survival), summed over Poisson weights by mpmath
and rounded to doubles once; the second route is scipy.stats. `quantiles` are (degrees of freedom, noncentrality, x) with
Pr(X > x) = .05 by scipy.
"""

import mpmath
from fixture import assert_close, write
from scipy import stats

mpmath.mp.dps = 40
CASES = [(1, 10), (2.5, 0.3), (7.3, 73), (20, 200), (1, 1000), (4, 0)]


def terms(x, nu, noncentrality):
    density = lower = upper = mpmath.mpf(0)
    half, z = mpmath.mpf(noncentrality) / 2, mpmath.mpf(x) / 2
    for j in range(int(half + 40 * mpmath.sqrt(half + 1) + 60)):
        weight = mpmath.exp(-half) * half**j / mpmath.factorial(j)
        a = mpmath.mpf(nu) / 2 + j
        density += weight * mpmath.exp((a - 1) * mpmath.log(z) - z - mpmath.loggamma(a)) / 2
        lower += weight * mpmath.gammainc(a, 0, z, regularized=True)
        upper += weight * mpmath.gammainc(a, z, mpmath.inf, regularized=True)
    return density, lower, upper


def main():
    points, quantiles = [], []
    for nu, noncentrality in CASES:
        mean = nu + noncentrality
        for factor in (0.1, 0.7, 1, 1.3, 3):
            x = mean * factor
            values = [float(value) for value in terms(x, nu, noncentrality)]
            law = stats.ncx2(nu, noncentrality) if noncentrality else stats.chi2(nu)
            assert_close(values, [law.pdf(x), law.cdf(x), law.sf(x)], 1e-9, "scipy")
            points.append([nu, noncentrality, x, *values])
        quantiles.append([nu, noncentrality, law.isf(0.05)])
    write("noncentral.json", {"points": points, "quantiles": quantiles}, ("mpmath", "scipy"))


if __name__ == "__main__":
    main()
