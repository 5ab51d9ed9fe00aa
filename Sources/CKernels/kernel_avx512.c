#if defined(__x86_64__)
// Thirty-two registers of eight lanes.
#define INSTRUCTION_SET avx512
#define WIDTH 8
#define TILE_VECTORS 4
#define FORM_STRIP 6
#define GRAM_STRIP 6
#define GRAM_TILE 4
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512vl,fma"))), apply_to = function)
#include "kernel.inc.h"
#pragma clang attribute pop
#endif
