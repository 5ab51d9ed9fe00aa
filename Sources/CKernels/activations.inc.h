// Activations of a layer and their derivatives.
#include "giv_layers.h"

INLINE vector magnitude(vector x) { return x < 0 ? -x : x; }

// Exponentials are taken of negative numbers, so that nothing overflows.
INLINE vector activated(giv_activation activation, vector x) {
    switch (activation.function) {
    case GIV_TANH: {
        const vector share = exponential(-2 * magnitude(x));
        const vector value = (1 - share) / (1 + share);
        return x < 0 ? -value : value;
    }
    case GIV_SIGMOID: {
        const vector share = exponential(-magnitude(x));
        const vector value = 1 / (1 + share);
        return x < 0 ? share * value : value;
    }
    case GIV_RECTIFIER: return x <= 0 ? activation.slope * x : x;
    case GIV_EXPONENTIAL_LINEAR: {
        const vector share = exponential(-magnitude(x)) - 1;
        return x <= 0 ? share : x;
    }
    }
}

INLINE vector derivative(giv_activation activation, vector output) {
    switch (activation.function) {
    case GIV_TANH: return 1 - output * output;
    case GIV_SIGMOID: return output * (1 - output);
    case GIV_RECTIFIER: return output > 0 ? (vector)1 : (vector)activation.slope;
    case GIV_EXPONENTIAL_LINEAR: return output > 0 ? (vector)1 : output + 1;
    }
}

INLINE void activate_columns(const giv_layer *layer, giv_activation activation, double *outputs) {
    for (ptrdiff_t f = 0; f < layer->output_count; f++, outputs += layer->stride) {
        for (ptrdiff_t i = 0; i < layer->row_count; i += WIDTH) {
            store(outputs + i, activated(activation, load(outputs + i)));
        }
    }
}

INLINE void differentiate_columns(const giv_layer *layer, giv_activation activation, const double *outputs,
                                  double *gradient) {
    for (ptrdiff_t f = 0; f < layer->output_count; f++, outputs += layer->stride, gradient += layer->stride) {
        for (ptrdiff_t i = 0; i < layer->row_count; i += WIDTH) {
            store(gradient + i, load(gradient + i) * derivative(activation, load(outputs + i)));
        }
    }
}

// One loop for each function, in which it is a constant.
static void layer_activate(const giv_layer *layer, giv_activation activation, double *outputs) {
    const double slope = activation.slope;
    switch (activation.function) {
    case GIV_TANH: activate_columns(layer, (giv_activation){GIV_TANH, slope}, outputs); break;
    case GIV_SIGMOID: activate_columns(layer, (giv_activation){GIV_SIGMOID, slope}, outputs); break;
    case GIV_RECTIFIER: activate_columns(layer, (giv_activation){GIV_RECTIFIER, slope}, outputs); break;
    case GIV_EXPONENTIAL_LINEAR:
        activate_columns(layer, (giv_activation){GIV_EXPONENTIAL_LINEAR, slope}, outputs);
        break;
    }
}

static void layer_differentiate(const giv_layer *layer, giv_activation activation, const double *outputs,
                                double *gradient) {
    const double slope = activation.slope;
    switch (activation.function) {
    case GIV_TANH: differentiate_columns(layer, (giv_activation){GIV_TANH, slope}, outputs, gradient); break;
    case GIV_SIGMOID: differentiate_columns(layer, (giv_activation){GIV_SIGMOID, slope}, outputs, gradient); break;
    case GIV_RECTIFIER: differentiate_columns(layer, (giv_activation){GIV_RECTIFIER, slope}, outputs, gradient); break;
    case GIV_EXPONENTIAL_LINEAR:
        differentiate_columns(layer, (giv_activation){GIV_EXPONENTIAL_LINEAR, slope}, outputs, gradient);
        break;
    }
}
