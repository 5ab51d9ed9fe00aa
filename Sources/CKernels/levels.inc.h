// Levels of categorical variables: random words and the places of laws by vectors, the search in a law lane by lane.

typedef uint32_t word_vector __attribute__((ext_vector_type(WIDTH), aligned(sizeof(uint32_t))));
typedef int64_t row_vector __attribute__((ext_vector_type(WIDTH), aligned(sizeof(int64_t))));

static void random_words(uint64_t seed, uint32_t stream, uint32_t draw, const int64_t *rows, ptrdiff_t count,
                         ptrdiff_t stride, uint32_t *words) {
    for (ptrdiff_t row = 0; row < count; row += GIV_LANES) {
        bits counters[PARTS], word[PARTS][4];
        UNROLL for (int part = 0; part < PARTS; part++) {
            counters[part] = __builtin_convertvector(*(const row_vector *)(rows + row + part * WIDTH), bits);
        }
        philox(counters, seed, stream, draw, word);
        UNROLL for (int part = 0; part < PARTS; part++) {
            UNROLL for (int i = 0; i < 4; i++) {
                *(word_vector *)(words + i * stride + row + part * WIDTH) = __builtin_convertvector(word[part][i], word_vector);
            }
        }
    }
}

// Halves the thresholds that may be the next one `steps` times, without a branch.
INLINE void search_levels(const giv_level_parent *parents, ptrdiff_t parent_count, const uint32_t *thresholds, int steps,
                          const uint32_t *words, ptrdiff_t rows, int32_t *levels) {
    for (ptrdiff_t row = 0; row < rows; row += GIV_LANES) {
        cell_vector law[PARTS];
        UNROLL for (int part = 0; part < PARTS; part++) law[part] = (cell_vector)(0);
        for (ptrdiff_t p = 0; p < parent_count; p++) {
            UNROLL for (int part = 0; part < PARTS; part++) {
                law[part] += parents[p].stride * *(const cell_vector *)(parents[p].levels + row + part * WIDTH);
            }
        }
        UNROLL for (int i = 0; i < GIV_LANES; i++) {
            const uint32_t *const own = thresholds + law[i / WIDTH][i % WIDTH];
            const uint32_t word = words[row + i] >> 1;
            int32_t level = 0;
            for (int32_t step = (int32_t)1 << steps >> 1; step > 0; step >>= 1) {
                level += word >= own[level + step - 1] ? step : 0;
            }
            levels[row + i] = level;
        }
    }
}

static void draw_levels(const giv_level_parent *parents, ptrdiff_t parent_count, const uint32_t *thresholds, int steps,
                        const uint32_t *words, ptrdiff_t rows, int32_t *levels) {
    // Searches are straight lines for up to 256 levels: as a loop they become branches, which nothing foretells.
#define STRAIGHT(count) \
    case count: search_levels(parents, parent_count, thresholds, count, words, rows, levels); break
    switch (steps) {
    STRAIGHT(1);
    STRAIGHT(2);
    STRAIGHT(3);
    STRAIGHT(4);
    STRAIGHT(5);
    STRAIGHT(6);
    STRAIGHT(7);
    STRAIGHT(8);
    default: search_levels(parents, parent_count, thresholds, steps, words, rows, levels); break;
    }
#undef STRAIGHT
}
