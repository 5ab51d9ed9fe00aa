// Eigenvalues and eigenvectors of a symmetric matrix: reflections to a tridiagonal matrix, then the implicit QL
// iteration (Bowdler, Martin, Reinsch, Wilkinson, Numerische Mathematik 11, 1968: tred2 and tql2).
#include <math.h>

// sqrt(a^2 + b^2) without squares that underflow.
INLINE double hypotenuse(double a, double b) {
    a = fabs(a);
    b = fabs(b);
    const double greater = a > b ? a : b, ratio = (a > b ? b : a) / greater;
    return greater > 0 ? greater * sqrt(1 + ratio * ratio) : 0;
}

// a -= v w' + w v' for the rows from `first` on.
static void subtract_symmetric(ptrdiff_t first, ptrdiff_t order, const double *v, const double *w, double *a,
                               ptrdiff_t stride) {
    for (ptrdiff_t i = first; i < order; i++) {
        double *const row = a + i * stride;
        const double own = -v[i], other = -w[i];
        for (ptrdiff_t j = lane_start(first); j < padded(order); j += WIDTH) {
            store(row + j, fused(load(v + j), other, fused(load(w + j), own, load(row + j))));
        }
    }
}

// Leaves the diagonal, what is beside it, and reflection k in row k of v.
static void tridiagonalize(ptrdiff_t order, double *a, ptrdiff_t stride, double *diagonal, double *beside, double *v,
                           double *tau, double *w) {
    for (ptrdiff_t k = 0; k + 1 < order; k++, v += stride) {
        for (ptrdiff_t j = 0; j < stride; j++) v[j] = j > k && j < order ? a[k * stride + j] : 0;
        diagonal[k] = a[k * stride + k];
        beside[k] = reflection(v, k + 1, order, tau + k);
        if (tau[k] == 0) continue;
        const ptrdiff_t start = lane_start(k + 1), end = padded(order);
        combine_all(v, k + 1, order, a, stride, start, end, w);
        for (ptrdiff_t j = start; j <= k; j++) w[j] = 0;
        const double half = tau[k] * (tau[k] * dot(w + start, v + start, end - start)) / 2;
        for (ptrdiff_t j = start; j < end; j += WIDTH) {
            store(w + j, fused(load(v + j), -half, load(w + j) * tau[k]));
        }
        subtract_symmetric(k + 1, order, v, w, a, stride);
    }
    diagonal[order - 1] = a[(order - 1) * stride + order - 1];
}

// Rows i + 1 and i of z, for i from `count` - 1 down to 0: (s z_i + c z_(i+1), c z_i - s z_(i+1)).
INLINE void rotate_columns(int vectors, ptrdiff_t count, const double *cosines, const double *sines, double *z,
                           ptrdiff_t stride) {
    vector carried[TILE_VECTORS];
    UNROLL for (int v = 0; v < vectors; v++) carried[v] = load(z + count * stride + v * WIDTH);
    for (ptrdiff_t i = count - 1; i >= 0; i--) {
        double *const row = z + i * stride;
        UNROLL for (int v = 0; v < vectors; v++) {
            const vector own = load(row + v * WIDTH);
            store(row + stride + v * WIDTH, fused(own, sines[i], carried[v] * cosines[i]));
            carried[v] = fused(own, cosines[i], carried[v] * -sines[i]);
        }
    }
    UNROLL for (int v = 0; v < vectors; v++) store(z + v * WIDTH, carried[v]);
}

static void rotate_rows(ptrdiff_t count, const double *cosines, const double *sines, ptrdiff_t columns, double *z,
                        ptrdiff_t stride) {
    for (ptrdiff_t column = 0, width; column < columns; column += width) {
        width = panel_width(padded(columns) - column);
        if (width == PANEL) rotate_columns(TILE_VECTORS, count, cosines, sines, z + column, stride);
        else rotate_columns(1, count, cosines, sines, z + column, stride);
    }
}

// One QL step with Wilkinson's shift on rows `first` ... `last` of the tridiagonal matrix. Leaves the rotations; returns
// the first row that they reach.
static ptrdiff_t chase(ptrdiff_t first, ptrdiff_t last, double *d, double *e, double *cosines, double *sines) {
    const double ratio = (d[first + 1] - d[first]) / (2 * e[first]), root = hypotenuse(ratio, 1);
    double g = d[last] - d[first] + e[first] / (ratio + (ratio < 0 ? -root : root));
    double s = 1, c = 1, p = 0;
    for (ptrdiff_t i = last - 1; i >= first; i--) {
        const double f = s * e[i], b = c * e[i], r = hypotenuse(f, g);
        e[i + 1] = r;
        if (r == 0) {
            d[i + 1] -= p;
            e[last] = 0;
            return i + 1;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        const double step = (d[i] - g) * s + 2 * c * b;
        p = s * step;
        d[i + 1] = g + p;
        g = c * step - b;
        cosines[i] = c;
        sines[i] = s;
    }
    d[first] -= p;
    e[first] = g;
    e[last] = 0;
    return first;
}

// Steps after which what is beside the diagonal is held against the whole matrix.
#define PATIENCE 30

// Makes the tridiagonal matrix diagonal; the rows of z become eigenvectors.
//
// What is beside the diagonal vanishes beside its neighbours, so that small eigenvalues keep their digits. In a matrix of
// lower rank neighbours are rounding themselves and may never settle; after some steps what vanishes beside the largest
// entry goes, an error that the entries have anyway.
static int diagonalize(ptrdiff_t order, double *d, double *e, double *z, ptrdiff_t stride, double *cosines,
                       double *sines) {
    e[order - 1] = 0;
    double largest = 0;
    for (ptrdiff_t i = 0; i < order; i++) largest = fmax(largest, fabs(d[i]) + fabs(e[i]));
    for (ptrdiff_t first = 0; first < order; first++) {
        for (int step = 0;; step++) {
            const double floor = step < PATIENCE ? 0 : 0x1p-53 * largest;
            ptrdiff_t last = first;
            while (last + 1 < order && fabs(e[last]) > fmax(floor, 0x1p-53 * (fabs(d[last]) + fabs(d[last + 1])))) last++;
            if (last == first) break;
            if (step == 60) return -1;
            const ptrdiff_t reached = chase(first, last, d, e, cosines, sines);
            if (last > reached) {
                rotate_rows(last - reached, cosines + reached, sines + reached, order, z + reached * stride, stride);
            }
        }
    }
    return 0;
}

static int symmetric_eigen(ptrdiff_t order, const double *matrix, double *values, double *vectors) {
    if (order == 0) return 0;
    const ptrdiff_t stride = spread(order);
    double *const a = giv_scratch((size_t)((2 * order + 5) * stride)), *const v = a + order * stride;
    double *const beside = v + order * stride, *const tau = beside + stride, *const sums = tau + stride;
    double *const d = sums + stride, *const sines = d + stride;
    copy_padded(order, order, matrix, a, stride);
    // Only the lower triangle is to be read.
    for (ptrdiff_t i = 0; i < order; i++) {
        for (ptrdiff_t j = i + 1; j < order; j++) a[i * stride + j] = a[j * stride + i];
    }
    tridiagonalize(order, a, stride, d, beside, v, tau, sums);
    accumulate_reflections(order - 1, 1, order, order, v, stride, tau, a, stride, sums);
    for (ptrdiff_t i = 0; i < order; i++) {
        for (ptrdiff_t j = 0; j < stride; j++) v[i * stride + j] = j < order ? a[j * stride + i] : 0;
    }
    if (diagonalize(order, d, beside, v, stride, tau, sines) != 0) return -1;
    // Ascending, the first of equals first.
    for (ptrdiff_t i = 0; i < order; i++) {
        ptrdiff_t place = 0;
        for (ptrdiff_t j = 0; j < order; j++) place += d[j] < d[i] || (d[j] == d[i] && j < i);
        values[place] = d[i];
        for (ptrdiff_t j = 0; j < order; j++) vectors[place * order + j] = v[i * stride + j];
    }
    return 0;
}
