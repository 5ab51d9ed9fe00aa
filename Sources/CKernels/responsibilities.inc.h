// From log densities to responsibilities and totals.

// Soft responsibilities of a vector of rows by log-sum-exp. density[k * TILE_ROWS] holds the sums of squares, and then
// the responsibilities. With g_k = exp(l_k - max) / s, s the sum, the entropy is log s - sum_k g_k (l_k - max).
INLINE void share(const giv_mixture *mixture, vector weight, double *density, vector *log_likelihood, vector *entropy) {
    const ptrdiff_t groups = mixture->group_count;
    vector largest = -__builtin_inf();
    for (ptrdiff_t k = 0; k < groups; k++) {
        const vector log_density = fused(load(density + k * TILE_ROWS), -0.5, mixture->log_scale[k]);
        store(density + k * TILE_ROWS, log_density);
        largest = larger(log_density, largest);
    }
    vector sum = 0, product = 0;
    for (ptrdiff_t k = 0; k < groups; k++) {
        const vector difference = load(density + k * TILE_ROWS) - largest;
        const vector value = exponential(difference);
        store(density + k * TILE_ROWS, value);
        sum += value;
        // Where exp is 0 so is its product, also with an infinite difference.
        product = fused(value, larger(LEAST_EXPONENT, difference), product);
    }
    const vector log_sum = logarithm(sum);
    const vector inverse = 1 / sum;
    for (ptrdiff_t k = 0; k < groups; k++) store(density + k * TILE_ROWS, load(density + k * TILE_ROWS) * inverse);
    *log_likelihood = fused(weight, largest + log_sum, *log_likelihood);
    *entropy = fused(weight, fused(product, -inverse, log_sum), *entropy);
}

// Hard responsibilities of a vector of rows: 1 for the largest log density, the first of equals.
INLINE void assign(const giv_mixture *mixture, vector weight, double *density, vector *log_likelihood) {
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
    *log_likelihood = fused(weight, largest, *log_likelihood);
}

// Doubles of scratch memory for the E step.
static size_t expectation_scratch(const giv_block *block, const giv_mixture *mixture) {
    return (size_t)(block->column_count + mixture->group_count) * TILE_ROWS;
}

// Responsibilities of all rows, times the rows' weights if `weighted`.
static void expectation(const giv_block *block, const giv_mixture *mixture, const double *row_weights, int weighted,
                        double *gamma, ptrdiff_t stride, giv_totals *totals, double *scratch) {
    double *const tile = scratch, *const density = scratch + block->column_count * TILE_ROWS;
    vector log_likelihood[PARTS] = {}, entropy[PARTS] = {};
    for (ptrdiff_t row = 0; row < block->row_count; row += TILE_ROWS) {
        const ptrdiff_t rows = block->row_count - row < TILE_ROWS ? block->row_count - row : TILE_ROWS;
        pack_tile(block, row, rows, tile);
        sum_squares(mixture, block->column_count, tile, density);
        double weights[TILE_ROWS] __attribute__((aligned(64))) = {};
        for (ptrdiff_t i = 0; i < rows; i++) weights[i] = row_weights ? row_weights[row + i] : 1;
        // Padding rows may hold anything: they are made harmless here, and weigh nothing.
        for (ptrdiff_t k = 0; k < mixture->group_count; k++) {
            for (ptrdiff_t i = rows; i < TILE_ROWS; i++) density[k * TILE_ROWS + i] = 0;
        }
        for (int i = 0; i < TILE_ROWS; i += WIDTH) {
            const int part = i / WIDTH % PARTS;
            const vector weight = load(weights + i);
            if (mixture->hard) {
                assign(mixture, weight, density + i, &log_likelihood[part]);
            } else {
                share(mixture, weight, density + i, &log_likelihood[part], &entropy[part]);
            }
        }
        for (ptrdiff_t k = 0; k < mixture->group_count; k++) {
            double *const to = gamma + k * stride + row;
            for (ptrdiff_t i = 0; i < rows; i += WIDTH) {
                const vector value = load(density + k * TILE_ROWS + i);
                store(to + i, weighted ? value * load(weights + i) : value);
            }
            for (ptrdiff_t i = rows; i < padded(rows); i++) to[i] = 0;
        }
    }
    *totals = (giv_totals){};
    add_lanes((const double *)log_likelihood, 1, &totals->log_likelihood);
    add_lanes((const double *)entropy, 1, &totals->entropy);
}
