// Steps of an optimiser: the same operations parameter by parameter in every instruction set.

INLINE void adam_vector(const giv_adam *adam, vector gradient, vector *parameter, vector *first, vector *second,
                        vector *direction) {
    const vector slope = gradient + adam->weight_decay * *parameter;
    *first = adam->beta1 * *first + (1 - adam->beta1) * slope;
    *second = adam->beta2 * *second + (1 - adam->beta2) * slope * slope;
    const vector before = *direction;
    *direction = *first * adam->correction1 / (__builtin_elementwise_sqrt(*second * adam->correction2) + adam->epsilon);
    *parameter -= adam->learning_rate * (adam->is_optimistic ? 2 * *direction - before : *direction);
}

static void adam_step(const giv_adam *step, ptrdiff_t count, const double *gradient, double *parameters, double *first,
                      double *second, double *directions) {
    // A copy, which no store can change.
    const giv_adam copy = *step, *const adam = &copy;
    for (ptrdiff_t i = 0; i < count; i += WIDTH) {
        vector own[5] = {};
        double *const states[] = {parameters + i, first + i, second + i, adam->is_optimistic ? directions + i : 0};
        if (count - i >= WIDTH) {
            own[4] = load_unaligned(gradient + i);
            UNROLL for (int s = 0; s < 4; s++) {
                if (states[s]) own[s] = load_unaligned(states[s]);
            }
            adam_vector(adam, own[4], own, own + 1, own + 2, own + 3);
            UNROLL for (int s = 0; s < 4; s++) {
                if (states[s]) *(unaligned_vector *)states[s] = own[s];
            }
        } else {
            const size_t bytes = sizeof(double) * (size_t)(count - i);
            memcpy(own + 4, gradient + i, bytes);
            for (int s = 0; s < 4; s++) {
                if (states[s]) memcpy(own + s, states[s], bytes);
            }
            adam_vector(adam, own[4], own, own + 1, own + 2, own + 3);
            for (int s = 0; s < 4; s++) {
                if (states[s]) memcpy(states[s], own + s, bytes);
            }
        }
    }
}
