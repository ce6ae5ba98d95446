// SPDX-License-Identifier: MIT
// The algorithms: PyTorch's formulas as tape instructions, one table each.
#include "train/optimizer.h"

enum {
    P = RNI_SLOT_P,
    G = RNI_SLOT_G,
    A0 = RNI_SLOT_AVERAGE,
    A1,
    A2,
    T = RNI_SLOT_T,
    S0 = RNI_SLOT_SCALAR,
    S1,
    S2,
    S3,
    S4,
    S5,
    S6
};

#define OP(op)       RNI_TAPE_##op
#define COUNT(table) ((int32_t)(sizeof(table) / sizeof *(table)))

// x^n by squaring.
static double power(double x, int64_t n)
{
    double result = 1;
    for (; n > 0; n /= 2, x *= x)
        if (n % 2 != 0)
            result *= x;
    return result;
}

// Heron's rule from above: it falls until it is there.
double rni_square_root(double x)
{
    if (!(x > 0) || x > 0x1p1023)
        return x;
    double root = x > 1 ? x : 1, next = 0.5 * (root + x / root);
    while (next < root) {
        root = next;
        next = 0.5 * (root + x / root);
    }
    return root;
}

// Scalars: S0 -rate, S1 weight decay, S2 momentum, S3 1 - dampening, which is
// 1 at the first step, where the average is still zero.
static const rni_update_code sgd_code[] = {
    {OP(FMA), G, S1, P, G, RNI_WHEN_DECAY},
    {OP(MUL), A0, S2, A0, 0, RNI_WHEN_MOMENTUM},
    {OP(FMA), A0, S3, G, A0, RNI_WHEN_MOMENTUM},
    {OP(FMA), G, S2, A0, G, RNI_WHEN_NESTEROV},
    {OP(COPY), G, A0, 0, 0, RNI_WHEN_PLAIN},
    {OP(FMA), P, S0, G, P, 0},
};

static void sgd_scalars(const double options[RNI_OPTIONS], int64_t steps,
                        float scalars[RNI_UPDATE_SCALARS])
{
    scalars[0] = (float)-options[RNNC_OPT_LEARNING_RATE];
    scalars[1] = (float)options[RNNC_OPT_WEIGHT_DECAY];
    scalars[2] = (float)options[RNNC_OPT_MOMENTUM];
    scalars[3] = steps == 0 ? 1.0f : (float)(1 - options[RNNC_OPT_DAMPENING]);
}

// Scalars: S0 -rate, S1 weight decay, S2 momentum, S3 alpha, S4 1 - alpha,
// S5 epsilon. Averages: A0 of g g, A1 the momentum, A2 of g. v - a a cannot be
// negative but by rounding, so it is kept from being so.
static const rni_update_code rmsprop_code[] = {
    {OP(FMA), G, S1, P, G, RNI_WHEN_DECAY},
    {OP(MUL), T, G, G, 0, 0},
    {OP(MUL), A0, S3, A0, 0, 0},
    {OP(FMA), A0, S4, T, A0, 0},
    {OP(SUB), T, G, A2, 0, RNI_WHEN_CENTERED},
    {OP(FMA), A2, S4, T, A2, RNI_WHEN_CENTERED},
    {OP(MUL), T, A2, A2, 0, RNI_WHEN_CENTERED},
    {OP(SUB), T, A0, T, 0, RNI_WHEN_CENTERED},
    {OP(RELU), T, T, 0, 0, RNI_WHEN_CENTERED},
    {OP(COPY), T, A0, 0, 0, RNI_WHEN_NOT_CENTERED},
    {OP(SQRT), T, T, 0, 0, 0},
    {OP(ADD), T, T, S5, 0, 0},
    {OP(DIV), G, G, T, 0, 0},
    {OP(FMA), A1, S2, A1, G, RNI_WHEN_MOMENTUM},
    {OP(FMA), P, S0, A1, P, RNI_WHEN_MOMENTUM},
    {OP(FMA), P, S0, G, P, RNI_WHEN_NO_MOMENTUM},
};

static void rmsprop_scalars(const double options[RNI_OPTIONS], int64_t steps,
                            float scalars[RNI_UPDATE_SCALARS])
{
    (void)steps;
    scalars[0] = (float)-options[RNNC_OPT_LEARNING_RATE];
    scalars[1] = (float)options[RNNC_OPT_WEIGHT_DECAY];
    scalars[2] = (float)options[RNNC_OPT_MOMENTUM];
    scalars[3] = (float)options[RNNC_OPT_ALPHA];
    scalars[4] = (float)(1 - options[RNNC_OPT_ALPHA]);
    scalars[5] = (float)options[RNNC_OPT_EPSILON];
}

// Scalars: S0 -rate / (1 - beta1^t), S1 weight decay, S2 1 - beta1, S3 beta2,
// S4 1 - beta2, S5 sqrt(1 - beta2^t), S6 epsilon. Averages: A0 of g, A1 of g g.
static const rni_update_code adam_code[] = {
    {OP(FMA), G, S1, P, G, RNI_WHEN_DECAY},
    {OP(SUB), T, G, A0, 0, 0},
    {OP(FMA), A0, S2, T, A0, 0},
    {OP(MUL), T, G, G, 0, 0},
    {OP(MUL), A1, S3, A1, 0, 0},
    {OP(FMA), A1, S4, T, A1, 0},
    {OP(SQRT), T, A1, 0, 0, 0},
    {OP(DIV), T, T, S5, 0, 0},
    {OP(ADD), T, T, S6, 0, 0},
    {OP(DIV), T, A0, T, 0, 0},
    {OP(FMA), P, S0, T, P, 0},
};

static void adam_scalars(const double options[RNI_OPTIONS], int64_t steps,
                         float scalars[RNI_UPDATE_SCALARS])
{
    double beta1 = options[RNNC_OPT_BETA1], beta2 = options[RNNC_OPT_BETA2];
    double rate = options[RNNC_OPT_LEARNING_RATE];
    scalars[0] = (float)(-rate / (1 - power(beta1, steps + 1)));
    scalars[1] = (float)options[RNNC_OPT_WEIGHT_DECAY];
    scalars[2] = (float)(1 - beta1);
    scalars[3] = (float)beta2;
    scalars[4] = (float)(1 - beta2);
    scalars[5] = (float)rni_square_root(1 - power(beta2, steps + 1));
    scalars[6] = (float)options[RNNC_OPT_EPSILON];
}

#define OPTION(name) (1u << RNNC_OPT_##name)

const rni_update_row rni_update_table[RNI_OPTIMIZERS] = {
    [RNNC_SGD] = {"SGD",
                  {[RNNC_OPT_LEARNING_RATE] = 1e-3},
                  OPTION(LEARNING_RATE) | OPTION(MOMENTUM) | OPTION(DAMPENING) |
                      OPTION(NESTEROV) | OPTION(WEIGHT_DECAY),
                  {RNI_WHEN_MOMENTUM, RNI_WHEN_NEVER, RNI_WHEN_NEVER},
                  sgd_code,
                  COUNT(sgd_code),
                  sgd_scalars},
    [RNNC_RMSPROP] = {"RMSprop",
                      {[RNNC_OPT_LEARNING_RATE] = 1e-2,
                       [RNNC_OPT_ALPHA] = 0.99,
                       [RNNC_OPT_EPSILON] = 1e-8},
                      OPTION(LEARNING_RATE) | OPTION(MOMENTUM) |
                          OPTION(WEIGHT_DECAY) | OPTION(ALPHA) |
                          OPTION(EPSILON) | OPTION(CENTERED),
                      {0, RNI_WHEN_MOMENTUM, RNI_WHEN_CENTERED},
                      rmsprop_code,
                      COUNT(rmsprop_code),
                      rmsprop_scalars},
    [RNNC_ADAM] = {"Adam",
                   {[RNNC_OPT_LEARNING_RATE] = 1e-3,
                    [RNNC_OPT_BETA1] = 0.9,
                    [RNNC_OPT_BETA2] = 0.999,
                    [RNNC_OPT_EPSILON] = 1e-8},
                   OPTION(LEARNING_RATE) | OPTION(WEIGHT_DECAY) |
                       OPTION(BETA1) | OPTION(BETA2) | OPTION(EPSILON),
                   {0, 0, RNI_WHEN_NEVER},
                   adam_code,
                   COUNT(adam_code),
                   adam_scalars},
};
