// Linear algebra of small dense matrices (up to some hundred rows), the same bits in every instruction set.
//
// Every entry of a result is one chain of fused multiply-adds in the order of the summation index, or a sum over eight
// lanes folded in one order: the shapes alone decide it, not the vectors or the register tiles. Matrices are row-major
// and contiguous unless steps are given; results do not overlap with what they are computed from.
#pragma once
#include <stddef.h>

// Entry (i, j) lies at values[i * row_step + j * column_step]: a transpose is a swap of steps.
typedef struct {
    const double *values;
    ptrdiff_t row_step, column_step;
} giv_entries;

// product[i][j] = sum over k of left(i, k) x right(k, j), in the order of k; rows x columns numbers.
void giv_product(ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t inner, giv_entries left, giv_entries right,
                 double *product);

// A' A of matrix A, rows x columns: symmetric to the last bit, at half the operations.
void giv_gram(ptrdiff_t rows, ptrdiff_t columns, const double *matrix, double *gram);

// The transpose, columns x rows.
void giv_transpose(ptrdiff_t rows, ptrdiff_t columns, const double *matrix, double *transpose);

// The factor A = L L' of a symmetric matrix of which the lower triangle is read. A is scaled to a unit diagonal first;
// column j is dependent when its pivot, 1 - R^2 (j on those before it), is not above the tolerance or its diagonal entry
// is not a positive number.
//
// With `dependent` NULL it ends at a dependent column, returns it and leaves its pivot (or its diagonal entry, which is
// looked at first for all columns). Else it sets dependent[j] to 1 or 0 and leaves dependent columns out of what later
// ones are held against; there is no factor then, and `lower` is NULL. Returns -1 at the end.
ptrdiff_t giv_cholesky(ptrdiff_t order, const double *matrix, double tolerance, double *lower, double *pivot,
                       unsigned char *dependent);

// Replaces B, order x columns, by (L L')^-1 B, L lower triangular.
void giv_cholesky_solve(ptrdiff_t order, const double *lower, ptrdiff_t columns, double *right);

// L^-1, lower triangular with zeros above.
void giv_invert_lower(ptrdiff_t order, const double *lower, double *inverse);

// Eigenvalues of a symmetric matrix, ascending, and its unit eigenvectors as the rows of `vectors`, by Householder
// reflections and the implicit QL iteration. Entries should be near 1 at most, for their squares are taken. Returns 0,
// or -1 when the iteration does not converge.
int giv_symmetric_eigen(ptrdiff_t order, const double *matrix, double *values, double *vectors);

// A P = Q R by Householder reflections, with r = min(rows, columns): `orthogonal` rows x r, `upper` r x columns.
// With `pivoting` the column of the greatest rest comes next, the first of equals; column j of A P is column
// permutation[j] of A. Entries should be near 1 at most.
void giv_qr(ptrdiff_t rows, ptrdiff_t columns, const double *matrix, int pivoting, double *orthogonal, double *upper,
            ptrdiff_t *permutation);

// Makes `count` rows of a matrix orthogonal by rotations of pairs (one-sided Jacobi), cyclically until none is left to
// do: rows becomes G rows with G orthogonal, which is left in `rotations`, count x count. Returns 0, or -1 when the
// sweeps do not end.
int giv_orthogonalize_rows(ptrdiff_t count, ptrdiff_t length, double *rows, double *rotations);
