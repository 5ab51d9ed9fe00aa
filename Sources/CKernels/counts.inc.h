// Counts of rows by cells: a few rows at a time, whose numbers stay in registers and the first cache while the next codes come.

// For loops over a span, whose count is known, and over the last rows.
#define UNROLL_SPAN _Pragma("clang loop unroll(enable)")

// `count` rows, from one whose number is given.
INLINE void count_rows(ptrdiff_t count, const giv_random_part *chance, uint64_t first, const giv_code_part *parts,
                       ptrdiff_t part_count, ptrdiff_t row, ptrdiff_t ahead, const int32_t *numbers, int64_t *counts) {
    // In 64-bit lanes, as codes come: a product takes the low half of a lane for nothing, to pack lanes takes longer.
    uint64_t cells[RANDOM_SPAN];
    UNROLL_SPAN for (ptrdiff_t i = 0; i < count; i++) cells[i] = numbers ? (uint32_t)numbers[row + i] : 0;
    if (chance) {
        int32_t integers[RANDOM_SPAN];
        if (count == RANDOM_SPAN && first % 4 == 0) {
            random_integers(chance, first, integers);
        } else {
            __builtin_memset(integers, 0, sizeof integers);
            const giv_random_part once = {chance->seed, chance->stream, chance->below, 1};
            add_random_integers(&once, first, count, integers);
        }
        const uint64_t stride = (uint32_t)chance->stride;
        UNROLL_SPAN for (ptrdiff_t i = 0; i < count; i++) cells[i] += stride * (uint32_t)integers[i];
    }
    for (ptrdiff_t p = 0; p < part_count; p++) {
        const int64_t *const codes = parts[p].codes + row;
        const uint64_t stride = (uint32_t)parts[p].stride;
        for (ptrdiff_t i = 0; i < count; i += GIV_LANES) __builtin_prefetch(codes + ahead + i);
        UNROLL_SPAN for (ptrdiff_t i = 0; i < count; i++) cells[i] += stride * (uint32_t)codes[i];
    }
    UNROLL_SPAN for (ptrdiff_t i = 0; i < count; i++) counts[cells[i]]++;
}

static void count_cells(const giv_random_part *chance, uint64_t first, const giv_code_part *parts, ptrdiff_t part_count,
                        ptrdiff_t ahead, ptrdiff_t rows, const int32_t *numbers, int64_t *counts) {
    ptrdiff_t row = 0;
    for (; row + RANDOM_SPAN <= rows; row += RANDOM_SPAN) {
        count_rows(RANDOM_SPAN, chance, first + (uint64_t)row, parts, part_count, row, ahead, numbers, counts);
    }
    if (row < rows) {
        count_rows(rows - row, chance, first + (uint64_t)row, parts, part_count, row, ahead, numbers, counts);
    }
}
