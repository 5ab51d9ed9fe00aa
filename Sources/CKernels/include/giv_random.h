// Random whole numbers of consecutive rows, in the instruction set in use.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Adds stride times a random number of 0 ... below - 1, for rows first, first + 1, ... Row r takes word r mod 4 of the
// Philox block of counter (0, stream, r / 4): the high half of its product with `below`.
void giv_add_random_integers(uint64_t seed, uint32_t stream, uint32_t below, int32_t stride, uint64_t first,
                             ptrdiff_t rows, int32_t *numbers);
