// Orthogonal rows by rotations of pairs (Hestenes 1958), from which a singular value decomposition follows.
#include <math.h>

// Squares and the product of two rows.
INLINE void pair_products(const double *x, const double *y, ptrdiff_t count, double products[3]) {
    vector sum[3][PARTS] = {};
    for (ptrdiff_t i = 0; i < count; i += GIV_LANES) {
        UNROLL for (int part = 0; part < PARTS; part++) {
            const vector a = load(x + i + part * WIDTH), b = load(y + i + part * WIDTH);
            sum[0][part] = fused(a, a, sum[0][part]);
            sum[1][part] = fused(b, b, sum[1][part]);
            sum[2][part] = fused(a, b, sum[2][part]);
        }
    }
    double lanes[3][GIV_LANES] __attribute__((aligned(64)));
    UNROLL for (int n = 0; n < 3; n++) {
        products[n] = 0;
        UNROLL for (int part = 0; part < PARTS; part++) store(lanes[n] + part * WIDTH, sum[n][part]);
    }
    add_lanes(lanes[0], 3, products);
}

INLINE void rotate_pair(double *x, double *y, ptrdiff_t count, double cosine, double sine) {
    for (ptrdiff_t i = 0; i < count; i += WIDTH) {
        const vector a = load(x + i), b = load(y + i);
        store(x + i, fused(a, cosine, b * -sine));
        store(y + i, fused(a, sine, b * cosine));
    }
}

// Makes two rows orthogonal, to a tolerance of the cosine; returns whether there was something to do.
INLINE int orthogonalize_pair(double *x, double *y, ptrdiff_t length, double *own, double *other, ptrdiff_t count,
                              double tolerance) {
    double products[3];
    pair_products(x, y, length, products);
    const double product = products[2];
    if (!(fabs(product) > tolerance * (sqrt(products[0]) * sqrt(products[1])))) return 0;
    const double ratio = (products[1] - products[0]) / (2 * product);
    const double magnitude = fabs(ratio) + hypotenuse(ratio, 1);
    const double tangent = ratio < 0 ? -1 / magnitude : 1 / magnitude;
    const double cosine = 1 / hypotenuse(tangent, 1);
    rotate_pair(x, y, length, cosine, cosine * tangent);
    rotate_pair(own, other, count, cosine, cosine * tangent);
    return 1;
}

// Sweeps after which the tolerance is what rounding may leave of a product of so many numbers: before, it is so small that
// a pair of rows may be turned to and fro for ever.
#define PATIENT_SWEEPS 20

static int orthogonalize_rows(ptrdiff_t count, ptrdiff_t length, double *rows, double *rotations) {
    const ptrdiff_t stride = spread(length), square = spread(count);
    double *const x = giv_scratch((size_t)(count * (stride + square))), *const g = x + count * stride;
    copy_padded(count, length, rows, x, stride);
    for (ptrdiff_t i = 0; i < count * square; i++) g[i] = 0;
    for (ptrdiff_t i = 0; i < count; i++) g[i * square + i] = 1;
    int sweeps = 0, active = 1;
    for (; active && sweeps < 60; sweeps++) {
        active = 0;
        const double tolerance = sweeps < PATIENT_SWEEPS ? 0x1p-52 : 0x1p-52 * (double)(length + 4);
        for (ptrdiff_t i = 0; i < count; i++) {
            for (ptrdiff_t j = i + 1; j < count; j++) {
                active |= orthogonalize_pair(
                    x + i * stride, x + j * stride, padded(length), g + i * square, g + j * square, padded(count),
                    tolerance);
            }
        }
    }
    copy_rows(count, length, x, stride, rows, length);
    copy_rows(count, count, g, square, rotations, count);
    return active ? -1 : 0;
}
