// Philox4x32-10 (Salmon et al. 2011) of WIDTH counters at a time: whole numbers, the same in every instruction set.

// The four words of each block, in 64-bit lanes. A round multiplies 32 by 32 bits.
INLINE void philox(bits counters, uint64_t seed, uint32_t stream, uint32_t draw, bits word[4]) {
    const bits mask = (bits)(0xFFFFFFFFu);
    uint32_t key0 = (uint32_t)seed, key1 = (uint32_t)(seed >> 32);
    word[0] = (bits)((unsigned long long)draw), word[1] = (bits)((unsigned long long)stream);
    word[2] = counters & mask, word[3] = counters >> 32;
    UNROLL for (int round = 0; round < 10; round++) {
        const bits first = word[0] * 0xD2511F53ull, second = word[2] * 0xCD9E8D57ull;
        word[0] = (second >> 32) ^ word[1] ^ (bits)((unsigned long long)key0);
        word[1] = second & mask;
        word[2] = (first >> 32) ^ word[3] ^ (bits)((unsigned long long)key1);
        word[3] = first & mask;
        key0 += 0x9E3779B9, key1 += 0xBB67AE85;
    }
}

static void add_random_integers(uint64_t seed, uint32_t stream, uint32_t below, int32_t stride, uint64_t first,
                                ptrdiff_t rows, int32_t *numbers) {
    const uint64_t end = first + (uint64_t)rows, span = 4 * GIV_LANES;
    for (uint64_t start = first / 4 * 4; start < end; start += span) {
        // Two whole numbers in each: words 0 and 1, or 2 and 3, of a block.
        uint64_t pairs[2 * GIV_LANES];
        UNROLL for (int part = 0; part < PARTS; part++) {
            bits counters, word[4];
            UNROLL for (int lane = 0; lane < WIDTH; lane++) counters[lane] = start / 4 + (uint64_t)(part * WIDTH + lane);
            philox(counters, seed, stream, 0, word);
            UNROLL for (int i = 0; i < 4; i++) word[i] = word[i] * (unsigned long long)below >> 32;
            const bits low = word[0] | word[1] << 32, high = word[2] | word[3] << 32;
            UNROLL for (int lane = 0; lane < WIDTH; lane++) {
                pairs[2 * (part * WIDTH + lane)] = low[lane];
                pairs[2 * (part * WIDTH + lane) + 1] = high[lane];
            }
        }
        int32_t integers[4 * GIV_LANES];
        __builtin_memcpy(integers, pairs, sizeof integers);
        const uint64_t from = start < first ? first : start, to = end < start + span ? end : start + span;
        for (uint64_t row = from; row < to; row++) numbers[row - first] += stride * integers[row - start];
    }
}
