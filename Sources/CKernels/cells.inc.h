// Sums by cells: the cells of eight rows at a time by vectors, their sums one row after another, in the order of the rows.

// Rows that columns are asked for ahead: a pass is as long as memory takes to bring them.
#define CELL_AHEAD 64

typedef int32_t cell_vector __attribute__((ext_vector_type(WIDTH), aligned(sizeof(int32_t))));

INLINE void add_row(ptrdiff_t number, double value, double weight, double *sums) {
    double *const cell = sums + 3 * number;
    cell[0] += weight;
    cell[1] += weight * value;
    cell[2] += weight * value * value;
}

INLINE void add_rows_to_cells(int is_weighted, const giv_real_part *columns, ptrdiff_t column_count, int32_t *cells,
                              const double *values, double center, double factor, const double *weights,
                              ptrdiff_t rows, double *restrict sums) {
    for (ptrdiff_t row = 0; row < rows; row += GIV_LANES) {
        cell_vector cell[PARTS];
        UNROLL for (int part = 0; part < PARTS; part++) cell[part] = *(const cell_vector *)(cells + row + part * WIDTH);
        for (ptrdiff_t p = 0; p < column_count; p++) {
            const double *const column = columns[p].values + row;
            __builtin_prefetch(column + CELL_AHEAD);
            UNROLL for (int part = 0; part < PARTS; part++) {
                cell[part] += columns[p].stride * __builtin_convertvector(load(column + part * WIDTH), cell_vector);
            }
        }
        UNROLL for (int part = 0; part < PARTS; part++) *(cell_vector *)(cells + row + part * WIDTH) = cell[part];
        __builtin_prefetch(values + row + CELL_AHEAD);
        const ptrdiff_t count = rows - row < GIV_LANES ? rows - row : GIV_LANES;
        if (count == GIV_LANES) {
            UNROLL for (int i = 0; i < GIV_LANES; i++) {
                add_row(cell[i / WIDTH][i % WIDTH], (values[row + i] - center) * factor, is_weighted ? weights[row + i] : 1,
                        sums);
            }
        } else {
            for (ptrdiff_t i = row; i < rows; i++) {
                add_row(cells[i], (values[i] - center) * factor, is_weighted ? weights[i] : 1, sums);
            }
        }
    }
}

static void add_to_cells(const giv_real_part *columns, ptrdiff_t column_count, int32_t *cells, const double *values,
                         double center, double factor, const double *weights, ptrdiff_t rows, double *sums) {
    if (weights) {
        add_rows_to_cells(1, columns, column_count, cells, values, center, factor, weights, rows, sums);
    } else {
        add_rows_to_cells(0, columns, column_count, cells, values, center, factor, weights, rows, sums);
    }
}

// The reading of the codes takes longest: eight bytes a row.
static void add_codes(const int64_t *restrict codes, int32_t stride, ptrdiff_t rows, int32_t *restrict numbers) {
    for (ptrdiff_t row = 0; row < rows; row++) numbers[row] += stride * (int32_t)codes[row];
}
