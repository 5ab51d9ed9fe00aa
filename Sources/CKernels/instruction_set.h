// What one build of the kernels offers; kernels.c picks a build.
#pragma once
#include "giv_cells.h"
#include "giv_dense.h"
#include "giv_kernels.h"
#include "giv_layers.h"
#include "giv_optimizer.h"
#include "giv_random.h"

typedef struct {
    const char *name;
    void (*responsibilities)(const giv_block *, const giv_mixture *, const double *row_weights, double *gamma,
                             ptrdiff_t stride, giv_totals *);
    void (*weighted_gram)(const giv_block *, const double *weights, ptrdiff_t group_count, ptrdiff_t stride,
                          double *gram);
    void (*gram_of_rows)(const double *const *columns, ptrdiff_t column_count, const ptrdiff_t *rows, ptrdiff_t count,
                         double *gram);
    void (*pass)(const giv_block *, const giv_mixture *, const double *row_weights, double *gram, giv_totals *);
    void (*add_to_cells)(const giv_real_part *, ptrdiff_t part_count, int32_t *cells, const double *values, double center,
                         double factor, const double *weights, ptrdiff_t rows, double *sums);
    void (*add_codes)(const int64_t *codes, int32_t stride, ptrdiff_t rows, int32_t *numbers);
    void (*add_random_integers)(const giv_random_part *chance, uint64_t first, ptrdiff_t rows, int32_t *numbers);
    void (*count_cells)(const giv_random_part *chance, uint64_t first, const giv_code_part *parts, ptrdiff_t part_count,
                        ptrdiff_t ahead, ptrdiff_t rows, const int32_t *numbers, int64_t *counts);
    void (*random_words)(uint64_t seed, uint32_t stream, uint32_t draw, const int64_t *rows, ptrdiff_t count,
                         ptrdiff_t stride, uint32_t *words);
    void (*draw_levels)(const giv_level_parent *parents, ptrdiff_t parent_count, const uint32_t *thresholds, int steps,
                        const uint32_t *words, ptrdiff_t rows, int32_t *levels);
    void (*exp)(const double *x, double *result, ptrdiff_t count);
    void (*log)(const double *x, double *result, ptrdiff_t count);
    void (*layer_forward)(const giv_layer *, const double *weights, const double *inputs, double *outputs);
    void (*layer_add_gradient)(const giv_layer *, const double *inputs, const double *output_gradient,
                               double *gradient);
    void (*layer_propagate)(const giv_layer *, const double *weights, const double *output_gradient,
                            double *input_gradient);
    void (*layer_activate)(const giv_layer *, giv_activation, double *outputs);
    void (*layer_differentiate)(const giv_layer *, giv_activation, const double *outputs, double *output_gradient);
    void (*adam_step)(const giv_adam *, ptrdiff_t count, const double *gradient, double *parameters, double *first,
                      double *second, double *directions);
    void (*product)(ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t inner, giv_entries left, giv_entries right,
                    double *product);
    void (*gram)(ptrdiff_t rows, ptrdiff_t columns, const double *matrix, double *gram);
    void (*transpose)(ptrdiff_t rows, ptrdiff_t columns, const double *matrix, double *transpose);
    ptrdiff_t (*cholesky)(ptrdiff_t order, const double *matrix, double tolerance, double *lower, double *pivot,
                          unsigned char *dependent);
    void (*cholesky_solve)(ptrdiff_t order, const double *lower, ptrdiff_t columns, double *right);
    void (*invert_lower)(ptrdiff_t order, const double *lower, double *inverse);
    int (*symmetric_eigen)(ptrdiff_t order, const double *matrix, double *values, double *vectors);
    void (*qr)(ptrdiff_t rows, ptrdiff_t columns, const double *matrix, int pivoting, double *orthogonal, double *upper,
               ptrdiff_t *permutation);
    int (*orthogonalize_rows)(ptrdiff_t count, ptrdiff_t length, double *rows, double *rotations);
} giv_instruction_set;

extern const giv_instruction_set giv_portable;
#if defined(__x86_64__)
extern const giv_instruction_set giv_avx2;
extern const giv_instruction_set giv_avx512;
#endif
