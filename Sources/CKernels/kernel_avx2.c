#if defined(__x86_64__)
// Sixteen registers of four lanes: two half passes over each eight rows.
#define INSTRUCTION_SET avx2
#define WIDTH 4
#define TILE_VECTORS 2
#define FORM_STRIP 6
#define GRAM_STRIP 4
#define GRAM_TILE 3
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "kernel.inc.h"
#pragma clang attribute pop
#endif
