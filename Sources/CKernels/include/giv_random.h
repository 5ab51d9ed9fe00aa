// Random numbers of many rows at a time, and levels of categorical variables by them, in the instruction set in use.
#pragma once
#include <stddef.h>
#include <stdint.h>

// A random integer of 0 ... below - 1 for every row, whose part in a number of the row is `stride` times as much. Row r
// takes word r mod 4 of the Philox block of counter (0, stream, r / 4): the high half of its product with `below`.
typedef struct {
    uint64_t seed;
    uint32_t stream;
    uint32_t below;
    int32_t stride;
} giv_random_part;

// Adds that part to the numbers of rows first, first + 1, ...
void giv_add_random_integers(const giv_random_part *chance, uint64_t first, ptrdiff_t rows, int32_t *numbers);

// A variable on which the law of another depends: its level of every row, and how far apart the laws of two of its levels
// lie among the thresholds.
typedef struct {
    const int32_t *levels;
    int32_t stride;
} giv_level_parent;

// The four words of the Philox block of counter (draw, stream, rows[i]), for every i: word w at words[w * stride + i].
// `rows`, and each of the four parts of `words`, are padded to a multiple of eight.
void giv_random_words(uint64_t seed, uint32_t stream, uint32_t draw, const int64_t *rows, ptrdiff_t count,
                      ptrdiff_t stride, uint32_t *words);

// The level of every row: the number of thresholds of its law that the first 31 bits of its word reach. The 2^steps - 1
// ascending thresholds of a law begin at the sum of the parents' strides times levels; what has no level is 2^31.
// Everything by rows is padded to a multiple of eight, parents with levels that they have.
void giv_draw_levels(const giv_level_parent *parents, ptrdiff_t parent_count, const uint32_t *thresholds, int steps,
                     const uint32_t *words, ptrdiff_t rows, int32_t *levels);
