// The matrix products of a dense layer on a block of rows: three for each layer and block of a training step.
//
// They keep the promise of giv_kernels.h: every product is added by one fused multiply-add, in an order that the shapes
// alone decide, so that the instruction sets agree to the last bit.
#pragma once
#include <stddef.h>

// Feature f of row i lies at f * stride + i: columns are 64-byte aligned, the stride is a multiple of eight and at least
// the rows padded to one. Padding rows are written by forward and propagate, and it does not matter what they hold.
// Inputs begin with a column of the constant, so that weights W are outputs x (1 + inputs) numbers by rows.
typedef struct {
    ptrdiff_t input_count; // without the constant
    ptrdiff_t output_count;
    ptrdiff_t row_count;
    ptrdiff_t stride;
} giv_layer;

// Y = W X: outputs[o * stride + i] = sum over j = 0 ... input_count of W[o][j] x inputs[j * stride + i], in the order of j.
// 2 x rows x outputs x (1 + inputs) operations.
void giv_layer_forward(const giv_layer *layer, const double *weights, const double *inputs, double *outputs);

// Adds G X' to the gradient of the loss in W, G being that in the outputs: gradient[o][j] += sum over i of
// output_gradient[o * stride + i] x inputs[j * stride + i]. Row i is added in lane i % 8, and the eight lanes are folded
// by halves. 2 x rows x outputs x (1 + inputs) operations.
void giv_layer_add_gradient(const giv_layer *layer, const double *inputs, const double *output_gradient,
                            double *gradient);

// W' G without the constant: input_gradient[j * stride + i] = sum over o of W[o][1 + j] x output_gradient[o * stride + i],
// in the order of o. 2 x rows x outputs x inputs operations.
void giv_layer_propagate(const giv_layer *layer, const double *weights, const double *output_gradient,
                         double *input_gradient);
