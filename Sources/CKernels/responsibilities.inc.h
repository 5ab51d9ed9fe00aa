// From log densities to responsibilities and totals.
#include <string.h>

// Vectors of rows in flight at a time, to hide how long one exponential takes.
#define SHARE_VECTORS 4

// Soft responsibilities of SHARE_VECTORS vectors of rows by log-sum-exp. density[k * TILE_ROWS + row] holds the sums of
// squares, and then the responsibilities. With l the log densities, m the largest and s = sum_k exp(l_k - m), the
// entropy of a row is log s - sum_k exp(l_k - m) (l_k - m) / s.
INLINE void share(const giv_mixture *mixture, const double *weights, double *density, vector *log_likelihood,
                  vector *entropy) {
    const ptrdiff_t groups = mixture->group_count;
    vector largest[SHARE_VECTORS], sum[SHARE_VECTORS], product[SHARE_VECTORS];
    UNROLL for (int v = 0; v < SHARE_VECTORS; v++) {
        largest[v] = -__builtin_inf();
        sum[v] = product[v] = 0;
    }
    for (ptrdiff_t k = 0; k < groups; k++) {
        UNROLL for (int v = 0; v < SHARE_VECTORS; v++) {
            double *const at = density + k * TILE_ROWS + v * WIDTH;
            const vector log_density = fused(load(at), -0.5, mixture->log_scale[k]);
            store(at, log_density);
            largest[v] = larger(log_density, largest[v]);
        }
    }
    for (ptrdiff_t k = 0; k < groups; k++) {
        UNROLL for (int v = 0; v < SHARE_VECTORS; v++) {
            double *const at = density + k * TILE_ROWS + v * WIDTH;
            // Bounded, so that 0 log 0 is 0.
            const vector difference = larger(LEAST_EXPONENT, load(at) - largest[v]);
            const vector value = exponential(difference);
            store(at, value);
            sum[v] += value;
            product[v] = fused(value, difference, product[v]);
        }
    }
    UNROLL for (int v = 0; v < SHARE_VECTORS; v++) {
        const vector weight = load_unaligned(weights + v * WIDTH), log_sum = logarithm(sum[v]);
        log_likelihood[v % PARTS] = fused(weight, largest[v] + log_sum, log_likelihood[v % PARTS]);
        sum[v] = 1 / sum[v];
        entropy[v % PARTS] = fused(weight, fused(product[v], -sum[v], log_sum), entropy[v % PARTS]);
    }
    for (ptrdiff_t k = 0; k < groups; k++) {
        UNROLL for (int v = 0; v < SHARE_VECTORS; v++) {
            double *const at = density + k * TILE_ROWS + v * WIDTH;
            store(at, load(at) * sum[v]);
        }
    }
}

// Hard responsibilities of a vector of rows: 1 for the largest log density, the first of equals.
INLINE void assign(const giv_mixture *mixture, const double *weights, double *density, vector *log_likelihood) {
    const ptrdiff_t groups = mixture->group_count;
    vector largest = -__builtin_inf(), nearest = 0;
    integers unknown = 0;
    for (ptrdiff_t k = 0; k < groups; k++) {
        const vector log_density = fused(load(density + k * TILE_ROWS), -0.5, mixture->log_scale[k]);
        unknown |= log_density != log_density;
        nearest = log_density > largest ? (vector)(double)k : nearest;
        largest = larger(log_density, largest);
    }
    for (ptrdiff_t k = 0; k < groups; k++) {
        store(density + k * TILE_ROWS, nearest == (vector)(double)k ? (vector)1 : (vector)0);
    }
    largest = unknown ? (vector)__builtin_nan("") : largest;
    *log_likelihood = fused(load_unaligned(weights), largest, *log_likelihood);
}

// Doubles of scratch memory for the E step.
static size_t expectation_scratch(const giv_block *block, const giv_mixture *mixture) {
    return (size_t)(block->column_count + mixture->group_count) * TILE_ROWS;
}

// Weights of the rows of a tile, 0 where there are no rows and 1 where all weigh the same; `buffer` may hold them.
INLINE const double *tile_weights(const double *row_weights, ptrdiff_t row, ptrdiff_t rows, double *buffer) {
    if (row_weights && rows >= TILE_ROWS) return row_weights + row;
    for (ptrdiff_t i = 0; i < TILE_ROWS; i++) buffer[i] = i < rows ? 1 : 0;
    if (row_weights) memcpy(buffer, row_weights + row, (size_t)rows * sizeof(double));
    return buffer;
}

// Takes the offsets of a tile's log densities into its sums of squares, of which -1/2 is to be the log density.
static void add_offsets(const giv_mixture *mixture, ptrdiff_t row, double *squares) {
    for (ptrdiff_t k = 0; k < mixture->group_count; k++, squares += TILE_ROWS) {
        const double *const offsets = mixture->offsets + k * mixture->offset_stride + row;
        UNROLL for (int i = 0; i < TILE_ROWS; i += WIDTH) {
            store(squares + i, fused(load_unaligned(offsets + i), -2, load(squares + i)));
        }
    }
}

// Responsibilities of all rows, times the rows' weights if `weighted`.
static void expectation(const giv_block *block, const giv_mixture *mixture, const double *row_weights, int weighted,
                        double *gamma, ptrdiff_t stride, giv_totals *totals, double *scratch) {
    double *const tile = scratch, *const density = scratch + block->column_count * TILE_ROWS;
    vector log_likelihood[PARTS] = {}, entropy[PARTS] = {};
    for (ptrdiff_t row = 0; row < block->row_count; row += TILE_ROWS) {
        const ptrdiff_t rows = block->row_count - row < TILE_ROWS ? block->row_count - row : TILE_ROWS;
        double buffer[TILE_ROWS];
        const double *const weights = tile_weights(row_weights, row, rows, buffer);
        pack_tile(block, row, rows, tile);
        sum_squares(mixture, block->column_count, tile, density);
        if (mixture->offsets) add_offsets(mixture, row, density);
        // Padding rows may hold anything: they are made harmless here, and weigh nothing.
        for (ptrdiff_t k = 0; rows < TILE_ROWS && k < mixture->group_count; k++) {
            memset(density + k * TILE_ROWS + rows, 0, (size_t)(TILE_ROWS - rows) * sizeof(double));
        }
        if (mixture->hard) {
            for (int i = 0; i < TILE_ROWS; i += WIDTH) {
                assign(mixture, weights + i, density + i, &log_likelihood[i / WIDTH % PARTS]);
            }
        } else {
            for (int i = 0; i < TILE_ROWS; i += SHARE_VECTORS * WIDTH) {
                share(mixture, weights + i, density + i, log_likelihood, entropy);
            }
        }
        for (ptrdiff_t k = 0; k < mixture->group_count; k++) {
            double *const to = gamma + k * stride + row;
            for (ptrdiff_t i = 0; i < rows; i += WIDTH) {
                const vector value = load(density + k * TILE_ROWS + i);
                store(to + i, weighted ? value * load_unaligned(weights + i) : value);
            }
            memset(to + rows, 0, (size_t)(padded(rows) - rows) * sizeof(double));
        }
    }
    *totals = (giv_totals){};
    add_lanes((const double *)log_likelihood, 1, &totals->log_likelihood);
    add_lanes((const double *)entropy, 1, &totals->entropy);
}
