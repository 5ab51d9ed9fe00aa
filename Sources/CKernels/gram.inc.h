// Weighted sums of products: sum over rows of w_k c c', upper triangle, eight lanes per product.
//
// The triangle is cut into strips of up to GRAM_STRIP of its rows. A strip begins with a triangular register tile, which
// also leaves the weighted columns of the strip behind, one vector after another; the rest are rectangular register
// tiles of the strip x up to GRAM_TILE columns.

// Rows that a tile is worked on at a time, so that the weighted columns stay in the first cache.
#define GRAM_ROWS 256

// Sums of products of a strip: lanes of (a, b), b >= a, one row of the triangle after another. `length` is the length
// of the strip's first row.
INLINE double *lanes_of(double *sums, ptrdiff_t length, ptrdiff_t a, ptrdiff_t b) {
    return sums + (a * length - a * (a - 1) / 2 + b - a) * GIV_LANES;
}

// Products of `size` columns with each other over `octets` times eight rows.
INLINE void add_triangle(int size, int keep, const double *const *columns, ptrdiff_t row, const double *weights,
                         ptrdiff_t octets, double *weighted, double *sums, ptrdiff_t length) {
    for (int part = 0; part < PARTS; part++) {
        const ptrdiff_t lane = part * WIDTH;
        vector sum[GRAM_STRIP][GRAM_STRIP];
        const double *column[GRAM_STRIP];
        UNROLL for (int a = 0; a < size; a++) {
            column[a] = columns[a] + row + lane;
            UNROLL for (int b = a; b < size; b++) sum[a][b] = load(lanes_of(sums, length, a, b) + lane);
        }
        for (ptrdiff_t i = 0; i < octets; i++) {
            const vector weight = load(weights + row + i * GIV_LANES + lane);
            UNROLL for (int a = 0; a < size; a++) {
                const vector product = weight * load(column[a] + i * GIV_LANES);
                if (keep) store(weighted + (i * size + a) * GIV_LANES + lane, product);
                UNROLL for (int b = a; b < size; b++) {
                    sum[a][b] = fused(product, load(column[b] + i * GIV_LANES), sum[a][b]);
                }
            }
        }
        UNROLL for (int a = 0; a < size; a++) {
            UNROLL for (int b = a; b < size; b++) store(lanes_of(sums, length, a, b) + lane, sum[a][b]);
        }
    }
}

// Products of the `height` weighted columns of a strip with `width` further ones, the first of them `offset` columns
// after the strip's first.
INLINE void add_rectangle(int height, int width, const double *const *columns, ptrdiff_t row, ptrdiff_t octets,
                          const double *weighted, double *sums, ptrdiff_t length, ptrdiff_t offset) {
    for (int part = 0; part < PARTS; part++) {
        const ptrdiff_t lane = part * WIDTH;
        vector sum[GRAM_STRIP][GRAM_TILE];
        const double *column[GRAM_TILE];
        UNROLL for (int b = 0; b < width; b++) column[b] = columns[offset + b] + row + lane;
        UNROLL for (int a = 0; a < height; a++) {
            UNROLL for (int b = 0; b < width; b++) sum[a][b] = load(lanes_of(sums, length, a, offset + b) + lane);
        }
        for (ptrdiff_t i = 0; i < octets; i++) {
            vector other[GRAM_TILE];
            UNROLL for (int b = 0; b < width; b++) other[b] = load(column[b] + i * GIV_LANES);
            UNROLL for (int a = 0; a < height; a++) {
                const vector product = load(weighted + (i * height + a) * GIV_LANES + lane);
                UNROLL for (int b = 0; b < width; b++) sum[a][b] = fused(product, other[b], sum[a][b]);
            }
        }
        UNROLL for (int a = 0; a < height; a++) {
            UNROLL for (int b = 0; b < width; b++) store(lanes_of(sums, length, a, offset + b) + lane, sum[a][b]);
        }
    }
}

// One strip of `height` columns over some rows.
INLINE void add_gram_strip(int height, const double *const *columns, ptrdiff_t row, const double *weights,
                           ptrdiff_t octets, double *weighted, double *sums, ptrdiff_t length) {
    if (height == length) {
        add_triangle(height, 0, columns, row, weights, octets, weighted, sums, length);
        return;
    }
    add_triangle(height, 1, columns, row, weights, octets, weighted, sums, length);
    for (ptrdiff_t offset = height, width; offset < length; offset += width) {
        width = even_part(length - offset, GRAM_TILE);
        switch (width) {
        case 1: add_rectangle(height, 1, columns, row, octets, weighted, sums, length, offset); break;
        case 2: add_rectangle(height, 2, columns, row, octets, weighted, sums, length, offset); break;
        case 3: add_rectangle(height, 3, columns, row, octets, weighted, sums, length, offset); break;
        case 4: add_rectangle(height, 4, columns, row, octets, weighted, sums, length, offset); break;
        }
    }
}

static void add_rows(ptrdiff_t height, const double *const *columns, ptrdiff_t row, const double *weights,
                     ptrdiff_t octets, double *weighted, double *sums, ptrdiff_t length) {
    switch (height) {
    case 1: add_gram_strip(1, columns, row, weights, octets, weighted, sums, length); break;
    case 2: add_gram_strip(2, columns, row, weights, octets, weighted, sums, length); break;
    case 3: add_gram_strip(3, columns, row, weights, octets, weighted, sums, length); break;
    case 4: add_gram_strip(4, columns, row, weights, octets, weighted, sums, length); break;
    case 5: add_gram_strip(5, columns, row, weights, octets, weighted, sums, length); break;
    case 6: add_gram_strip(6, columns, row, weights, octets, weighted, sums, length); break;
    }
}

// Doubles of scratch memory for the M step.
static size_t gram_scratch(ptrdiff_t columns) { return (size_t)(GRAM_STRIP * (GRAM_ROWS + columns * GIV_LANES)); }

static void gram(const giv_block *block, const double *weights, ptrdiff_t group_count, ptrdiff_t stride, double *gram,
                 double *scratch) {
    double *const weighted = scratch, *const sums = scratch + GRAM_STRIP * GRAM_ROWS;
    const ptrdiff_t columns = block->column_count, rows = padded(block->row_count);
    const ptrdiff_t gram_size = columns * (columns + 1) / 2;
    for (ptrdiff_t first = 0, done = 0, height; first < columns; first += height) {
        const ptrdiff_t length = columns - first;
        height = even_part(length, GRAM_STRIP);
        const ptrdiff_t count = height * length - height * (height - 1) / 2;
        for (ptrdiff_t k = 0; k < group_count; k++) {
            for (ptrdiff_t i = 0; i < count * GIV_LANES; i += WIDTH) store(sums + i, 0);
            for (ptrdiff_t row = 0; row < rows; row += GRAM_ROWS) {
                const ptrdiff_t octets = (rows - row < GRAM_ROWS ? rows - row : GRAM_ROWS) / GIV_LANES;
                add_rows(height, block->columns + first, row, weights + k * stride, octets, weighted, sums, length);
            }
            add_lanes(sums, count, gram + k * gram_size + done);
        }
        done += count;
    }
}
