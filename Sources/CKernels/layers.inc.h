// The products of a dense layer: sums of columns by register tiles of results x vectors of rows, and sums over rows by
// register tiles of pairs of columns.
#include "giv_layers.h"

// results[r * stride + i] = sum over c of coefficients[r * result_step + c * column_step] x columns[c * stride + i].
typedef struct {
    const double *columns;
    ptrdiff_t column_count;
    const double *coefficients;
    ptrdiff_t result_step, column_step;
    double *results;
    ptrdiff_t result_count;
    ptrdiff_t stride;
} combination;

// `count` results from `first` on, for `vectors` vectors of rows.
INLINE void combine_tile(int count, int vectors, const combination *sum, ptrdiff_t first, ptrdiff_t row) {
    const double *coefficients[FORM_STRIP], *from = sum->columns + row;
    vector value[FORM_STRIP][TILE_VECTORS];
    UNROLL for (int r = 0; r < count; r++) {
        coefficients[r] = sum->coefficients + (first + r) * sum->result_step;
        UNROLL for (int v = 0; v < vectors; v++) value[r][v] = load(from + v * WIDTH) * *coefficients[r];
    }
    for (ptrdiff_t c = 1; c < sum->column_count; c++) {
        vector column[TILE_VECTORS];
        UNROLL for (int v = 0; v < vectors; v++) column[v] = load(from + c * sum->stride + v * WIDTH);
        UNROLL for (int r = 0; r < count; r++) {
            const double coefficient = coefficients[r][c * sum->column_step];
            UNROLL for (int v = 0; v < vectors; v++) value[r][v] = fused(column[v], coefficient, value[r][v]);
        }
    }
    UNROLL for (int r = 0; r < count; r++) {
        double *const to = sum->results + (first + r) * sum->stride + row;
        UNROLL for (int v = 0; v < vectors; v++) store(to + v * WIDTH, value[r][v]);
    }
}

// All results, while the rows of the columns are in the first cache.
INLINE void combine_rows(int vectors, const combination *sum, ptrdiff_t row) {
    for (ptrdiff_t first = 0, count; first < sum->result_count; first += count) {
        count = even_part(sum->result_count - first, FORM_STRIP);
        switch (count) {
        case 1: combine_tile(1, vectors, sum, first, row); break;
        case 2: combine_tile(2, vectors, sum, first, row); break;
        case 3: combine_tile(3, vectors, sum, first, row); break;
        case 4: combine_tile(4, vectors, sum, first, row); break;
        case 5: combine_tile(5, vectors, sum, first, row); break;
        case 6: combine_tile(6, vectors, sum, first, row); break;
        }
    }
}

static void combine(const combination *sum, ptrdiff_t rows) {
    const ptrdiff_t tile = TILE_VECTORS * WIDTH;
    ptrdiff_t row = 0;
    for (; row + tile <= padded(rows); row += tile) combine_rows(TILE_VECTORS, sum, row);
    for (; row < rows; row += WIDTH) combine_rows(1, sum, row);
}

static void layer_forward(const giv_layer *layer, const double *weights, const double *inputs, double *outputs) {
    const ptrdiff_t width = 1 + layer->input_count;
    const combination sum = {inputs, width, weights, width, 1, outputs, layer->output_count, layer->stride};
    combine(&sum, layer->row_count);
}

static void layer_propagate(const giv_layer *layer, const double *weights, const double *output_gradient,
                            double *input_gradient) {
    const combination sum = {
        output_gradient, layer->output_count, weights + 1, 1, 1 + layer->input_count, input_gradient,
        layer->input_count, layer->stride,
    };
    combine(&sum, layer->row_count);
}

// The vector at `from`, 0 from lane `rows` on.
INLINE vector load_rows(const double *from, ptrdiff_t rows) {
    static const long long numbers[GIV_LANES] __attribute__((aligned(64))) = {0, 1, 2, 3, 4, 5, 6, 7};
    return *(const integers *)numbers < (integers)(long long)rows ? load(from) : (vector)0;
}

// Adds `rows` rows of a vector to the sums of products of `height` with `width` columns.
INLINE void add_products(int height, int width, const double *left, const double *right, ptrdiff_t stride,
                         ptrdiff_t rows, vector sum[GRAM_STRIP][GRAM_TILE]) {
    vector other[GRAM_TILE];
    UNROLL for (int b = 0; b < width; b++) {
        other[b] = rows < WIDTH ? load_rows(right + b * stride, rows) : load(right + b * stride);
    }
    UNROLL for (int a = 0; a < height; a++) {
        const vector own = rows < WIDTH ? load_rows(left + a * stride, rows) : load(left + a * stride);
        UNROLL for (int b = 0; b < width; b++) sum[a][b] = fused(own, other[b], sum[a][b]);
    }
}

// Adds the products of `height` outputs' gradients with `width` inputs.
INLINE void add_gradient_tile(int height, int width, const giv_layer *layer, const double *inputs,
                              const double *output_gradient, double *gradient) {
    const ptrdiff_t stride = layer->stride;
    double lanes[GRAM_STRIP][GRAM_TILE][GIV_LANES] __attribute__((aligned(64))) = {};
    // Stretches of rows, which every part finds in the first cache.
    for (ptrdiff_t first = 0; first < layer->row_count; first += GRAM_ROWS) {
        const ptrdiff_t end = first + GRAM_ROWS < layer->row_count ? first + GRAM_ROWS : layer->row_count;
        for (int part = 0; part < PARTS; part++) {
            vector sum[GRAM_STRIP][GRAM_TILE];
            UNROLL for (int a = 0; a < height; a++) {
                UNROLL for (int b = 0; b < width; b++) sum[a][b] = load(lanes[a][b] + part * WIDTH);
            }
            ptrdiff_t i = first + part * WIDTH;
            for (; i + WIDTH <= end; i += GIV_LANES) {
                add_products(height, width, output_gradient + i, inputs + i, stride, WIDTH, sum);
            }
            if (i < end) add_products(height, width, output_gradient + i, inputs + i, stride, end - i, sum);
            UNROLL for (int a = 0; a < height; a++) {
                UNROLL for (int b = 0; b < width; b++) store(lanes[a][b] + part * WIDTH, sum[a][b]);
            }
        }
    }
    UNROLL for (int a = 0; a < height; a++) add_lanes(lanes[a][0], width, gradient + a * (1 + layer->input_count));
}

// `height` rows of the gradient, of some of the inputs.
INLINE void add_gradient_strip(int height, const giv_layer *layer, const double *inputs, ptrdiff_t input_count,
                               const double *output_gradient, double *gradient) {
    for (ptrdiff_t left = input_count, width; left > 0; left -= width) {
        width = even_part(left, GRAM_TILE);
        switch (width) {
        case 1: add_gradient_tile(height, 1, layer, inputs, output_gradient, gradient); break;
        case 2: add_gradient_tile(height, 2, layer, inputs, output_gradient, gradient); break;
        case 3: add_gradient_tile(height, 3, layer, inputs, output_gradient, gradient); break;
        case 4: add_gradient_tile(height, 4, layer, inputs, output_gradient, gradient); break;
        }
        inputs += width * layer->stride;
        gradient += width;
    }
}

// All outputs' gradients with some of the inputs.
static void add_gradient_columns(const giv_layer *layer, const double *inputs, ptrdiff_t input_count,
                                 const double *output_gradient, double *gradient) {
    for (ptrdiff_t left = layer->output_count, height; left > 0; left -= height) {
        height = even_part(left, GRAM_STRIP);
        switch (height) {
        case 1: add_gradient_strip(1, layer, inputs, input_count, output_gradient, gradient); break;
        case 2: add_gradient_strip(2, layer, inputs, input_count, output_gradient, gradient); break;
        case 3: add_gradient_strip(3, layer, inputs, input_count, output_gradient, gradient); break;
        case 4: add_gradient_strip(4, layer, inputs, input_count, output_gradient, gradient); break;
        case 5: add_gradient_strip(5, layer, inputs, input_count, output_gradient, gradient); break;
        case 6: add_gradient_strip(6, layer, inputs, input_count, output_gradient, gradient); break;
        }
        output_gradient += height * layer->stride;
        gradient += height * (1 + layer->input_count);
    }
}

// Inputs at a time, whose columns stay in the second cache until all outputs have met them.
#define GRADIENT_INPUTS 24

static void layer_add_gradient(const giv_layer *layer, const double *inputs, const double *output_gradient,
                               double *gradient) {
    const ptrdiff_t width = 1 + layer->input_count;
    for (ptrdiff_t first = 0, count; first < width; first += count) {
        count = even_part(width - first, GRADIENT_INPUTS);
        add_gradient_columns(layer, inputs + first * layer->stride, count, output_gradient, gradient + first);
    }
}
