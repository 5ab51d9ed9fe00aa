// The hot loops of EM over one chunk of rows, in three instruction sets that give the same bits.
//
// Rows are the lanes: eight rows are worked on at a time, whatever the width of the machine's vectors, every product
// is added by one fused multiply-add, and the eight lanes of a sum are folded in one fixed order at the end of a chunk.
// So the portable, AVX2 and AVX-512 versions agree to the last bit, and so do machines. giv_layers.h has the loops of
// networks.
#pragma once
#include <stddef.h>

#define GIV_LANES 8

// Columns of one chunk. columns[j] points to the rows of column j, 64-byte aligned, padded with finite values to a
// multiple of eight rows. Column 0 is the constant 1.
typedef struct {
    const double *const *columns;
    ptrdiff_t column_count;
    ptrdiff_t row_count;
} giv_block;

// Log density of group k at row c: log_scale[k] + offsets[k][row] - 1/2 sum over forms f of (form_kf . c)^2.
// GIV_DENSE: forms holds groups x form_count x column_count coefficients.
// GIV_TRIANGULAR: form f = 0 ..< column_count - 1 uses columns 0 ... f + 1 (a lower triangular whitening of columns
// 1 ... with its shift on column 0); forms holds, per group, the rows of that triangle one after another:
// 2 + 3 + ... + column_count coefficients.
typedef enum { GIV_DENSE = 0, GIV_TRIANGULAR = 1 } giv_form_shape;

typedef struct {
    giv_form_shape shape;
    ptrdiff_t group_count;
    ptrdiff_t form_count;    // read for GIV_DENSE only
    const double *forms;
    const double *log_scale; // log mixing weight + log normalising constant, per group
    const double *offsets;   // offsets[k * offset_stride + row], of whole tiles of 32 rows; NULL for 0
    ptrdiff_t offset_stride;
    int hard;                // 1: responsibilities are 1 for the largest log density (lowest group on ties), 0 elsewhere
} giv_mixture;

// Set by each call. A NaN in a row, or a row that no group can have made (all log densities -inf), shows as a NaN here.
typedef struct {
    double log_likelihood;   // sum over rows of weight x log sum_k exp(log density); with `hard`, of the largest one
    double entropy;          // - sum over rows of weight x sum_k gamma log gamma
} giv_totals;

// Responsibilities of one chunk. gamma[k * stride + row], stride a multiple of eight and at least the padded rows,
// 64-byte aligned; padding rows get 0. They are not weighted. row_weights may be NULL (all 1); it scales the totals.
void giv_responsibilities(const giv_block *block, const giv_mixture *mixture, const double *row_weights, double *gamma,
                          ptrdiff_t stride, giv_totals *totals);

// Adds to `gram`, per group, sum over rows of weight_k x c c', upper triangle by rows:
// (0,0) (0,1) .. (0,p-1) (1,1) .. ; p (p + 1) / 2 numbers per group. weights[k * stride + row]; padding rows must be 0.
void giv_weighted_gram(const giv_block *block, const double *weights, ptrdiff_t group_count, ptrdiff_t stride,
                       double *gram);

// Adds to `gram` the sum of c c' over `count` rows of the columns, by their numbers, upper triangle by rows as above: for
// many columns, of which each is read once. Row rows[i] is added in lane i % 8. Columns need no padding.
void giv_gram_of_rows(const double *const *columns, ptrdiff_t column_count, const ptrdiff_t *rows, ptrdiff_t count,
                      double *gram);

// The E step and the sums of the M step of one chunk, fused block by block so that responsibilities stay in cache.
// Equal, bit for bit, to giv_responsibilities, a product with row_weights, and giv_weighted_gram.
void giv_pass(const giv_block *block, const giv_mixture *mixture, const double *row_weights, double *gram,
              giv_totals *totals);

// The name of the instruction set in use: "avx512", "avx2" or "portable".
const char *giv_kernel_name(void);
// Chooses one by name; NULL chooses the best of this machine. Returns 0, or -1 when the machine lacks it.
int giv_kernel_select(const char *name);
