// Vectors of WIDTH lanes, a divisor of GIV_LANES. Only what says so is fused: the same bits in every instruction set.
#include "giv_kernels.h"

#pragma clang fp contract(off)

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")
// Vectors in eight lanes.
#define PARTS (GIV_LANES / WIDTH)

typedef double vector __attribute__((ext_vector_type(WIDTH)));
typedef double unaligned_vector __attribute__((ext_vector_type(WIDTH), aligned(sizeof(double))));
typedef long long integers __attribute__((ext_vector_type(WIDTH)));
typedef unsigned long long bits __attribute__((ext_vector_type(WIDTH)));

INLINE vector load(const double *from) { return *(const vector *)from; }
INLINE vector load_unaligned(const double *from) { return *(const unaligned_vector *)from; }
INLINE void store(double *to, vector value) { *(vector *)to = value; }
INLINE vector fused(vector a, vector b, vector c) { return __builtin_elementwise_fma(a, b, c); }
INLINE vector larger(vector a, vector b) { return a > b ? a : b; }

// The rows of a block with their padding.
INLINE ptrdiff_t padded(ptrdiff_t rows) { return (rows + GIV_LANES - 1) / GIV_LANES * GIV_LANES; }

// The next of the fewest parts of at most `most` that `count` splits into, as even as can be and larger ones first.
INLINE ptrdiff_t even_part(ptrdiff_t count, ptrdiff_t most) {
    const ptrdiff_t parts = (count + most - 1) / most;
    return (count + parts - 1) / parts;
}

// The sum of eight lanes, by halves: ((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7)).
INLINE double folded(const double *lanes) {
    typedef double four __attribute__((ext_vector_type(4), aligned(sizeof(double))));
    typedef double two __attribute__((ext_vector_type(2)));
    const four halves = *(const four *)lanes + *(const four *)(lanes + GIV_LANES / 2);
    const two quarters = halves.lo + halves.hi;
    return quarters.x + quarters.y;
}

// Adds each of `count` eight-lane sums to its total.
static void add_lanes(const double *lanes, ptrdiff_t count, double *totals) {
    // One sum at a time: gathering lanes of several is slower.
#pragma clang loop vectorize(disable)
    for (ptrdiff_t i = 0; i < count; i++, lanes += GIV_LANES) totals[i] += folded(lanes);
}
