// All of one instruction set. INSTRUCTION_SET names it; WIDTH, TILE_VECTORS, FORM_STRIP, GRAM_STRIP and GRAM_TILE shape
// its vectors and register tiles, which change the speed and not one bit of the results.
#include "instruction_set.h"
#include "scratch.h"

// In this order: each builds on those before it.
#include "vector.inc.h"
#include "elementary.inc.h"
#include "densities.inc.h"
#include "responsibilities.inc.h"
#include "gram.inc.h"
#include "row_gram.inc.h"
#include "cells.inc.h"
#include "random.inc.h"
#include "counts.inc.h"
#include "levels.inc.h"
#include "layers.inc.h"
#include "activations.inc.h"
#include "optimizer.inc.h"
#include "dense_product.inc.h"
#include "dense_triangles.inc.h"
#include "dense_reflections.inc.h"
#include "dense_eigen.inc.h"
#include "dense_jacobi.inc.h"

static void responsibilities(const giv_block *block, const giv_mixture *mixture, const double *row_weights,
                             double *gamma, ptrdiff_t stride, giv_totals *totals) {
    double *scratch = giv_scratch(expectation_scratch(block, mixture));
    expectation(block, mixture, row_weights, 0, gamma, stride, totals, scratch);
}

static void weighted_gram(const giv_block *block, const double *weights, ptrdiff_t group_count, ptrdiff_t stride,
                          double *sums) {
    gram(block, weights, group_count, stride, sums, giv_scratch(gram_scratch(block->column_count)));
}

static void pass(const giv_block *block, const giv_mixture *mixture, const double *row_weights, double *sums,
                 giv_totals *totals) {
    // Groups lie off a power of two apart, for the cache's sake.
    const ptrdiff_t stride = padded(block->row_count) + GIV_LANES;
    const size_t gamma_size = (size_t)(mixture->group_count * stride);
    const size_t first = expectation_scratch(block, mixture), second = gram_scratch(block->column_count);
    double *const gamma = giv_scratch(gamma_size + (first > second ? first : second));
    double *const scratch = gamma + gamma_size;
    expectation(block, mixture, row_weights, 1, gamma, stride, totals, scratch);
    gram(block, gamma, mixture->group_count, stride, sums, scratch);
}

#define JOIN(a, b) a##b
#define NAMED(set) JOIN(giv_, set)
#define QUOTED(set) #set
#define NAME_OF(set) QUOTED(set)
const giv_instruction_set NAMED(INSTRUCTION_SET) = {
    NAME_OF(INSTRUCTION_SET), responsibilities, weighted_gram, gram_of_rows, pass, add_to_cells, add_codes,
    add_random_integers, count_cells, random_words, draw_levels, exponentials, logarithms,
    layer_forward, layer_add_gradient, layer_propagate, layer_activate, layer_differentiate, adam_step,
    product, gram_product, transpose, cholesky, cholesky_solve, invert_lower, symmetric_eigen, qr, orthogonalize_rows,
};
