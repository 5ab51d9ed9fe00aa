// Sums of squared linear forms over a tile of rows, by register tiles of TILE_VECTORS vectors of rows x forms.

// Rows whose columns are packed side by side for the E step: the columns of a chunk lie a power of two apart, and
// would push each other out of the cache.
#define TILE_ROWS 32

// Packs rows `row` ... of the columns one after another, tile[column * TILE_ROWS + row]; 0 beyond the `rows` there are.
static void pack_tile(const giv_block *block, ptrdiff_t row, ptrdiff_t rows, double *tile) {
    for (ptrdiff_t j = 0; j < block->column_count; j++, tile += TILE_ROWS) {
        const double *column = block->columns[j] + row;
        if (rows >= TILE_ROWS) {
            // The next tile is asked for now: rows of many columns are too short runs for the processor to foresee.
            UNROLL for (int i = 0; i < TILE_ROWS; i += GIV_LANES) __builtin_prefetch(column + TILE_ROWS + i);
            UNROLL for (int i = 0; i < TILE_ROWS; i += WIDTH) store(tile + i, load(column + i));
        } else {
            for (int i = 0; i < TILE_ROWS; i += WIDTH) store(tile + i, i < rows ? load(column + i) : (vector)0);
        }
    }
}

// Adds the squares of `count` forms to squares[form]. Form 0 has `length` coefficients; each further one as many, or,
// if triangular, one more than the last; triangular forms all add to squares[0].
INLINE void add_squares(int count, int triangular, const double *coefficients, ptrdiff_t length, const double *tile,
                        ptrdiff_t row, double *const *squares) {
    const double *form[FORM_STRIP];
    vector value[FORM_STRIP][TILE_VECTORS];
    tile += row;
    UNROLL for (int f = 0; f < count; f++) {
        form[f] = coefficients + f * length + (triangular ? f * (f - 1) / 2 : 0);
        UNROLL for (int v = 0; v < TILE_VECTORS; v++) value[f][v] = load(tile + v * WIDTH) * form[f][0];
    }
    for (ptrdiff_t j = 1; j < length; j++) {
        vector column[TILE_VECTORS];
        UNROLL for (int v = 0; v < TILE_VECTORS; v++) column[v] = load(tile + j * TILE_ROWS + v * WIDTH);
        UNROLL for (int f = 0; f < count; f++) {
            UNROLL for (int v = 0; v < TILE_VECTORS; v++) value[f][v] = fused(column[v], form[f][j], value[f][v]);
        }
    }
    UNROLL for (int extra = 0; triangular && extra < count - 1; extra++) {
        const ptrdiff_t j = length + extra;
        vector column[TILE_VECTORS];
        UNROLL for (int v = 0; v < TILE_VECTORS; v++) column[v] = load(tile + j * TILE_ROWS + v * WIDTH);
        UNROLL for (int f = extra + 1; f < count; f++) {
            UNROLL for (int v = 0; v < TILE_VECTORS; v++) value[f][v] = fused(column[v], form[f][j], value[f][v]);
        }
    }
    UNROLL for (int v = 0; v < TILE_VECTORS; v++) {
        double *to = squares[0] + row + v * WIDTH;
        vector sum = load(to);
        UNROLL for (int f = 0; f < count; f++) {
            if (!triangular && f > 0) {
                store(to, sum);
                to = squares[f] + row + v * WIDTH;
                sum = load(to);
            }
            sum = fused(value[f][v], value[f][v], sum);
        }
        store(to, sum);
    }
}

INLINE void add_strip(ptrdiff_t count, int triangular, const double *coefficients, ptrdiff_t length, const double *tile,
                      double *const *squares) {
    for (ptrdiff_t row = 0; row < TILE_ROWS; row += TILE_VECTORS * WIDTH) {
        switch (count) {
        case 1: add_squares(1, triangular, coefficients, length, tile, row, squares); break;
        case 2: add_squares(2, triangular, coefficients, length, tile, row, squares); break;
        case 3: add_squares(3, triangular, coefficients, length, tile, row, squares); break;
        case 4: add_squares(4, triangular, coefficients, length, tile, row, squares); break;
        case 5: add_squares(5, triangular, coefficients, length, tile, row, squares); break;
        case 6: add_squares(6, triangular, coefficients, length, tile, row, squares); break;
        }
    }
}

static void add_dense(const giv_mixture *mixture, ptrdiff_t columns, const double *tile, double *squares) {
    const ptrdiff_t count = mixture->group_count * mixture->form_count;
    for (ptrdiff_t form = 0, strip; form < count; form += strip) {
        strip = even_part(count - form, FORM_STRIP);
        double *of_form[FORM_STRIP];
        for (ptrdiff_t f = 0; f < strip; f++) of_form[f] = squares + (form + f) / mixture->form_count * TILE_ROWS;
        add_strip(strip, 0, mixture->forms + form * columns, columns, tile, of_form);
    }
}

static void add_triangular(const giv_mixture *mixture, ptrdiff_t columns, const double *tile, double *squares) {
    const double *coefficients = mixture->forms;
    for (ptrdiff_t group = 0; group < mixture->group_count; group++, squares += TILE_ROWS) {
        for (ptrdiff_t length = 2, strip; length <= columns; length += strip) {
            strip = even_part(columns + 1 - length, FORM_STRIP);
            add_strip(strip, 1, coefficients, length, tile, &squares);
            coefficients += strip * length + strip * (strip - 1) / 2;
        }
    }
}

// squares[group * TILE_ROWS + row] = sum over the group's forms of (form . row)^2.
static void sum_squares(const giv_mixture *mixture, ptrdiff_t columns, const double *tile, double *squares) {
    for (ptrdiff_t i = 0; i < mixture->group_count * TILE_ROWS; i += WIDTH) store(squares + i, 0);
    if (mixture->shape == GIV_TRIANGULAR) {
        add_triangular(mixture, columns, tile, squares);
    } else {
        add_dense(mixture, columns, tile, squares);
    }
}
