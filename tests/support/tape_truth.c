// SPDX-License-Identifier: MIT
// What each instruction of a tape should give, in double precision, written
// down from the comments of tape.def and the library of C.
#include "support/tape_truth.h"

#include <math.h>

#define UNUSED __attribute__((unused))
#define TRUTH(name, formula)                                                   \
    static double name(double a UNUSED, double b UNUSED, double c UNUSED,      \
                       double x UNUSED, double y UNUSED)                       \
    {                                                                          \
        return formula;                                                        \
    }

static double sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

static double larger(double a, double b)
{
    return fabs(a) > fabs(b) ? fabs(a) : fabs(b);
}

// NaN where v is.
static double between(double low, double v, double high)
{
    return v < low ? low : v > high ? high : v;
}

TRUTH(copy, a)
TRUTH(add, a + b)
TRUTH(sub, a - b)
TRUTH(mul, a *b)
TRUTH(quotient, a / b)
TRUTH(fused, fma(a, b, c))
TRUTH(neg, -a)
TRUTH(absolute, fabs(a))
TRUTH(sign, a > 0 ? 1 : a < 0 ? -1 : 0)
TRUTH(exponential, exp(a))
TRUTH(logarithm, log(a))
TRUTH(root, sqrt(a))
TRUTH(logistic, sigmoid(a))
TRUTH(tangent, tanh(a))
TRUTH(relu, a < 0 ? 0 : a)
TRUTH(softplus, a > 0 ? a + log1p(exp(-a)) : log1p(exp(a)))
TRUTH(softsign, isinf(a) ? copysign(1, a) : a / (1 + fabs(a)))
TRUTH(elu, a > 0 ? a : x * expm1(a))
TRUTH(hard_sigmoid, between(0, fma(x, a, y), 1))
TRUTH(leaky_relu, a > 0 ? a : x * a)
TRUTH(thresholded_relu, a <= x ? 0 : a)
TRUTH(affine, fma(x, a, y))
TRUTH(scaled_tanh, x *tanh(y *a))
TRUTH(clip, between(x, a, y))
TRUTH(smaller_of, a <= b ? a : b)
TRUTH(larger_of, a >= b ? a : b)
TRUTH(less, a < b)
TRUTH(less_equal, a <= b)
TRUTH(equal, a == b)
TRUTH(choose, a != 0 ? b : c)
TRUTH(sigmoid_grad, a *(b *(1 - b)))
TRUTH(tanh_grad, a *(1 - b * b))
TRUTH(relu_grad, b > 0 ? a : 0)
TRUTH(sqrt_grad, a / (2 * b))
TRUTH(softplus_grad, a *sigmoid(b))
TRUTH(softsign_grad, a / ((1 + fabs(b)) * (1 + fabs(b))))
TRUTH(elu_grad, b > 0 ? a : a * x * exp(b))
TRUTH(hard_sigmoid_grad, fma(x, b, y) > 0 && fma(x, b, y) < 1 ? x * a : 0)
TRUTH(leaky_relu_grad, b > 0 ? a : x * a)
TRUTH(thresholded_relu_grad, b > x ? a : 0)
TRUTH(scaled_tanh_grad, a *x *y *(1 - tanh(y * b) * tanh(y * b)))
TRUTH(clip_grad, x <= b && b <= y ? a : 0)

TRUTH(fma_scale, larger(a *b, c))
TRUTH(line_scale, larger(x *a, y))
TRUTH(tanh_grad_scale, a *larger(1, b *b))
TRUTH(scaled_tanh_grad_scale, a *x *y)

// LISTED: in accuracy.def. ROUNDED: once, with room for the rounding of the
// truth itself.
#define LISTED  0.0
#define ROUNDED 0.50001

const tape_truth tape_truths[RNI_TAPE_OP_COUNT] = {
    [RNI_TAPE_COPY] = {copy, NULL, 0.0, 0.0, true},
    [RNI_TAPE_NEG] = {neg, NULL, 0.0, 0.0, true},
    [RNI_TAPE_ABS] = {absolute, NULL, 0.0, 0.0, true},
    [RNI_TAPE_SIGN] = {sign, NULL, 0.0, 0.0, true},
    [RNI_TAPE_RELU] = {relu, NULL, 0.0, 0.0, true},
    [RNI_TAPE_THRESHOLDED_RELU] = {thresholded_relu, NULL, 0.0, 0.0, true},
    [RNI_TAPE_CLIP] = {clip, NULL, 0.0, 0.0, true},
    [RNI_TAPE_MIN] = {smaller_of, NULL, 0.0, 0.0, true},
    [RNI_TAPE_MAX] = {larger_of, NULL, 0.0, 0.0, true},
    [RNI_TAPE_LESS] = {less, NULL, 0.0, 0.0, true},
    [RNI_TAPE_LESS_EQUAL] = {less_equal, NULL, 0.0, 0.0, true},
    [RNI_TAPE_EQUAL] = {equal, NULL, 0.0, 0.0, true},
    [RNI_TAPE_SELECT] = {choose, NULL, 0.0, 0.0, true},
    [RNI_TAPE_RELU_GRAD] = {relu_grad, NULL, 0.0, 0.0, true},
    [RNI_TAPE_THRESHOLDED_RELU_GRAD] = {thresholded_relu_grad, NULL, 0.0, 0.0,
                                        true},
    [RNI_TAPE_CLIP_GRAD] = {clip_grad, NULL, 0.0, 0.0, true},
    [RNI_TAPE_ADD] = {add, NULL, ROUNDED, ROUNDED, true},
    [RNI_TAPE_SUB] = {sub, NULL, ROUNDED, ROUNDED, true},
    [RNI_TAPE_MUL] = {mul, NULL, ROUNDED, ROUNDED, true},
    [RNI_TAPE_DIV] = {quotient, NULL, ROUNDED, ROUNDED, true},
    [RNI_TAPE_LEAKY_RELU] = {leaky_relu, NULL, ROUNDED, ROUNDED, true},
    [RNI_TAPE_LEAKY_RELU_GRAD] = {leaky_relu_grad, NULL, ROUNDED, ROUNDED,
                                  true},
    [RNI_TAPE_SQRT_GRAD] = {sqrt_grad, NULL, ROUNDED, ROUNDED, true},
    [RNI_TAPE_SQRT] = {root, NULL, LISTED, LISTED, true},
    [RNI_TAPE_SOFTSIGN] = {softsign, NULL, LISTED, LISTED, true},
    [RNI_TAPE_EXP] = {exponential, NULL, LISTED, LISTED, false},
    [RNI_TAPE_LOG] = {logarithm, NULL, LISTED, LISTED, false},
    [RNI_TAPE_SIGMOID] = {logistic, NULL, LISTED, LISTED, false},
    [RNI_TAPE_TANH] = {tangent, NULL, LISTED, LISTED, false},
    [RNI_TAPE_SOFTPLUS] = {softplus, NULL, LISTED, LISTED, false},
    [RNI_TAPE_ELU] = {elu, NULL, LISTED, LISTED, false},
    [RNI_TAPE_FMA] = {fused, fma_scale, ROUNDED, 1.0, false},
    [RNI_TAPE_AFFINE] = {affine, line_scale, ROUNDED, 1.0, false},
    [RNI_TAPE_HARD_SIGMOID] = {hard_sigmoid, line_scale, ROUNDED, 1.0, false},
    [RNI_TAPE_SCALED_TANH] = {scaled_tanh, NULL, 5.5, 5.6, false},
    [RNI_TAPE_SIGMOID_GRAD] = {sigmoid_grad, NULL, 2.5, 2.5, true},
    [RNI_TAPE_TANH_GRAD] = {tanh_grad, tanh_grad_scale, 2.0, 2.5, false},
    [RNI_TAPE_SOFTPLUS_GRAD] = {softplus_grad, NULL, 4.5, 4.8, false},
    [RNI_TAPE_SOFTSIGN_GRAD] = {softsign_grad, NULL, 4.0, 4.0, true},
    [RNI_TAPE_ELU_GRAD] = {elu_grad, NULL, 3.0, 3.5, false},
    [RNI_TAPE_HARD_SIGMOID_GRAD] = {hard_sigmoid_grad, NULL, ROUNDED, ROUNDED,
                                    false},
    [RNI_TAPE_SCALED_TANH_GRAD] = {scaled_tanh_grad, scaled_tanh_grad_scale,
                                   9.0, 10.0, false},
};
