// Philox4x32-10 (Salmon et al. 2011) of eight counters at a time: whole numbers, the same in every instruction set.

// The four words of the blocks of eight counters, in 64-bit lanes. A round multiplies 32 by 32 bits and waits for the one
// before it: the rounds of all parts go side by side.
INLINE void philox(const bits counters[PARTS], uint64_t seed, uint32_t stream, uint32_t draw, bits word[PARTS][4]) {
    const bits mask = (bits)(0xFFFFFFFFu);
    uint32_t key0 = (uint32_t)seed, key1 = (uint32_t)(seed >> 32);
    UNROLL for (int part = 0; part < PARTS; part++) {
        word[part][0] = (bits)((unsigned long long)draw), word[part][1] = (bits)((unsigned long long)stream);
        word[part][2] = counters[part] & mask, word[part][3] = counters[part] >> 32;
    }
    UNROLL for (int round = 0; round < 10; round++) {
        UNROLL for (int part = 0; part < PARTS; part++) {
            bits *const own = word[part];
            const bits first = own[0] * 0xD2511F53ull, second = own[2] * 0xCD9E8D57ull;
            own[0] = (second >> 32) ^ own[1] ^ (bits)((unsigned long long)key0);
            own[1] = second & mask;
            own[2] = (first >> 32) ^ own[3] ^ (bits)((unsigned long long)key1);
            own[3] = first & mask;
        }
        key0 += 0x9E3779B9, key1 += 0xBB67AE85;
    }
}

// Rows that share the words of eight counters.
#define RANDOM_SPAN (4 * GIV_LANES)

// The lanes of two vectors in turn.
#if WIDTH == 8
#define IN_TURN(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15)
#elif WIDTH == 4
#define IN_TURN(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5, 2, 6, 3, 7)
#elif WIDTH == 2
#define IN_TURN(a, b) __builtin_shufflevector(a, b, 0, 2, 1, 3)
#endif
typedef unsigned long long two_bits __attribute__((ext_vector_type(2 * WIDTH)));

// Random integers of 0 ... below - 1 of RANDOM_SPAN rows from `start` on, a multiple of four.
INLINE void random_integers(const giv_random_part *chance, uint64_t start, int32_t integers[RANDOM_SPAN]) {
    bits counters[PARTS], word[PARTS][4];
    UNROLL for (int part = 0; part < PARTS; part++) {
        UNROLL for (int lane = 0; lane < WIDTH; lane++) counters[part][lane] = start / 4 + (uint64_t)(part * WIDTH + lane);
    }
    philox(counters, chance->seed, chance->stream, 0, word);
    const bits below = (bits)((unsigned long long)chance->below), mask = (bits)(0xFFFFFFFFu);
    UNROLL for (int part = 0; part < PARTS; part++) {
        bits *const own = word[part];
        UNROLL for (int i = 0; i < 4; i++) own[i] *= below;
        // Two integers in each: those of words 0 and 1, or 2 and 3, of a block.
        const bits low = own[0] >> 32 | (own[1] & ~mask), high = own[2] >> 32 | (own[3] & ~mask);
        const two_bits pairs = IN_TURN(low, high);
        __builtin_memcpy(integers + 4 * WIDTH * part, &pairs, sizeof pairs);
    }
}

static void add_random_integers(const giv_random_part *chance, uint64_t first, ptrdiff_t rows, int32_t *numbers) {
    const uint64_t end = first + (uint64_t)rows;
    const int32_t stride = chance->stride;
    for (uint64_t start = first / 4 * 4; start < end; start += RANDOM_SPAN) {
        int32_t integers[RANDOM_SPAN];
        random_integers(chance, start, integers);
        if (start >= first && start + RANDOM_SPAN <= end) {
            int32_t *const own = numbers + (start - first);
            UNROLL for (int i = 0; i < RANDOM_SPAN; i++) own[i] += stride * integers[i];
        } else {
            const uint64_t from = start < first ? first : start, to = end < start + RANDOM_SPAN ? end : start + RANDOM_SPAN;
            for (uint64_t row = from; row < to; row++) numbers[row - first] += stride * integers[row - start];
        }
    }
}
