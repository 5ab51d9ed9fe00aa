#include "giv_functions.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#pragma clang fp contract(off)

typedef unsigned __int128 wide;

static uint64_t bits_of(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof(bits));
    return bits;
}

static double of_bits(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof(x));
    return x;
}

// 2^n of a normal number.
static double power_of_two(int n) { return of_bits((uint64_t)(n + 1023) << 52); }

// x = n log 2 + r, and exp(r) = 1 + r + r c / (2 - c) with the polynomial c of fdlibm (Sun Microsystems, 1993, e_exp.c).
double giv_scalar_exp(double x) {
    if (x != x) return x;
    if (x > 0x1.62e42fefa39efp+9) return INFINITY;
    if (x < -0x1.74910d52d3051p+9) return 0;
    const double n = (x * 0x1.71547652b82fep+0 + 0x1.8p52) - 0x1.8p52;
    const double high = x - n * 0x1.62e42feep-1, low = n * 0x1.a39ef35793c76p-33;
    const double r = high - low, z = r * r;
    const double c =
        r - z * (0x1.555555555553ep-3 +
                 z * (-0x1.6c16c16bebd93p-9 +
                      z * (0x1.1566aaf25de2cp-14 + z * (-0x1.bbd41c5d26bf1p-20 + z * 0x1.6376972bea4d0p-25))));
    const double value = 1 + ((r * c / (2 - c) - low) + high);
    const int exponent = (int)n;
    if (exponent > 1023) return value * 2 * 0x1p1023;
    // Only the last product may be subnormal.
    if (exponent < -1021) return value * power_of_two(exponent + 200) * 0x1p-200;
    return value * power_of_two(exponent);
}

// x = 2^n (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)), and log(1 + f) by s = f / (2 + f) and the polynomial of fdlibm
// (e_log.c).
double giv_scalar_log(double x) {
    uint64_t bits = bits_of(x);
    int scale = 1023;
    if (!(x > 0)) return x == 0 ? -INFINITY : NAN;
    if (x == INFINITY) return x;
    if (bits >> 52 == 0) {
        bits = bits_of(x * 0x1p54);
        scale += 54;
    }
    bits += 0x3ff0000000000000 - 0x3fe6a09e00000000;
    const double n = (int)(bits >> 52) - scale;
    const double f = of_bits((bits & 0x000fffffffffffff) + 0x3fe6a09e00000000) - 1;
    const double half_square = 0.5 * f * f, s = f / (2 + f), z = s * s, w = z * z;
    const double even = w * (0x1.999999997fa04p-2 + w * (0x1.c71c51d8e78afp-3 + w * 0x1.39a09d078c69fp-3));
    const double odd =
        z * (0x1.5555555555593p-1 +
             w * (0x1.2492494229359p-2 + w * (0x1.7466496cb03dep-3 + w * 0x1.2f112df3e5244p-3)));
    return n * 0x1.62e42feep-1 - ((half_square - (s * (half_square + (even + odd)) + n * 0x1.a39ef35793c76p-33)) - f);
}

// An angle in [-pi/4, pi/4] as high + low, after a number of quarter turns, modulo 4.
typedef struct {
    double high, low;
    int quarters;
} angle;

// 64 zeros, and the bits of 2/pi after the point.
static const uint64_t two_over_pi[] = {
    0x0000000000000000, 0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041,
    0xfe5163abdebbc561, 0xb7246e3a424dd2e0, 0x06492eea09d1921c, 0xfe1deb1cb129a73e,
    0xe88235f52ebb4484, 0xe99c7026b45f7e41, 0x3991d639835339f4, 0x9c845f8bbdf9283b,
    0x1ff897ffde05980f, 0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7, 0x4f463f669e5fea2d,
    0x7527bac7ebe5f17b, 0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08, 0x56033046fc7b6bab,
    0xf0cfbc209af4361d,
};

// x of at least pi/4, by Payne and Hanek's method (1983) in integers: m 2^q times those bits of 2/pi that leave no
// multiples of four, 190 of them after the point. The least distance of a double from a multiple of pi/2 is 2^-61 of a
// quarter turn, so at least 67 significant bits are left.
static angle reduced(double x) {
    const uint64_t bits = bits_of(x), m = (bits & 0x000fffffffffffff) | 0x0010000000000000;
    const int place = (int)(bits >> 52) - 1023 - 52 - 2 + 64, shift = place % 64;
    const uint64_t *const from = two_over_pi + place / 64;
    uint64_t window[3];
    for (int i = 0; i < 3; i++) window[i] = shift ? from[i] << shift | from[i + 1] >> (64 - shift) : from[i];
    const wide least = (wide)m * window[2], middle = (wide)m * window[1] + (uint64_t)(least >> 64);
    wide turns = ((wide)(m * window[0]) << 64) + middle;
    // Two bits of quarter turns, rounded to the nearest; what is left is a signed fraction of one.
    const int quarters = (int)((turns >> 126) + (turns >> 125 & 1)) & 3;
    turns = turns << 2 | (uint64_t)least >> 62;
    const int negative = (int)(turns >> 127);
    if (negative) turns = -turns;
    // Times pi/2.
    const int zeros = turns >> 64 ? __builtin_clzll((uint64_t)(turns >> 64)) : 64 + __builtin_clzll((uint64_t)turns);
    turns <<= zeros;
    const uint64_t pi_high = 0xc90fdaa22168c234, pi_low = 0xc4c6628b80dc1cd1;
    const uint64_t high = (uint64_t)(turns >> 64), low = (uint64_t)turns;
    wide value = (wide)high * pi_high + (uint64_t)((wide)high * pi_low >> 64) + (uint64_t)((wide)low * pi_high >> 64);
    const int more = __builtin_clzll((uint64_t)(value >> 64));
    value <<= more;
    const double sign = negative ? -1 : 1;
    angle result = {sign * (double)(int64_t)(value >> 75) * power_of_two(-52 - zeros - more), 0, quarters};
    result.low = sign * (double)(int64_t)(value >> 12 & 0x7fffffffffffffff) * power_of_two(-115 - zeros - more);
    return result;
}

// sin(high + low) and cos(high + low) in [-pi/4, pi/4], by the polynomials of fdlibm (k_sin.c, k_cos.c).
static double sine_of(angle a) {
    const double x = a.high, z = x * x, v = z * x;
    const double r =
        0x1.111111110f8a6p-7 +
        z * (-0x1.a01a019c161d5p-13 +
             z * (0x1.71de357b1fe7dp-19 + z * (-0x1.ae5e68a2b9cebp-26 + z * 0x1.5d93a5acfd57cp-33)));
    return x - ((z * (0.5 * a.low - v * r) - a.low) - v * -0x1.5555555555549p-3);
}

static double cosine_of(angle a) {
    const double x = a.high, z = x * x, half = 0.5 * z, w = 1 - half;
    const double even = z * (0x1.555555555554cp-5 + z * (-0x1.6c16c16c15177p-10 + z * 0x1.a01a019cb1590p-16));
    const double odd = z * z * (z * z) *
                       (-0x1.27e4f809c52adp-22 + z * (0x1.1ee9ebdb4b1c4p-29 + z * -0x1.8fae9be8838d4p-37));
    return w + (((1 - w) - half) + (z * (even + odd) - x * a.low));
}

void giv_scalar_sin_cos(double x, double *sine, double *cosine) {
    const double magnitude = fabs(x);
    if (!(magnitude < INFINITY)) {
        *sine = *cosine = x - x;
        return;
    }
    const angle a = magnitude <= 0x1.921fb54442d18p-1 ? (angle){magnitude, 0, 0} : reduced(magnitude);
    const double s = sine_of(a), c = cosine_of(a);
    const double up = a.quarters & 1 ? c : s, along = a.quarters & 1 ? -s : c;
    const double turned = a.quarters & 2 ? -up : up;
    *sine = x == 0 ? x : x < 0 ? -turned : turned;
    *cosine = a.quarters & 2 ? -along : along;
}

double giv_scalar_sin(double x) {
    double sine, cosine;
    giv_scalar_sin_cos(x, &sine, &cosine);
    return sine;
}

double giv_scalar_cos(double x) {
    double sine, cosine;
    giv_scalar_sin_cos(x, &sine, &cosine);
    return cosine;
}
