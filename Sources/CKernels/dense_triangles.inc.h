// Triangular factors: Cholesky, solutions and the inverse.
#include <math.h>

// Rows of a diagonal block.
#define BLOCK 32

// `height` rows of T x = b from row `done` on, T lower triangular, where the rows of x before them are known. `triangle`
// begins at the first of these rows.
INLINE void solve_tile(int height, int vectors, ptrdiff_t done, giv_entries triangle, double *x, ptrdiff_t stride) {
    const double *coefficients[FORM_STRIP];
    vector sum[FORM_STRIP][TILE_VECTORS];
    UNROLL for (int r = 0; r < height; r++) {
        coefficients[r] = triangle.values + r * triangle.row_step;
        UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = load(x + (done + r) * stride + v * WIDTH);
    }
    for (ptrdiff_t k = 0; k < done; k++) {
        vector known[TILE_VECTORS];
        UNROLL for (int v = 0; v < vectors; v++) known[v] = -load(x + k * stride + v * WIDTH);
        UNROLL for (int r = 0; r < height; r++) {
            const double coefficient = coefficients[r][k * triangle.column_step];
            UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = fused(known[v], coefficient, sum[r][v]);
        }
    }
    UNROLL for (int r = 0; r < height; r++) {
        UNROLL for (int s = 0; s < r; s++) {
            const double coefficient = coefficients[r][(done + s) * triangle.column_step];
            UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = fused(-sum[s][v], coefficient, sum[r][v]);
        }
        UNROLL for (int v = 0; v < vectors; v++) {
            sum[r][v] /= coefficients[r][(done + r) * triangle.column_step];
            store(x + (done + r) * stride + v * WIDTH, sum[r][v]);
        }
    }
}

INLINE void solve_rows(int vectors, ptrdiff_t order, giv_entries triangle, double *x, ptrdiff_t stride) {
    for (ptrdiff_t done = 0, height; done < order; done += height) {
        height = even_part(order - done, FORM_STRIP);
        switch (height) {
        case 1: solve_tile(1, vectors, done, triangle, x, stride); break;
        case 2: solve_tile(2, vectors, done, triangle, x, stride); break;
        case 3: solve_tile(3, vectors, done, triangle, x, stride); break;
        case 4: solve_tile(4, vectors, done, triangle, x, stride); break;
        case 5: solve_tile(5, vectors, done, triangle, x, stride); break;
        case 6: solve_tile(6, vectors, done, triangle, x, stride); break;
        }
        triangle.values += height * triangle.row_step;
    }
}

// Solves T x = b for the columns of one panel, in place; a negative stride and negative steps run from the last row.
static void solve_panel(ptrdiff_t width, ptrdiff_t order, giv_entries triangle, double *x, ptrdiff_t stride) {
    if (width == PANEL) solve_rows(TILE_VECTORS, order, triangle, x, stride);
    else solve_rows(1, order, triangle, x, stride);
}

typedef struct {
    double tolerance;
    double pivot;
    unsigned char *dependent; // NULL to end at the first one
} pivoting_rule;

// Factors the diagonal block of U'U, U upper triangular. Returns the first dependent row, or -1. The row of one that is
// passed over is zero, by an infinite pivot.
static ptrdiff_t factor_block(ptrdiff_t size, double *block, ptrdiff_t stride, pivoting_rule *rule,
                              unsigned char *dependent) {
    const ptrdiff_t width = padded(size);
    for (ptrdiff_t k = 0; k < size; k++) {
        double *const row = block + k * stride;
        double pivot = row[k];
        const int is_dependent = !(pivot > rule->tolerance);
        if (dependent) dependent[k] = is_dependent != 0;
        if (is_dependent && !dependent) {
            rule->pivot = pivot;
            return k;
        }
        pivot = is_dependent ? INFINITY : sqrt(pivot);
        for (ptrdiff_t j = k / WIDTH * WIDTH; j < width; j += WIDTH) store(row + j, load(row + j) / pivot);
        row[k] = pivot;
        for (ptrdiff_t i = k + 1; i < size; i++) {
            double *const other = block + i * stride;
            const double coefficient = -row[i];
            for (ptrdiff_t j = i / WIDTH * WIDTH; j < width; j += WIDTH) {
                store(other + j, fused(load(row + j), coefficient, load(other + j)));
            }
        }
    }
    return -1;
}

// Factors A = U'U in place, of which the upper triangle is read. Block after block of rows: the diagonal block, the rest
// of its rows by panels of columns, and at once what these take from the rows below.
static ptrdiff_t factor_upper(ptrdiff_t order, double *upper, ptrdiff_t stride, pivoting_rule *rule, double *panel) {
    for (ptrdiff_t first = 0; first < order; first += BLOCK) {
        const ptrdiff_t size = lesser(BLOCK, order - first), last = first + size;
        double *const block = upper + first * stride;
        const ptrdiff_t failed =
            factor_block(size, block + first, stride, rule, rule->dependent ? rule->dependent + first : NULL);
        if (failed >= 0) return first + failed;
        const giv_entries diagonal = {block + first, 1, stride}, rest = {block + last, 1, stride};
        for (ptrdiff_t column = last, width; column < order; column += width) {
            width = panel_width(padded(order) - column);
            pack(size, width, (giv_entries){block + column, stride, 1}, panel, width);
            solve_panel(width, size, diagonal, panel, width);
            for (ptrdiff_t i = 0; i < size; i++) {
                for (ptrdiff_t j = 0; j < width; j++) block[i * stride + column + j] = panel[i * width + j];
            }
            subtract_panel(width, lesser(column + width, order) - last, size, rest, panel, upper + last * stride + column,
                           stride);
        }
    }
    return -1;
}

// Square roots of the diagonal. Returns the first entry that is not a positive number when there must be none; else its
// scale is 0.
static ptrdiff_t diagonal_scales(ptrdiff_t order, const double *matrix, double *scale, pivoting_rule *rule) {
    for (ptrdiff_t j = 0; j < order; j++) {
        const double value = matrix[j * order + j];
        const int is_positive = value > 0 && value < INFINITY;
        if (!is_positive && !rule->dependent) {
            rule->pivot = value;
            return j;
        }
        scale[j] = is_positive ? sqrt(value) : 0;
    }
    return -1;
}

// The lower triangle of a matrix as the upper one of a working matrix, scaled to an exact unit diagonal; a column without
// a scale is zero.
static void scale_to_unit_diagonal(ptrdiff_t order, const double *matrix, const double *scale, double *upper,
                                   ptrdiff_t stride) {
    for (ptrdiff_t i = 0; i < padded(order) * stride; i++) upper[i] = 0;
    for (ptrdiff_t i = 0; i < order; i++) {
        if (scale[i] == 0) continue;
        const double reciprocal = 1 / scale[i];
        for (ptrdiff_t j = 0; j < i; j++) upper[i * stride + j] = matrix[i * order + j] * reciprocal;
    }
    // Transposed in place, by blocks that stay in the first cache, and scaled by the other index.
    for (ptrdiff_t i = 0; i < order; i += GIV_LANES) {
        for (ptrdiff_t j = 0; j < lesser(i + GIV_LANES, order); j++) {
            if (scale[j] == 0) continue;
            const double reciprocal = 1 / scale[j];
            for (ptrdiff_t r = i > j ? i : j + 1; r < lesser(i + GIV_LANES, order); r++) {
                upper[j * stride + r] = upper[r * stride + j] * reciprocal;
            }
        }
    }
    for (ptrdiff_t i = 0; i < order; i++) upper[i * stride + i] = scale[i] > 0 ? 1 : 0;
}

static ptrdiff_t cholesky(ptrdiff_t order, const double *matrix, double tolerance, double *lower, double *pivot,
                          unsigned char *dependent) {
    const ptrdiff_t stride = spread(order), rows = padded(order);
    double *const upper = giv_scratch((size_t)(rows * stride + BLOCK * PANEL + stride));
    double *const panel = upper + rows * stride, *const scale = panel + BLOCK * PANEL;
    pivoting_rule rule = {tolerance, 0, dependent};
    ptrdiff_t failed = diagonal_scales(order, matrix, scale, &rule);
    if (failed < 0) {
        scale_to_unit_diagonal(order, matrix, scale, upper, stride);
        failed = factor_upper(order, upper, stride, &rule, panel);
    }
    if (failed >= 0) {
        *pivot = rule.pivot;
        return failed;
    }
    if (!lower) return -1;
    transpose_block(order, order, upper, stride, lower, order);
    for (ptrdiff_t i = 0; i < order; i++) {
        for (ptrdiff_t j = 0; j <= i; j++) lower[i * order + j] *= scale[i];
        for (ptrdiff_t j = i + 1; j < order; j++) lower[i * order + j] = 0;
    }
    return -1;
}

static void cholesky_solve(ptrdiff_t order, const double *lower, ptrdiff_t columns, double *right) {
    double *const panel = giv_scratch((size_t)(order * PANEL));
    const giv_entries forward = {lower, order, 1}, backward = {lower + order * order - 1, -1, -order};
    for (ptrdiff_t first = 0, width; first < columns; first += width) {
        width = panel_width(padded(columns) - first);
        const ptrdiff_t count = lesser(width, columns - first);
        pack(order, count, (giv_entries){right + first, columns, 1}, panel, width);
        solve_panel(width, order, forward, panel, width);
        solve_panel(width, order, backward, panel + (order - 1) * width, -width);
        for (ptrdiff_t i = 0; i < order; i++) {
            for (ptrdiff_t j = 0; j < count; j++) right[i * columns + first + j] = panel[i * width + j];
        }
    }
}

// The columns of the identity are zero down to the diagonal, and so are those of the inverse.
static void invert_lower(ptrdiff_t order, const double *lower, double *inverse) {
    double *const panel = giv_scratch((size_t)(order * PANEL));
    for (ptrdiff_t i = 0; i < order * order; i++) inverse[i] = 0;
    for (ptrdiff_t first = 0, width; first < order; first += width) {
        width = panel_width(padded(order) - first);
        const ptrdiff_t rows = order - first, count = lesser(width, rows);
        for (ptrdiff_t i = 0; i < rows * width; i++) panel[i] = 0;
        for (ptrdiff_t j = 0; j < count; j++) panel[j * width + j] = 1;
        solve_panel(width, rows, (giv_entries){lower + first * order + first, order, 1}, panel, width);
        for (ptrdiff_t i = 0; i < rows; i++) {
            const ptrdiff_t filled = lesser(i + 1, count);
            for (ptrdiff_t j = 0; j < filled; j++) inverse[(first + i) * order + first + j] = panel[i * width + j];
        }
    }
}
