#include "giv_kernels.h"
