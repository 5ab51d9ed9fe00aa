// Sums of a number by the cells of a table that rows fall in, in the instruction set in use.
#pragma once
#include <stddef.h>
#include <stdint.h>

// A column of whole numbers from 0 on, whose part in the number of a row's cell is `stride` times as much.
typedef struct {
    const double *values;
    int32_t stride;
} giv_place;

// Adds the columns to cells[row], and then, row after row, w, w v and w v v to the three numbers at 3 * cells[row] of
// `sums`, with v = (values[row] - center) * factor. `weights` may be NULL (all 1). Columns are 64-byte aligned and, like
// `cells`, padded to a multiple of eight rows.
void giv_add_to_cells(const giv_place *places, ptrdiff_t place_count, int32_t *cells, const double *values, double center,
                      double factor, const double *weights, ptrdiff_t rows, double *sums);

// Adds to the number of each row's cell `stride` times its code, from 0 on.
void giv_add_codes(const int64_t *codes, int32_t stride, ptrdiff_t rows, int32_t *numbers);
