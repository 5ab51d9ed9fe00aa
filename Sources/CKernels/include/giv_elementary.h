// The exponential and the logarithm that the kernels are built on, in the instruction set in use.
#pragma once
#include <stddef.h>

// exp(x) for x <= 0, within one unit in the last place; 0 below the least subnormal number, NaN for NaN.
void giv_exp(const double *x, double *result, ptrdiff_t count);
// log(x) for positive normal x, within one unit in the last place; NaN for NaN.
void giv_log(const double *x, double *result, ptrdiff_t count);
