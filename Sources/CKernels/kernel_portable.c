// Two lanes at a time, as NEON has them; where the processor has no fused multiply-add, the C library does it.
#define INSTRUCTION_SET portable
#define WIDTH 2
#define TILE_VECTORS 4
#define FORM_STRIP 6
#define GRAM_STRIP 6
#define GRAM_TILE 4
#include "kernel.inc.h"
