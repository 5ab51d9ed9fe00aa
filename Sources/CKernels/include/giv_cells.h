// Sums of a number by the cells of a table that rows fall in, and counts of rows, in the instruction set in use.
#pragma once
#include "giv_random.h"
#include <stddef.h>
#include <stdint.h>

// A column of whole numbers from 0 on, whose part in the number of a row's cell is `stride` times as much.
typedef struct {
    const double *values;
    int32_t stride;
} giv_real_part;

// Adds the columns to cells[row], and then, row after row, w, w v and w v v to the three numbers at 3 * cells[row] of
// `sums`, with v = (values[row] - center) * factor. `weights` may be NULL (all 1). Columns are 64-byte aligned and, like
// `cells`, padded to a multiple of eight rows.
void giv_add_to_cells(const giv_real_part *parts, ptrdiff_t part_count, int32_t *cells, const double *values, double center,
                      double factor, const double *weights, ptrdiff_t rows, double *sums);

// A column of codes from 0 on, whose part in the number of a row's cell is `stride` times as much.
typedef struct {
    const int64_t *codes;
    int32_t stride;
} giv_code_part;

// Adds 1 to the count of each row's number, with the parts of codes in it, and that of `chance` unless it is NULL. `numbers` may be
// NULL (all 0); neither they nor strides are below 0. The first row is row `first` of all. Codes that lie `ahead` codes behind
// those that are read are fetched meanwhile; they need not exist.
void giv_count_cells(const giv_random_part *chance, uint64_t first, const giv_code_part *parts, ptrdiff_t part_count,
                     ptrdiff_t ahead, ptrdiff_t rows, const int32_t *numbers, int64_t *counts);

// Adds to the number of each row's cell `stride` times its code, from 0 on.
void giv_add_codes(const int64_t *codes, int32_t stride, ptrdiff_t rows, int32_t *numbers);
