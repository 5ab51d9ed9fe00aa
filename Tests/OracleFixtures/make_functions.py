"""functions.json: exp, log, sin and cos to twice the digits of a double, by mpmath with 1,400 bits.

Values are `high` + `low`: the nearest double and the nearest to what it leaves, so that an error can be counted in parts
of a unit in the last place. Arguments cover the whole range of doubles: subnormal numbers, the bounds of
overflow and underflow, neighbours of 1 for the logarithm and of multiples of pi/4 for sine and cosine, among them the
double that comes nearest to a multiple of pi/2 (6381956970095103 x 2^797).
"""

import math
import random

from fixture import assert_close, write
from mpmath import cos, exp, log, mp, mpf, pi, sin

mp.prec = 1400


def neighbours(value):
    return [math.nextafter(value, -math.inf), value, math.nextafter(value, math.inf)]


def section(name, function, arguments):
    values = [function(mpf(x)) for x in arguments]
    high = [float(value) for value in values]
    # Only to catch a slip: the C library is good to a unit in the last place.
    for own, x in zip(high, arguments):
        assert_close(own, getattr(math, name)(x), 1e-15, name)
    low = [float(value - mpf(nearest)) for value, nearest in zip(values, high)]
    return {"arguments": arguments, "high": high, "low": low}


def main():
    generator = random.Random(20)
    uniform = generator.uniform
    spread = lambda low, high: math.ldexp(uniform(0.5, 1), generator.randint(low, high))
    exponents = (
        [uniform(-745, 709) for _ in range(80)] + [uniform(-1, 1) for _ in range(60)]
        + [uniform(-745, -708) for _ in range(20)] + [709.782712893384, -745.1332191019411, 0.0, 1e-300, -5e-324])
    positives = (
        [spread(-1073, 1024) for _ in range(80)] + [uniform(0.5, 2) for _ in range(60)]
        + [1 + uniform(-1e-5, 1e-5) for _ in range(40)] + neighbours(1.0) + [5e-324, 1e-310, 1.7976931348623157e308])
    angles = (
        [uniform(-10, 10) for _ in range(60)] + [uniform(-1e5, 1e5) for _ in range(60)]
        + [spread(-1000, 1024) for _ in range(60)] + [-spread(-60, 64) for _ in range(40)]
        + [x for k in [1, 2, 3, 4, 5, 6, 7, 8, 22, 1000, 12345, 10**9] for x in neighbours(float(k * pi / 4))]
        + [6381956970095103 * 2.0**797, 0.0, 5e-324, 1.7976931348623157e308])
    write("functions.json", {
        "exp": section("exp", exp, exponents), "log": section("log", log, positives),
        "sin": section("sin", sin, angles), "cos": section("cos", cos, angles)}, ("mpmath",))


if __name__ == "__main__":
    main()
