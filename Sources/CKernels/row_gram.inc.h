// Sums of products of many columns over chosen rows: sum of c c', upper triangle, eight lanes per product.
//
// The rows are packed first, so that a register tile reads its columns without gaps: of each column the first vectors of
// all eight lanes, then the second ones. A tile of columns stays in the first cache while all columns up to it go by.

// A packed column has one vector of lanes more than it needs: at distances of a power of two, columns would share few
// lines of a cache.
INLINE ptrdiff_t packed_stride(ptrdiff_t rows) { return padded(rows) + GIV_LANES; }

static void pack_rows(const double *column, const ptrdiff_t *rows, ptrdiff_t count, double *packed) {
    const ptrdiff_t part_length = padded(count) / PARTS;
    for (ptrdiff_t i = 0; i < count; i += GIV_LANES) {
        UNROLL for (int part = 0; part < PARTS; part++) {
            const ptrdiff_t first = i + part * WIDTH;
            vector value = 0;
            if (first + WIDTH <= count) {
                UNROLL for (int lane = 0; lane < WIDTH; lane++) value[lane] = column[rows[first + lane]];
            } else {
                for (int lane = 0; first + lane < count; lane++) value[lane] = column[rows[first + lane]];
            }
            store(packed + part * part_length + i / PARTS, value);
        }
    }
}

// Where the products of column a with itself and those after it begin in a triangle.
INLINE ptrdiff_t triangle_row(ptrdiff_t columns, ptrdiff_t a) { return a * columns - a * (a - 1) / 2; }

// Products of `height` packed columns from column a on with `width` from column b on, where b is not before a.
INLINE void add_row_tile(int height, int width, const double *packed, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t a,
                         ptrdiff_t b, double *gram) {
    const ptrdiff_t stride = packed_stride(rows), part_length = padded(rows) / PARTS;
    double lanes[GRAM_STRIP][GRAM_TILE][GIV_LANES] __attribute__((aligned(64)));
    for (int part = 0; part < PARTS; part++, packed += part_length) {
        const double *left[GRAM_STRIP], *right[GRAM_TILE];
        vector sum[GRAM_STRIP][GRAM_TILE] = {};
        UNROLL for (int r = 0; r < height; r++) left[r] = packed + (a + r) * stride;
        UNROLL for (int c = 0; c < width; c++) right[c] = packed + (b + c) * stride;
        for (ptrdiff_t i = 0; i < part_length; i += WIDTH) {
            vector other[GRAM_TILE];
            UNROLL for (int c = 0; c < width; c++) other[c] = load(right[c] + i);
            UNROLL for (int r = 0; r < height; r++) {
                const vector own = load(left[r] + i);
                UNROLL for (int c = 0; c < width; c++) sum[r][c] = fused(own, other[c], sum[r][c]);
            }
        }
        UNROLL for (int r = 0; r < height; r++) {
            UNROLL for (int c = 0; c < width; c++) store(lanes[r][c] + part * WIDTH, sum[r][c]);
        }
    }
    double total[GRAM_STRIP][GRAM_TILE];
    UNROLL for (int r = 0; r < height; r++) {
        UNROLL for (int c = 0; c < width; c++) total[r][c] = folded(lanes[r][c]);
    }
    const int is_above = a + height <= b + 1;
    UNROLL for (int r = 0; r < height; r++) {
        double *const row = gram + triangle_row(columns, a + r) - (a + r) + b;
        UNROLL for (int c = 0; c < width; c++) {
            if (is_above || a + r <= b + c) row[c] += total[r][c];
        }
    }
}

// Products of `width` packed columns with each other and all before them.
INLINE void add_row_strip(int width, const double *packed, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t b,
                          double *gram) {
    for (ptrdiff_t a = 0, height; a < b + width; a += height) {
        height = even_part(b + width - a, GRAM_STRIP);
        switch (height) {
        case 1: add_row_tile(1, width, packed, rows, columns, a, b, gram); break;
        case 2: add_row_tile(2, width, packed, rows, columns, a, b, gram); break;
        case 3: add_row_tile(3, width, packed, rows, columns, a, b, gram); break;
        case 4: add_row_tile(4, width, packed, rows, columns, a, b, gram); break;
        case 5: add_row_tile(5, width, packed, rows, columns, a, b, gram); break;
        case 6: add_row_tile(6, width, packed, rows, columns, a, b, gram); break;
        }
    }
}

static void gram_of_rows(const double *const *columns, ptrdiff_t column_count, const ptrdiff_t *rows, ptrdiff_t count,
                         double *gram) {
    const ptrdiff_t stride = packed_stride(count);
    double *const packed = giv_scratch((size_t)(column_count * stride));
    for (ptrdiff_t c = 0; c < column_count; c++) pack_rows(columns[c], rows, count, packed + c * stride);
    for (ptrdiff_t b = 0, width; b < column_count; b += width) {
        width = even_part(column_count - b, GRAM_TILE);
        switch (width) {
        case 1: add_row_strip(1, packed, count, column_count, b, gram); break;
        case 2: add_row_strip(2, packed, count, column_count, b, gram); break;
        case 3: add_row_strip(3, packed, count, column_count, b, gram); break;
        case 4: add_row_strip(4, packed, count, column_count, b, gram); break;
        }
    }
}
