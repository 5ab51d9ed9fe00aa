// Working memory of a thread, kept from call to call: a chunk is done in microseconds, and fresh pages would cost more.
#pragma once
#include <stddef.h>

// At least `count` doubles, 64-byte aligned, of any content; valid until the thread's next call.
double *giv_scratch(size_t count);
