// Products of small dense matrices by register tiles of rows x vectors of columns, and their transposes.
#include "giv_dense.h"

#include <string.h>

// Columns of a register tile. Tiles lie in panels, packed row after row and padded with zeros.
#define PANEL (TILE_VECTORS * WIDTH)

// The doubles from row to row of a working matrix: whole cache lines, an odd number so that a column is spread over the
// cache.
INLINE ptrdiff_t spread(ptrdiff_t columns) { return padded(columns) | GIV_LANES; }

// The columns of the next panel, when `left` of them are left in the padded matrix.
INLINE ptrdiff_t panel_width(ptrdiff_t left) { return left >= PANEL ? PANEL : WIDTH; }

INLINE ptrdiff_t lesser(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }

// `height` rows of left x right, or with `subtract` what was there less them.
INLINE void multiply_tile(int height, int vectors, int subtract, ptrdiff_t inner, giv_entries left,
                          const double *right, double *to, ptrdiff_t stride) {
    const double *coefficients[FORM_STRIP];
    vector sum[FORM_STRIP][TILE_VECTORS];
    UNROLL for (int r = 0; r < height; r++) {
        coefficients[r] = left.values + r * left.row_step;
        UNROLL for (int v = 0; v < vectors; v++) {
            sum[r][v] = subtract ? load(to + r * stride + v * WIDTH) : (vector)0;
        }
    }
    for (ptrdiff_t k = 0; k < inner; k++) {
        vector column[TILE_VECTORS];
        UNROLL for (int v = 0; v < vectors; v++) {
            column[v] = load(right + (k * vectors + v) * WIDTH);
            if (subtract) column[v] = -column[v];
        }
        UNROLL for (int r = 0; r < height; r++) {
            const double coefficient = coefficients[r][k * left.column_step];
            UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = fused(column[v], coefficient, sum[r][v]);
        }
    }
    UNROLL for (int r = 0; r < height; r++) {
        UNROLL for (int v = 0; v < vectors; v++) store(to + r * stride + v * WIDTH, sum[r][v]);
    }
}

INLINE void multiply_rows(int vectors, int subtract, ptrdiff_t rows, ptrdiff_t inner, giv_entries left,
                          const double *right, double *to, ptrdiff_t stride) {
    for (ptrdiff_t height; rows > 0; rows -= height) {
        height = even_part(rows, FORM_STRIP);
        switch (height) {
        case 1: multiply_tile(1, vectors, subtract, inner, left, right, to, stride); break;
        case 2: multiply_tile(2, vectors, subtract, inner, left, right, to, stride); break;
        case 3: multiply_tile(3, vectors, subtract, inner, left, right, to, stride); break;
        case 4: multiply_tile(4, vectors, subtract, inner, left, right, to, stride); break;
        case 5: multiply_tile(5, vectors, subtract, inner, left, right, to, stride); break;
        case 6: multiply_tile(6, vectors, subtract, inner, left, right, to, stride); break;
        }
        left.values += height * left.row_step;
        to += height * stride;
    }
}

static void multiply_panel(ptrdiff_t width, ptrdiff_t rows, ptrdiff_t inner, giv_entries left, const double *right,
                           double *to) {
    if (width == PANEL) multiply_rows(TILE_VECTORS, 0, rows, inner, left, right, to, width);
    else multiply_rows(1, 0, rows, inner, left, right, to, width);
}

static void subtract_panel(ptrdiff_t width, ptrdiff_t rows, ptrdiff_t inner, giv_entries left, const double *right,
                           double *from, ptrdiff_t stride) {
    if (width == PANEL) multiply_rows(TILE_VECTORS, 1, rows, inner, left, right, from, stride);
    else multiply_rows(1, 1, rows, inner, left, right, from, stride);
}

// Packs up to `width` columns, `count` of them real.
static void pack(ptrdiff_t rows, ptrdiff_t count, giv_entries from, double *panel, ptrdiff_t width) {
    for (ptrdiff_t i = 0; i < rows; i++, panel += width) {
        const double *const row = from.values + i * from.row_step;
        if (from.column_step == 1) {
            for (ptrdiff_t j = 0; j < count; j++) panel[j] = row[j];
        } else {
            for (ptrdiff_t j = 0; j < count; j++) panel[j] = row[j * from.column_step];
        }
        for (ptrdiff_t j = count; j < width; j++) panel[j] = 0;
    }
}

static void product(ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t inner, giv_entries left, giv_entries right,
                    double *result) {
    double *const panel = giv_scratch((size_t)((inner + rows) * PANEL)), *const sums = panel + inner * PANEL;
    for (ptrdiff_t first = 0, width; first < columns; first += width) {
        width = panel_width(padded(columns) - first);
        const ptrdiff_t count = lesser(width, columns - first);
        pack(inner, count, right, panel, width);
        multiply_panel(width, rows, inner, left, panel, sums);
        for (ptrdiff_t i = 0; i < rows; i++) {
            for (ptrdiff_t j = 0; j < count; j++) result[i * columns + first + j] = sums[i * width + j];
        }
        right.values += width * right.column_step;
    }
}

static void gram_product(ptrdiff_t rows, ptrdiff_t columns, const double *matrix, double *result) {
    double *const panel = giv_scratch((size_t)((rows + columns) * PANEL)), *const sums = panel + rows * PANEL;
    const giv_entries left = {matrix, 1, columns};
    for (ptrdiff_t first = 0, width; first < columns; first += width) {
        width = panel_width(padded(columns) - first);
        const ptrdiff_t count = lesser(width, columns - first);
        pack(rows, count, (giv_entries){matrix + first, columns, 1}, panel, width);
        multiply_panel(width, first + count, rows, left, panel, sums);
        for (ptrdiff_t i = 0; i < first + count; i++) {
            for (ptrdiff_t j = 0; j < count; j++) {
                result[i * columns + first + j] = result[(first + j) * columns + i] = sums[i * width + j];
            }
        }
    }
}

// to(j, i) = from(i, j), by blocks that stay in the first cache.
static void transpose_block(ptrdiff_t rows, ptrdiff_t columns, const double *from, ptrdiff_t from_stride, double *to,
                            ptrdiff_t to_stride) {
    for (ptrdiff_t i = 0; i < rows; i += GIV_LANES) {
        for (ptrdiff_t j = 0; j < columns; j++) {
            for (ptrdiff_t r = i; r < rows && r < i + GIV_LANES; r++) to[j * to_stride + r] = from[r * from_stride + j];
        }
    }
}

static void transpose(ptrdiff_t rows, ptrdiff_t columns, const double *matrix, double *result) {
    transpose_block(rows, columns, matrix, columns, result, rows);
}
