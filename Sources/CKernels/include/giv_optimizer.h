// Steps of an optimiser in the instruction set in use.
#pragma once
#include <stddef.h>

// A step of Adam: 1 / (1 - beta^s) in step s are the corrections.
typedef struct {
    double learning_rate;
    double beta1, beta2;
    double correction1, correction2;
    double epsilon;
    double weight_decay;
    int is_optimistic;
} giv_adam;

// Moves `count` parameters and their states. `directions`, those of the step before, is read and written by an optimistic
// step only.
void giv_adam_step(const giv_adam *adam, ptrdiff_t count, const double *gradient, double *parameters, double *first,
                   double *second, double *directions);
