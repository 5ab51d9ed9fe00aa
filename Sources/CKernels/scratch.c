#include "scratch.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
    double *memory;
    size_t count;
} thread_scratch;

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void *required(void *pointer) {
    if (pointer) return pointer;
    fputs("giv-dist: no memory left for the working space of the kernels\n", stderr);
    abort();
}

static void release(void *pointer) {
    thread_scratch *scratch = pointer;
    free(scratch->memory);
    free(scratch);
}

static void make_key(void) {
    if (pthread_key_create(&key, release) != 0) required(NULL);
}

double *giv_scratch(size_t count) {
    pthread_once(&once, make_key);
    thread_scratch *scratch = pthread_getspecific(key);
    if (!scratch) {
        scratch = required(calloc(1, sizeof(*scratch)));
        if (pthread_setspecific(key, scratch) != 0) required(NULL);
    }
    if (scratch->count < count) {
        free(scratch->memory);
        scratch->memory = NULL;
        scratch->count = 0;
        void *memory = NULL;
        required(posix_memalign(&memory, 64, count * sizeof(double)) == 0 ? memory : NULL);
        scratch->memory = memory;
        scratch->count = count;
    }
    return scratch->memory;
}
