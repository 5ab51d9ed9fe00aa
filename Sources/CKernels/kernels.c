#include "giv_kernels.h"
#include "giv_cells.h"
#include "giv_dense.h"
#include "giv_elementary.h"
#include "giv_layers.h"
#include "giv_optimizer.h"
#include "giv_random.h"
#include "instruction_set.h"

#include <stdatomic.h>
#include <string.h>

// Best first.
static const giv_instruction_set *const instruction_sets[] = {
#if defined(__x86_64__)
    &giv_avx512,
    &giv_avx2,
#endif
    &giv_portable,
};
static const int instruction_set_count = sizeof(instruction_sets) / sizeof(instruction_sets[0]);

static int is_supported(const giv_instruction_set *set) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (set == &giv_avx512) {
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma");
    }
    if (set == &giv_avx2) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    return set == &giv_portable;
}

static const giv_instruction_set *supported(const char *name) {
    for (int i = 0; i < instruction_set_count; i++) {
        const giv_instruction_set *set = instruction_sets[i];
        if ((!name || strcmp(name, set->name) == 0) && is_supported(set)) return set;
    }
    return NULL;
}

static _Atomic(const giv_instruction_set *) chosen;

static const giv_instruction_set *current(void) {
    const giv_instruction_set *set = atomic_load_explicit(&chosen, memory_order_acquire);
    if (set) return set;
    set = supported(NULL);
    // A choice made meanwhile by another thread stands.
    const giv_instruction_set *none = NULL;
    return atomic_compare_exchange_strong(&chosen, &none, set) ? set : none;
}

int giv_kernel_select(const char *name) {
    const giv_instruction_set *set = supported(name);
    if (!set) return -1;
    atomic_store_explicit(&chosen, set, memory_order_release);
    return 0;
}

const char *giv_kernel_name(void) { return current()->name; }

void giv_responsibilities(const giv_block *block, const giv_mixture *mixture, const double *row_weights, double *gamma,
                          ptrdiff_t stride, giv_totals *totals) {
    current()->responsibilities(block, mixture, row_weights, gamma, stride, totals);
}

void giv_weighted_gram(const giv_block *block, const double *weights, ptrdiff_t group_count, ptrdiff_t stride,
                       double *gram) {
    current()->weighted_gram(block, weights, group_count, stride, gram);
}

void giv_gram_of_rows(const double *const *columns, ptrdiff_t column_count, const ptrdiff_t *rows, ptrdiff_t count,
                      double *gram) {
    current()->gram_of_rows(columns, column_count, rows, count, gram);
}

void giv_pass(const giv_block *block, const giv_mixture *mixture, const double *row_weights, double *gram,
              giv_totals *totals) {
    current()->pass(block, mixture, row_weights, gram, totals);
}

void giv_add_to_cells(const giv_real_part *parts, ptrdiff_t part_count, int32_t *cells, const double *values, double center,
                      double factor, const double *weights, ptrdiff_t rows, double *sums) {
    current()->add_to_cells(parts, part_count, cells, values, center, factor, weights, rows, sums);
}

void giv_add_codes(const int64_t *codes, int32_t stride, ptrdiff_t rows, int32_t *numbers) {
    current()->add_codes(codes, stride, rows, numbers);
}

void giv_count_cells(const giv_random_part *chance, uint64_t first, const giv_code_part *parts, ptrdiff_t part_count,
                     ptrdiff_t ahead, ptrdiff_t rows, const int32_t *numbers, int64_t *counts) {
    current()->count_cells(chance, first, parts, part_count, ahead, rows, numbers, counts);
}

void giv_add_random_integers(const giv_random_part *chance, uint64_t first, ptrdiff_t rows, int32_t *numbers) {
    current()->add_random_integers(chance, first, rows, numbers);
}

void giv_random_words(uint64_t seed, uint32_t stream, uint32_t draw, const int64_t *rows, ptrdiff_t count,
                      ptrdiff_t stride, uint32_t *words) {
    current()->random_words(seed, stream, draw, rows, count, stride, words);
}

void giv_draw_levels(const giv_level_parent *parents, ptrdiff_t parent_count, const uint32_t *thresholds, int steps,
                     const uint32_t *words, ptrdiff_t rows, int32_t *levels) {
    current()->draw_levels(parents, parent_count, thresholds, steps, words, rows, levels);
}

void giv_exp(const double *x, double *result, ptrdiff_t count) { current()->exp(x, result, count); }

void giv_log(const double *x, double *result, ptrdiff_t count) { current()->log(x, result, count); }

void giv_layer_forward(const giv_layer *layer, const double *weights, const double *inputs, double *outputs) {
    current()->layer_forward(layer, weights, inputs, outputs);
}

void giv_layer_add_gradient(const giv_layer *layer, const double *inputs, const double *output_gradient,
                            double *gradient) {
    current()->layer_add_gradient(layer, inputs, output_gradient, gradient);
}

void giv_layer_propagate(const giv_layer *layer, const double *weights, const double *output_gradient,
                         double *input_gradient) {
    current()->layer_propagate(layer, weights, output_gradient, input_gradient);
}

void giv_layer_activate(const giv_layer *layer, giv_activation activation, double *outputs) {
    current()->layer_activate(layer, activation, outputs);
}

void giv_layer_differentiate(const giv_layer *layer, giv_activation activation, const double *outputs,
                             double *output_gradient) {
    current()->layer_differentiate(layer, activation, outputs, output_gradient);
}

void giv_adam_step(const giv_adam *adam, ptrdiff_t count, const double *gradient, double *parameters, double *first,
                   double *second, double *directions) {
    current()->adam_step(adam, count, gradient, parameters, first, second, directions);
}

void giv_product(ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t inner, giv_entries left, giv_entries right,
                 double *product) {
    current()->product(rows, columns, inner, left, right, product);
}

void giv_gram(ptrdiff_t rows, ptrdiff_t columns, const double *matrix, double *gram) {
    current()->gram(rows, columns, matrix, gram);
}

void giv_transpose(ptrdiff_t rows, ptrdiff_t columns, const double *matrix, double *transpose) {
    current()->transpose(rows, columns, matrix, transpose);
}

ptrdiff_t giv_cholesky(ptrdiff_t order, const double *matrix, double tolerance, double *lower, double *pivot,
                       unsigned char *dependent) {
    return current()->cholesky(order, matrix, tolerance, lower, pivot, dependent);
}

void giv_cholesky_solve(ptrdiff_t order, const double *lower, ptrdiff_t columns, double *right) {
    current()->cholesky_solve(order, lower, columns, right);
}

void giv_invert_lower(ptrdiff_t order, const double *lower, double *inverse) {
    current()->invert_lower(order, lower, inverse);
}

int giv_symmetric_eigen(ptrdiff_t order, const double *matrix, double *values, double *vectors) {
    return current()->symmetric_eigen(order, matrix, values, vectors);
}

void giv_qr(ptrdiff_t rows, ptrdiff_t columns, const double *matrix, int pivoting, double *orthogonal, double *upper,
            ptrdiff_t *permutation) {
    current()->qr(rows, columns, matrix, pivoting, orthogonal, upper, permutation);
}

int giv_orthogonalize_rows(ptrdiff_t count, ptrdiff_t length, double *rows, double *rotations) {
    return current()->orthogonalize_rows(count, length, rows, rotations);
}
