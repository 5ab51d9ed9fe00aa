// exp and log by polynomials, the same operations lane by lane in every instruction set.
#include <string.h>

// exp is 0 from here down.
#define LEAST_EXPONENT -746

// exp(x) for x <= 0, within one unit in the last place: x = n log 2 + r with |r| <= log(2) / 2, and
// exp(r) = 1 + r + r^2 q(r), q of degree 9 through the Chebyshev points (relative error 1.6e-17).
INLINE vector exponential(vector x) {
    static const double q[] = {
        0x1.0000000000001p-1,  0x1.5555555555556p-3,  0x1.5555555553d68p-5,  0x1.11111111109b5p-7,
        0x1.6c16c17889ef1p-10, 0x1.a01a01a7c2efep-13, 0x1.a019b9149a41cp-16, 0x1.71de0db2f6b19p-19,
        0x1.28917c89a43a7p-22, 0x1.af389ecfc4b9cp-26,
    };
    // Adding this rounds to an integer and leaves it in the lowest bits as the biased exponent of 2^(n + 64). That is
    // a normal number down to the least result; the last product brings it back, and is the only one to underflow.
    const double shift = 0x1.8p52 + 1023 + 64;
    x = larger(LEAST_EXPONENT, x);
    const vector shifted = fused(x, 0x1.71547652b82fep+0, shift);
    const vector n = shifted - shift;
    vector r = fused(n, -0x1.62e42fefa39efp-1, x);
    r = fused(n, -0x1.abc9e3b39803fp-56, r);
    vector p = q[9];
    UNROLL for (int i = 8; i >= 0; i--) p = fused(p, r, q[i]);
    p = fused(p, r, 1);
    p = fused(p, r, 1);
    return p * (vector)((bits)shifted << 52) * 0x1p-64;
}

// log(x) for positive normal x, within one unit in the last place: x = 2^n m with m in [sqrt(1/2), sqrt(2)), and
// log(m) by s = (m - 1) / (m + 1) and the polynomial of fdlibm (Sun Microsystems, 1993, e_log.c).
INLINE vector logarithm(vector x) {
    const unsigned long long root_half = 0x3fe6a09e00000000, one = 0x3ff0000000000000, fraction = 0x000fffffffffffff;
    const bits raised = (bits)x + (one - root_half);
    const vector n = (vector)((raised >> 52) | 0x4330000000000000) - (0x1p52 + 1023);
    const vector f = (vector)((raised & fraction) + root_half) - 1;
    const vector half_square = 0.5 * f * f;
    const vector s = f / (f + 2);
    const vector z = s * s;
    const vector w = z * z;
    vector even = fused(w, 0x1.39a09d078c69fp-3, 0x1.c71c51d8e78afp-3);
    even = w * fused(w, even, 0x1.999999997fa04p-2);
    vector odd = fused(w, 0x1.2f112df3e5244p-3, 0x1.7466496cb03dep-3);
    odd = fused(w, odd, 0x1.2492494229359p-2);
    odd = z * fused(w, odd, 0x1.5555555555593p-1);
    const vector correction = fused(s, half_square + (even + odd), n * 0x1.a39ef35793c76p-33);
    const vector result = fused(n, 0x1.62e42feep-1, f - (half_square - correction));
    return x == x ? result : x;
}

static void exponentials(const double *x, double *result, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i += WIDTH) {
        const size_t bytes = sizeof(double) * (size_t)(count - i < WIDTH ? count - i : WIDTH);
        vector value = 0;
        memcpy(&value, x + i, bytes);
        value = exponential(value);
        memcpy(result + i, &value, bytes);
    }
}

static void logarithms(const double *x, double *result, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i += WIDTH) {
        const size_t bytes = sizeof(double) * (size_t)(count - i < WIDTH ? count - i : WIDTH);
        vector value = 1;
        memcpy(&value, x + i, bytes);
        value = logarithm(value);
        memcpy(result + i, &value, bytes);
    }
}
