// Levels of categorical variables: random words and the places of laws by vectors, the search in a law lane by lane.

typedef uint32_t word_vector __attribute__((ext_vector_type(WIDTH), aligned(sizeof(uint32_t))));
typedef int64_t row_vector __attribute__((ext_vector_type(WIDTH), aligned(sizeof(int64_t))));

static void random_words(uint64_t seed, uint32_t stream, uint32_t draw, const int64_t *rows, ptrdiff_t count,
                         ptrdiff_t stride, uint32_t *words) {
    for (ptrdiff_t row = 0; row < count; row += WIDTH) {
        bits word[4];
        philox(__builtin_convertvector(*(const row_vector *)(rows + row), bits), seed, stream, draw, word);
        UNROLL for (int i = 0; i < 4; i++) {
            *(word_vector *)(words + i * stride + row) = __builtin_convertvector(word[i], word_vector);
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
    // Most variables have few levels: their searches are straight lines.
    switch (steps) {
    case 1: search_levels(parents, parent_count, thresholds, 1, words, rows, levels); break;
    case 2: search_levels(parents, parent_count, thresholds, 2, words, rows, levels); break;
    case 3: search_levels(parents, parent_count, thresholds, 3, words, rows, levels); break;
    default: search_levels(parents, parent_count, thresholds, steps, words, rows, levels); break;
    }
}
