// Householder reflections: QR with column pivoting. Working matrices have rows of whole cache lines, zero beyond their
// columns; what lies before an index in its eight lanes is kept by zeros in the reflection.
#include <math.h>

// sum of x y over whole eights of lanes, folded in one order.
INLINE double dot(const double *x, const double *y, ptrdiff_t count) {
    vector sum[PARTS] = {};
    for (ptrdiff_t i = 0; i < count; i += GIV_LANES) {
        UNROLL for (int part = 0; part < PARTS; part++) {
            sum[part] = fused(load(x + i + part * WIDTH), load(y + i + part * WIDTH), sum[part]);
        }
    }
    double lanes[GIV_LANES] __attribute__((aligned(64))), total = 0;
    UNROLL for (int part = 0; part < PARTS; part++) store(lanes + part * WIDTH, sum[part]);
    add_lanes(lanes, 1, &total);
    return total;
}

INLINE ptrdiff_t lane_start(ptrdiff_t index) { return index / GIV_LANES * GIV_LANES; }

// Turns x, zero before `first`, into v with v_first = 1 such that (I - tau v v') x is zero after `first`; returns what is
// there then.
static double reflection(double *x, ptrdiff_t first, ptrdiff_t count, double *tau) {
    const double head = x[first];
    x[first] = 0;
    const ptrdiff_t start = lane_start(first);
    const double rest = dot(x + start, x + start, padded(count) - start);
    *tau = 0;
    double result = head;
    // Below, squares underflow and the reflection would not be one; beside entries near 1 the rest is nothing.
    if (rest > 0x1p-900) {
        result = sqrt(head * head + rest);
        if (head > 0) result = -result;
        *tau = (result - head) / result;
        const double scale = head - result;
        for (ptrdiff_t i = start; i < padded(count); i += WIDTH) store(x + i, load(x + i) / scale);
    }
    x[first] = 1;
    return result;
}

// sums[j] = sum over rows i of weights[i] x matrix[i][j], in the order of i, for whole vectors of columns.
INLINE void combine_columns(int vectors, const double *weights, ptrdiff_t first_row, ptrdiff_t rows,
                            const double *matrix, ptrdiff_t stride, ptrdiff_t column, double *sums) {
    vector sum[TILE_VECTORS] = {};
    for (ptrdiff_t i = first_row; i < rows; i++) {
        const double *const row = matrix + i * stride + column;
        UNROLL for (int v = 0; v < vectors; v++) sum[v] = fused(load(row + v * WIDTH), weights[i], sum[v]);
    }
    UNROLL for (int v = 0; v < vectors; v++) store(sums + column + v * WIDTH, sum[v]);
}

static void combine_all(const double *weights, ptrdiff_t first_row, ptrdiff_t rows, const double *matrix,
                        ptrdiff_t stride, ptrdiff_t start, ptrdiff_t end, double *sums) {
    for (ptrdiff_t column = start, width; column < end; column += width) {
        width = panel_width(end - column);
        if (width == PANEL) combine_columns(TILE_VECTORS, weights, first_row, rows, matrix, stride, column, sums);
        else combine_columns(1, weights, first_row, rows, matrix, stride, column, sums);
    }
}

// matrix[i][j] -= tau v_i sums[j] for the rows from `first_row` on.
static void subtract_outer(double tau, const double *v, ptrdiff_t first_row, ptrdiff_t rows, const double *sums,
                           double *matrix, ptrdiff_t stride, ptrdiff_t start, ptrdiff_t end) {
    for (ptrdiff_t i = first_row; i < rows; i++) {
        const double coefficient = -tau * v[i];
        double *const row = matrix + i * stride;
        for (ptrdiff_t j = start; j < end; j += WIDTH) {
            store(row + j, fused(load(sums + j), coefficient, load(row + j)));
        }
    }
}

// Squares of the columns from row `first` on, in the order of rows; the first of the greatest from column `first` on.
static ptrdiff_t greatest_column(ptrdiff_t first, ptrdiff_t rows, ptrdiff_t columns, const double *matrix,
                                 ptrdiff_t stride, double *squares) {
    const ptrdiff_t start = lane_start(first), end = padded(columns);
    for (ptrdiff_t j = start; j < end; j += WIDTH) store(squares + j, (vector)0);
    for (ptrdiff_t i = first; i < rows; i++) {
        const double *const row = matrix + i * stride;
        for (ptrdiff_t j = start; j < end; j += WIDTH) {
            store(squares + j, fused(load(row + j), load(row + j), load(squares + j)));
        }
    }
    ptrdiff_t greatest = first;
    for (ptrdiff_t j = first + 1; j < columns; j++) {
        if (squares[j] > squares[greatest]) greatest = j;
    }
    return greatest;
}

static void swap_columns(ptrdiff_t rows, double *matrix, ptrdiff_t stride, ptrdiff_t a, ptrdiff_t b) {
    for (ptrdiff_t i = 0; i < rows; i++, matrix += stride) {
        const double kept = matrix[a];
        matrix[a] = matrix[b];
        matrix[b] = kept;
    }
}

// One step of QR: column `k` is made zero below the diagonal, and the columns after it follow.
static void reduce_column(ptrdiff_t k, ptrdiff_t rows, ptrdiff_t columns, double *matrix, ptrdiff_t stride, double *v,
                          double *tau, double *sums) {
    for (ptrdiff_t i = 0; i < padded(rows); i++) v[i] = i >= k && i < rows ? matrix[i * stride + k] : 0;
    const double diagonal = reflection(v, k, rows, tau);
    const ptrdiff_t start = lane_start(k), end = padded(columns);
    combine_all(v, k, rows, matrix, stride, start, end, sums);
    for (ptrdiff_t j = start; j <= k; j++) sums[j] = 0;
    subtract_outer(*tau, v, k, rows, sums, matrix, stride, start, end);
    matrix[k * stride + k] = diagonal;
    for (ptrdiff_t i = k + 1; i < rows; i++) matrix[i * stride + k] = 0;
}

// The first columns of the product of `count` reflections, row k of v being that of number k, whose first entry is at
// k + `offset`.
static void accumulate_reflections(ptrdiff_t count, ptrdiff_t offset, ptrdiff_t rows, ptrdiff_t columns,
                                   const double *v, ptrdiff_t v_stride, const double *tau, double *matrix,
                                   ptrdiff_t stride, double *sums) {
    for (ptrdiff_t i = 0; i < rows * stride; i++) matrix[i] = 0;
    for (ptrdiff_t i = 0; i < lesser(rows, columns); i++) matrix[i * stride + i] = 1;
    for (ptrdiff_t k = count - 1; k >= 0; k--) {
        const ptrdiff_t start = lane_start(k + offset), end = padded(columns);
        combine_all(v + k * v_stride, k + offset, rows, matrix, stride, start, end, sums);
        subtract_outer(tau[k], v + k * v_stride, k + offset, rows, sums, matrix, stride, start, end);
    }
}

static void copy_rows(ptrdiff_t rows, ptrdiff_t columns, const double *from, ptrdiff_t from_stride, double *to,
                      ptrdiff_t to_stride) {
    for (ptrdiff_t i = 0; i < rows; i++) {
        for (ptrdiff_t j = 0; j < columns; j++) to[i * to_stride + j] = from[i * from_stride + j];
    }
}

// A working copy, zero in the padding.
static void copy_padded(ptrdiff_t rows, ptrdiff_t columns, const double *from, double *to, ptrdiff_t stride) {
    for (ptrdiff_t i = 0; i < rows; i++) {
        for (ptrdiff_t j = 0; j < stride; j++) to[i * stride + j] = j < columns ? from[i * columns + j] : 0;
    }
}

static void qr(ptrdiff_t rows, ptrdiff_t columns, const double *matrix, int pivoting, double *orthogonal, double *upper,
               ptrdiff_t *permutation) {
    const ptrdiff_t rank = lesser(rows, columns), stride = spread(columns), v_stride = spread(rows);
    double *const work = giv_scratch((size_t)(rows * stride + rank * v_stride + spread(rank) + stride));
    double *const v = work + rows * stride, *const tau = v + rank * v_stride, *const sums = tau + spread(rank);
    copy_padded(rows, columns, matrix, work, stride);
    for (ptrdiff_t j = 0; j < columns; j++) permutation[j] = j;
    for (ptrdiff_t k = 0; k < rank; k++) {
        const ptrdiff_t chosen = pivoting ? greatest_column(k, rows, columns, work, stride, sums) : k;
        if (chosen != k) {
            swap_columns(rows, work, stride, k, chosen);
            const ptrdiff_t kept = permutation[k];
            permutation[k] = permutation[chosen];
            permutation[chosen] = kept;
        }
        reduce_column(k, rows, columns, work, stride, v + k * v_stride, tau + k, sums);
    }
    copy_rows(rank, columns, work, stride, upper, columns);
    accumulate_reflections(rank, 0, rows, rank, v, v_stride, tau, work, stride, sums);
    copy_rows(rows, rank, work, stride, orthogonal, rank);
}
