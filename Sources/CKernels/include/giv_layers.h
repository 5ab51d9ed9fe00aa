// The loops of a network's layer over a block of rows: for a dense layer three matrix products in a training step.
//
// They keep the promise of giv_kernels.h: every product is added by one fused multiply-add, in an order that the shapes
// alone decide, so that the instruction sets agree to the last bit.
#pragma once
#include <stddef.h>

// Feature f of row i lies at f * stride + i. Columns are 64-byte aligned; the stride is a multiple of eight, at least
// the rows padded to one. It does not matter what padding rows hold; they are written like the others. Inputs begin
// with a column of the constant, so that the weights W are outputs x (1 + inputs) numbers by rows.
typedef struct {
    ptrdiff_t input_count; // without the constant
    ptrdiff_t output_count;
    ptrdiff_t row_count;
    ptrdiff_t stride;
} giv_layer;

// Y = W X: outputs[o * stride + i] = sum over j = 0 ... input_count of W[o][j] x inputs[j * stride + i], in the order
// of j. 2 x rows x outputs x (1 + inputs) operations.
void giv_layer_forward(const giv_layer *layer, const double *weights, const double *inputs, double *outputs);

// Adds G X' to the gradient of the loss in W, G being that in the outputs: gradient[o][j] += sum over i of
// output_gradient[o * stride + i] x inputs[j * stride + i]. Row i is added in lane i % 8, and the eight lanes are folded
// by halves. 2 x rows x outputs x (1 + inputs) operations.
void giv_layer_add_gradient(const giv_layer *layer, const double *inputs, const double *output_gradient,
                            double *gradient);

// W' G without the constant's: input_gradient[j * stride + i] = sum over o of W[o][1 + j] x
// output_gradient[o * stride + i], in the order of o. 2 x rows x outputs x inputs operations.
void giv_layer_propagate(const giv_layer *layer, const double *weights, const double *output_gradient,
                         double *input_gradient);

typedef enum {
    GIV_TANH,               // to an absolute error of 3e-16
    GIV_SIGMOID,            // 1 / (1 + exp(-x))
    GIV_RECTIFIER,          // x, or slope x where x is not positive
    GIV_EXPONENTIAL_LINEAR, // x, or exp(x) - 1 where x is not positive, to an absolute error of 3e-16
} giv_activation_function;

typedef struct {
    giv_activation_function function;
    double slope; // read for GIV_RECTIFIER only
} giv_activation;

// Replaces each x of the layer's outputs by its activation.
void giv_layer_activate(const giv_layer *layer, giv_activation activation, double *outputs);

// Multiplies each gradient by the derivative of the activation, which follows from the output: 1 for a rectifier's
// positive outputs, else its slope.
void giv_layer_differentiate(const giv_layer *layer, giv_activation activation, const double *outputs,
                             double *output_gradient);
