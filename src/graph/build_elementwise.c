// SPDX-License-Identifier: MIT
// Builder calls that work element by element.
#include "graph/build.h"

#define BINARY(name, OP)                                                       \
    rnnc_node *rnnc_##name(rnnc_node *a, rnnc_node *b)                         \
    {                                                                          \
        return rni_build_two(RNI_OP_##OP, a, b);                               \
    }

BINARY(add, ADD)
BINARY(sub, SUB)
BINARY(mul, MUL)
BINARY(div, DIV)
BINARY(min, MIN)
BINARY(max, MAX)
BINARY(less, LESS)
BINARY(less_equal, LESS_EQUAL)
BINARY(equal, EQUAL)

rnnc_node *rnnc_select(rnnc_node *condition, rnnc_node *yes, rnnc_node *no)
{
    return rni_build(&(rnnc_node){.op = RNI_OP_SELECT},
                     (rnnc_node *[]){condition, yes, no}, 3);
}

#define UNARY(name, OP)                                                        \
    rnnc_node *rnnc_##name(rnnc_node *x)                                       \
    {                                                                          \
        return rni_build_one(RNI_OP_##OP, x);                                  \
    }

UNARY(neg, NEG)
UNARY(abs, ABS)
UNARY(exp, EXP)
UNARY(log, LOG)
UNARY(sqrt, SQRT)
UNARY(sigmoid, SIGMOID)
UNARY(tanh, TANH)
UNARY(relu, RELU)
UNARY(softplus, SOFTPLUS)
UNARY(softsign, SOFTSIGN)

#define UNARY_ALPHA(name, OP)                                                  \
    rnnc_node *rnnc_##name(rnnc_node *x, float alpha)                          \
    {                                                                          \
        return rni_build(&(rnnc_node){.op = RNI_OP_##OP, .numbers = {alpha}},  \
                         &x, 1);                                               \
    }

UNARY_ALPHA(elu, ELU)
UNARY_ALPHA(leaky_relu, LEAKY_RELU)
UNARY_ALPHA(thresholded_relu, THRESHOLDED_RELU)

#define UNARY_ALPHA_BETA(name, OP, alpha, beta)                                \
    rnnc_node *rnnc_##name(rnnc_node *x, float alpha, float beta)              \
    {                                                                          \
        return rni_build(                                                      \
            &(rnnc_node){.op = RNI_OP_##OP, .numbers = {alpha, beta}}, &x, 1); \
    }

UNARY_ALPHA_BETA(hard_sigmoid, HARD_SIGMOID, alpha, beta)
UNARY_ALPHA_BETA(affine, AFFINE, alpha, beta)
UNARY_ALPHA_BETA(scaled_tanh, SCALED_TANH, alpha, beta)
UNARY_ALPHA_BETA(clip, CLIP, low, high)
