// The three matrix products of a dense layer on a block of rows: the kernels beside OpenBLAS, one thread.
//
// usage: layers [ROWS [avx512 | avx2 | portable]]
// build: clang -O2 -ISources/CKernels/include -ISources/CKernels bench/layers.c Sources/CKernels/*.c
//        $(pkg-config --cflags --libs openblas) -lm -o .build/layers
// Prints nanoseconds of OpenBLAS and of the kernel (the least of fifteen runs) and their ratio.
#include "giv_kernels.h"
#include "giv_layers.h"

#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return 1e9 * (double)time.tv_sec + (double)time.tv_nsec;
}

static double *numbers(size_t count) {
    double *memory = aligned_alloc(64, (count * sizeof(double) + 63) / 64 * 64);
    for (size_t i = 0; memory && i < count; i++) memory[i] = (double)rand() / RAND_MAX - 0.5;
    return memory ? memory : (abort(), NULL);
}

// Nanoseconds of a call.
#define TIMED(repeats, call)                                                                                           \
    ({                                                                                                                 \
        double best = 1e300;                                                                                           \
        for (int run = 0; run < 15; run++) {                                                                           \
            const double begin = now();                                                                                \
            for (int i = 0; i < repeats; i++) call;                                                                    \
            const double time = (now() - begin) / repeats;                                                             \
            best = time < best ? time : best;                                                                          \
        }                                                                                                              \
        best;                                                                                                          \
    })

static void measure(int inputs, int outputs, int rows) {
    const int width = 1 + inputs, stride = (rows + 15) / 8 * 8, repeats = 10000000 / (width * outputs * rows) + 1;
    double *const x = numbers((size_t)(width * stride)), *const dx = numbers((size_t)(width * stride));
    double *const y = numbers((size_t)(outputs * stride));
    double *const w = numbers((size_t)(width * outputs)), *const dw = numbers((size_t)(width * outputs));
    const giv_layer layer = {inputs, outputs, rows, stride};
    const double times[3][2] = {
        {TIMED(repeats, cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, outputs, rows, width, 1, w, width, x,
                                    stride, 0, y, stride)),
         TIMED(repeats, giv_layer_forward(&layer, w, x, y))},
        {TIMED(repeats, cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, outputs, width, rows, 1, y, stride, x,
                                    stride, 1, dw, width)),
         TIMED(repeats, giv_layer_add_gradient(&layer, x, y, dw))},
        {TIMED(repeats, cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, inputs, rows, outputs, 1, w + 1, width, y,
                                    stride, 0, dx + stride, stride)),
         TIMED(repeats, giv_layer_propagate(&layer, w, y, dx + stride))},
    };
    printf("%4d -> %-4d", inputs, outputs);
    for (int i = 0; i < 3; i++) printf(" %9.0f %9.0f %5.1f", times[i][0], times[i][1], times[i][0] / times[i][1]);
    printf("\n");
    free(x), free(dx), free(y), free(w), free(dw);
}

int main(int count, char **arguments) {
    static const int shapes[][2] = {{5, 16},  {16, 5},  {5, 3},     {16, 16},  {16, 1},
                                    {32, 32}, {64, 64}, {128, 128}, {256, 256}};
    const int rows = count > 1 ? atoi(arguments[1]) : 100;
    if (rows < 1 || giv_kernel_select(count > 2 ? arguments[2] : NULL) != 0) {
        fputs("usage: layers [ROWS [avx512 | avx2 | portable]], an instruction set that this machine has\n", stderr);
        return 64;
    }
    openblas_set_num_threads(1);
    printf("%s, %d rows, OpenBLAS on %s; ns of OpenBLAS, of the kernel, ratio\n", giv_kernel_name(), rows,
           openblas_get_corename());
    printf("%12s %25s %25s %25s\n", "layer", "forward", "gradient", "propagate");
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) measure(shapes[i][0], shapes[i][1], rows);
}
