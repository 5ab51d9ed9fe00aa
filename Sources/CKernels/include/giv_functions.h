// Elementary functions of one number, the same bits on every machine.
//
// They are built from sums, products, quotients and integers, without a fused multiply-add and without a table or a
// function of the C library, whose results depend on the processor. All of the range is covered, subnormal numbers too.
// Measured errors stay below 0.9 units in the last place. giv_elementary.h has those of whole arrays.
#pragma once

// exp(x); infinity above 709.78, 0 below -745.13, NaN for NaN.
double giv_scalar_exp(double x);
// log(x); -infinity at 0, NaN below it and for NaN.
double giv_scalar_log(double x);
// sin(x) and cos(x), whatever the magnitude of x; NaN for infinities and NaN.
double giv_scalar_sin(double x);
double giv_scalar_cos(double x);
// Both at about the cost of one.
void giv_scalar_sin_cos(double x, double *sine, double *cosine);
