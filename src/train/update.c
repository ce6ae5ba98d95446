// SPDX-License-Identifier: MIT
// The algorithms: PyTorch's formulas as tape instructions, one table each.
#include "train/optimizer.h"
#include "train/real.h"

enum {
    P = RNI_SLOT_P,
    G = RNI_SLOT_G,
    A0 = RNI_SLOT_AVERAGE,
    A1,
    A2,
    T = RNI_SLOT_T,
    RATE = RNI_SLOT_SCALAR, // -rate
    DECAY,                  // weight decay
    SHRINK,                 // 1 - rate weight decay
    OWED,                   // of the gradients
    OWN,                    // from here on an algorithm's own
    S0 = OWN,
    S1,
    S2,
    S3,
    S4,
    S5,
    S6,
    S7
};

#define OP(op)       RNI_TAPE_##op
#define WHEN(name)   RNI_WHEN_##name
#define COUNT(table) ((int32_t)(sizeof(table) / sizeof *(table)))

const rni_update_code rni_update_common[RNI_UPDATE_COMMON] = {
    {OP(MUL), G, OWED, G, 0, 0},
    {OP(NEG), G, G, 0, 0, WHEN(MAXIMIZE)},
    {OP(FMA), G, DECAY, P, G, WHEN(DECAY)},
    {OP(MUL), P, SHRINK, P, 0, WHEN(DECAY_APART)},
};

// Where an algorithm's own scalars go.
static float *own_scalars(rni_update_state *state)
{
    return state->scalars + (OWN - RNI_SLOT_SCALAR);
}

// S0 momentum, S1 1 - dampening, which is 1 at the first step with momentum,
// where the average is still zero.
static const rni_update_code sgd_code[] = {
    {OP(MUL), A0, S0, A0, 0, WHEN(MOMENTUM)},
    {OP(FMA), A0, S1, G, A0, WHEN(MOMENTUM)},
    {OP(FMA), G, S0, A0, G, WHEN(NESTEROV)},
    {OP(COPY), G, A0, 0, 0, WHEN(PLAIN)},
    {OP(FMA), P, RATE, G, P, 0},
};

static void sgd_scalars(const double options[RNI_OPTIONS],
                        rni_update_state *state)
{
    float *s = own_scalars(state);
    double fresh = 1 - options[RNNC_OPT_DAMPENING];
    s[0] = (float)options[RNNC_OPT_MOMENTUM];
    s[1] = state->step <= 1 ? 1.0f : (float)fresh;
}

// S0 -rate / (1 + (t - 1) lr_decay), S1 epsilon. A0 the sum of g g.
static const rni_update_code adagrad_code[] = {
    {OP(FMA), A0, G, G, A0, 0}, {OP(SQRT), T, A0, 0, 0, 0},
    {OP(ADD), T, T, S1, 0, 0},  {OP(DIV), T, G, T, 0, 0},
    {OP(FMA), P, S0, T, P, 0},
};

static void adagrad_scalars(const double options[RNI_OPTIONS],
                            rni_update_state *state)
{
    float *s = own_scalars(state);
    double before = (double)(state->step - 1);
    s[0] = (float)(-options[RNNC_OPT_LEARNING_RATE] /
                   (1 + before * options[RNNC_OPT_LR_DECAY]));
    s[1] = (float)options[RNNC_OPT_EPSILON];
}

// S0 rho, S1 1 - rho, S2 epsilon. A0 of g g, A1 of the steps squared.
static const rni_update_code adadelta_code[] = {
    {OP(MUL), T, G, G, 0, 0},    {OP(MUL), A0, S0, A0, 0, 0},
    {OP(FMA), A0, S1, T, A0, 0}, {OP(ADD), T, A0, S2, 0, 0},
    {OP(SQRT), T, T, 0, 0, 0},   {OP(DIV), G, G, T, 0, 0},
    {OP(ADD), T, A1, S2, 0, 0},  {OP(SQRT), T, T, 0, 0, 0},
    {OP(MUL), G, T, G, 0, 0},    {OP(MUL), T, G, G, 0, 0},
    {OP(MUL), A1, S0, A1, 0, 0}, {OP(FMA), A1, S1, T, A1, 0},
    {OP(FMA), P, RATE, G, P, 0},
};

static void adadelta_scalars(const double options[RNI_OPTIONS],
                             rni_update_state *state)
{
    float *s = own_scalars(state);
    s[0] = (float)options[RNNC_OPT_RHO];
    s[1] = (float)(1 - options[RNNC_OPT_RHO]);
    s[2] = (float)options[RNNC_OPT_EPSILON];
}

// S0 momentum, S1 alpha, S2 1 - alpha, S3 epsilon. A0 of g g, A1 the momentum,
// A2 of g. v - a a cannot be negative but by rounding, so it is kept from
// being so.
static const rni_update_code rmsprop_code[] = {
    {OP(MUL), T, G, G, 0, 0},
    {OP(MUL), A0, S1, A0, 0, 0},
    {OP(FMA), A0, S2, T, A0, 0},
    {OP(SUB), T, G, A2, 0, WHEN(CENTERED)},
    {OP(FMA), A2, S2, T, A2, WHEN(CENTERED)},
    {OP(MUL), T, A2, A2, 0, WHEN(CENTERED)},
    {OP(SUB), T, A0, T, 0, WHEN(CENTERED)},
    {OP(RELU), T, T, 0, 0, WHEN(CENTERED)},
    {OP(COPY), T, A0, 0, 0, WHEN(NOT_CENTERED)},
    {OP(SQRT), T, T, 0, 0, 0},
    {OP(ADD), T, T, S3, 0, 0},
    {OP(DIV), G, G, T, 0, 0},
    {OP(FMA), A1, S0, A1, G, WHEN(MOMENTUM)},
    {OP(FMA), P, RATE, A1, P, WHEN(MOMENTUM)},
    {OP(FMA), P, RATE, G, P, WHEN(NO_MOMENTUM)},
};

static void rmsprop_scalars(const double options[RNI_OPTIONS],
                            rni_update_state *state)
{
    float *s = own_scalars(state);
    s[0] = (float)options[RNNC_OPT_MOMENTUM];
    s[1] = (float)options[RNNC_OPT_ALPHA];
    s[2] = (float)(1 - options[RNNC_OPT_ALPHA]);
    s[3] = (float)options[RNNC_OPT_EPSILON];
}

// ---- The Adams: S0 1 - beta1, S1 beta2, S2 1 - beta2, S3 epsilon; A0 of g,
// A1 of g g.

#define FIRST_MOMENT                                                           \
    {OP(SUB), T, G, A0, 0, 0},                                                 \
    {                                                                          \
        OP(FMA), A0, S0, T, A0, 0                                              \
    }
#define SECOND_MOMENT                                                          \
    {OP(MUL), T, G, G, 0, 0}, {OP(MUL), A1, S1, A1, 0, 0},                     \
    {                                                                          \
        OP(FMA), A1, S2, T, A1, 0                                              \
    }

// The common scalars, and 1 - beta^t of both.
static float *adams_scalars(const double options[RNI_OPTIONS],
                            rni_update_state *state, double correction[2])
{
    float *s = own_scalars(state);
    double beta1 = options[RNNC_OPT_BETA1], beta2 = options[RNNC_OPT_BETA2];
    s[0] = (float)(1 - beta1);
    s[1] = (float)beta2;
    s[2] = (float)(1 - beta2);
    s[3] = (float)options[RNNC_OPT_EPSILON];
    correction[0] = 1 - rni_real_power(beta1, (double)state->step);
    correction[1] = 1 - rni_real_power(beta2, (double)state->step);
    return s;
}

// S4 sqrt(1 - beta2^t), S5 -rate / (1 - beta1^t). A2 the largest A1.
static const rni_update_code adam_code[] = {
    FIRST_MOMENT,
    SECOND_MOMENT,
    {OP(MAX), A2, A2, A1, 0, WHEN(AMSGRAD)},
    {OP(SQRT), T, A2, 0, 0, WHEN(AMSGRAD)},
    {OP(SQRT), T, A1, 0, 0, WHEN(NOT_AMSGRAD)},
    {OP(DIV), T, T, S4, 0, 0},
    {OP(ADD), T, T, S3, 0, 0},
    {OP(DIV), T, A0, T, 0, 0},
    {OP(FMA), P, S5, T, P, 0},
};

static void adam_scalars(const double options[RNI_OPTIONS],
                         rni_update_state *state)
{
    double correction[2];
    float *s = adams_scalars(options, state, correction);
    s[4] = (float)rni_real_root(correction[1]);
    s[5] = (float)(-options[RNNC_OPT_LEARNING_RATE] / correction[0]);
}

// S4 1 - beta2^t, S5 of g, S6 of m, with -rate.
static const rni_update_code nadam_code[] = {
    FIRST_MOMENT,
    SECOND_MOMENT,
    {OP(DIV), T, A1, S4, 0, 0},
    {OP(SQRT), T, T, 0, 0, 0},
    {OP(ADD), T, T, S3, 0, 0},
    {OP(DIV), G, G, T, 0, 0},
    {OP(FMA), P, S5, G, P, 0},
    {OP(DIV), T, A0, T, 0, 0},
    {OP(FMA), P, S6, T, P, 0},
};

static double nadam_momentum(const double options[RNI_OPTIONS], int64_t step)
{
    double exponent = (double)step * options[RNNC_OPT_MOMENTUM_DECAY];
    return options[RNNC_OPT_BETA1] * (1 - 0.5 * rni_real_power(0.96, exponent));
}

static void nadam_scalars(const double options[RNI_OPTIONS],
                          rni_update_state *state)
{
    double correction[2], rate = options[RNNC_OPT_LEARNING_RATE];
    float *s = adams_scalars(options, state, correction);
    double now = nadam_momentum(options, state->step);
    double next = nadam_momentum(options, state->step + 1);
    double *product = &state->numbers[0];
    *product = (state->step <= 1 ? 1 : *product) * now;
    s[4] = (float)correction[1];
    s[5] = (float)(-rate * (1 - now) / (1 - *product));
    s[6] = (float)(-rate * next / (1 - *product * next));
}

// S4 sqrt(1 - beta2^t) times the rectification, S5 -rate / (1 - beta1^t),
// S6 whether there is a rectification, S7 1.
static const rni_update_code radam_code[] = {
    FIRST_MOMENT,
    SECOND_MOMENT,
    {OP(SQRT), T, A1, 0, 0, 0},
    {OP(ADD), T, T, S3, 0, 0},
    {OP(DIV), T, S4, T, 0, 0},
    {OP(SELECT), T, S6, T, S7, 0},
    {OP(MUL), T, A0, T, 0, 0},
    {OP(FMA), P, S5, T, P, 0},
};

static void radam_scalars(const double options[RNI_OPTIONS],
                          rni_update_state *state)
{
    double correction[2];
    float *s = adams_scalars(options, state, correction);
    double most = 2 / (1 - options[RNNC_OPT_BETA2]) - 1;
    double length =
        most - 2 * (double)state->step * (1 - correction[1]) / correction[1];
    bool rectified = length > 5;
    double square =
        (length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length);
    s[4] = rectified
               ? (float)(rni_real_root(correction[1]) * rni_real_root(square))
               : 0.0f;
    s[5] = (float)(-options[RNNC_OPT_LEARNING_RATE] / correction[0]);
    s[6] = rectified ? 1.0f : 0.0f;
    s[7] = 1.0f;
}

// S4 -rate / (1 - beta1^t). A1 the largest |g|, falling.
static const rni_update_code adamax_code[] = {
    FIRST_MOMENT,
    {OP(MUL), A1, S1, A1, 0, 0},
    {OP(ABS), T, G, 0, 0, 0},
    {OP(ADD), T, T, S3, 0, 0},
    {OP(MAX), A1, A1, T, 0, 0},
    {OP(DIV), T, A0, A1, 0, 0},
    {OP(FMA), P, S4, T, P, 0},
};

static void adamax_scalars(const double options[RNI_OPTIONS],
                           rni_update_state *state)
{
    double correction[2];
    float *s = adams_scalars(options, state, correction);
    s[4] = (float)(-options[RNNC_OPT_LEARNING_RATE] / correction[0]);
}

// S0 1 - lambda e, S1 -e, S2 u, S3 whether u is not 1. A0 the average of p.
static const rni_update_code asgd_code[] = {
    {OP(MUL), P, S0, P, 0, 0},     {OP(FMA), P, S1, G, P, 0},
    {OP(SUB), T, P, A0, 0, 0},     {OP(FMA), T, S2, T, A0, 0},
    {OP(SELECT), A0, S3, T, P, 0},
};

static void asgd_scalars(const double options[RNI_OPTIONS],
                         rni_update_state *state)
{
    float *s = own_scalars(state);
    double rate = options[RNNC_OPT_LEARNING_RATE];
    double lambda = options[RNNC_OPT_LAMBDA], step = (double)state->step;
    double eta = state->step <= 1 ? rate : state->numbers[0];
    double mu = state->step <= 1 ? 1 : state->numbers[1];
    s[0] = (float)(1 - lambda * eta);
    s[1] = (float)-eta;
    s[2] = (float)mu;
    s[3] = mu < 1 ? 1.0f : 0.0f;
    double count = step - options[RNNC_OPT_T0];
    state->numbers[0] = rate / rni_real_power(1 + lambda * rate * step,
                                              options[RNNC_OPT_ALPHA]);
    state->numbers[1] = 1 / (count > 1 ? count : 1);
}

// ---- The table ------------------------------------------------------------

#define OPTION(name) (1u << RNNC_OPT_##name)
#define LEARNS       OPTION(LEARNING_RATE)
#define EVERY        (LEARNS | OPTION(WEIGHT_DECAY) | OPTION(MAXIMIZE))
#define ADAMS        (EVERY | OPTION(EPSILON) | OPTION(BETA1) | OPTION(BETA2))
#define ADAM_DEFAULTS(rate)                                                    \
    [RNNC_OPT_LEARNING_RATE] = (rate), [RNNC_OPT_BETA1] = 0.9,                 \
    [RNNC_OPT_BETA2] = 0.999, [RNNC_OPT_EPSILON] = 1e-8
#define CODE(name)                                                             \
    .code = name##_code, .n_code = COUNT(name##_code), .scalars = name##_scalars
#define MOMENTS                                                                \
    {"exp_avg", 0, false},                                                     \
    {                                                                          \
        "exp_avg_sq", 0, false                                                 \
    }

const rni_update_row rni_update_table[RNI_OPTIMIZERS] = {
    [RNNC_SGD] = {.name = "SGD",
                  .defaults = {[RNNC_OPT_LEARNING_RATE] = 1e-3},
                  .options = EVERY | OPTION(MOMENTUM) | OPTION(DAMPENING) |
                             OPTION(NESTEROV),
                  .averages = {{"momentum_buffer", WHEN(MOMENTUM), false}},
                  CODE(sgd)},
    [RNNC_RMSPROP] = {.name = "RMSprop",
                      .defaults = {[RNNC_OPT_LEARNING_RATE] = 1e-2,
                                   [RNNC_OPT_ALPHA] = 0.99,
                                   [RNNC_OPT_EPSILON] = 1e-8},
                      .options = EVERY | OPTION(MOMENTUM) | OPTION(ALPHA) |
                                 OPTION(EPSILON) | OPTION(CENTERED),
                      .averages = {{"square_avg", 0, false},
                                   {"momentum_buffer", WHEN(MOMENTUM), false},
                                   {"grad_avg", WHEN(CENTERED), false}},
                      CODE(rmsprop)},
    [RNNC_ADAM] = {.name = "Adam",
                   .defaults = {ADAM_DEFAULTS(1e-3)},
                   .options = ADAMS | OPTION(AMSGRAD) | OPTION(DECOUPLED),
                   .averages = {MOMENTS,
                                {"max_exp_avg_sq", WHEN(AMSGRAD), false}},
                   CODE(adam)},
    [RNNC_ADAGRAD] =
        {.name = "Adagrad",
         .defaults =
             {[RNNC_OPT_LEARNING_RATE] = 1e-2, [RNNC_OPT_EPSILON] = 1e-10},
         .options = EVERY | OPTION(EPSILON) | OPTION(LR_DECAY) |
                    OPTION(INITIAL_ACCUMULATOR),
         .averages = {{"sum", 0, true}},
         CODE(adagrad)},
    [RNNC_ADADELTA] = {.name = "Adadelta",
                       .defaults = {[RNNC_OPT_LEARNING_RATE] = 1,
                                    [RNNC_OPT_RHO] = 0.9,
                                    [RNNC_OPT_EPSILON] = 1e-6},
                       .options = EVERY | OPTION(EPSILON) | OPTION(RHO),
                       .averages = {{"square_avg", 0, false},
                                    {"acc_delta", 0, false}},
                       CODE(adadelta)},
    [RNNC_ADAMW] =
        {.name = "AdamW",
         .defaults = {ADAM_DEFAULTS(1e-3), [RNNC_OPT_WEIGHT_DECAY] = 1e-2,
                      [RNNC_OPT_DECOUPLED] = 1},
         .options = ADAMS | OPTION(AMSGRAD),
         .averages = {MOMENTS, {"max_exp_avg_sq", WHEN(AMSGRAD), false}},
         CODE(adam)},
    [RNNC_NADAM] =
        {.name = "NAdam",
         .defaults = {ADAM_DEFAULTS(2e-3), [RNNC_OPT_MOMENTUM_DECAY] = 4e-3},
         .options = ADAMS | OPTION(MOMENTUM_DECAY) | OPTION(DECOUPLED),
         .averages = {MOMENTS},
         .numbers = {"mu_product"},
         CODE(nadam)},
    [RNNC_RADAM] = {.name = "RAdam",
                    .defaults = {ADAM_DEFAULTS(1e-3)},
                    .options = ADAMS | OPTION(DECOUPLED),
                    .averages = {MOMENTS},
                    CODE(radam)},
    [RNNC_ADAMAX] = {.name = "Adamax",
                     .defaults = {ADAM_DEFAULTS(2e-3)},
                     .options = ADAMS,
                     .averages = {{"exp_avg", 0, false}, {"exp_inf", 0, false}},
                     CODE(adamax)},
    [RNNC_ASGD] = {.name = "ASGD",
                   .defaults = {[RNNC_OPT_LEARNING_RATE] = 1e-2,
                                [RNNC_OPT_LAMBDA] = 1e-4,
                                [RNNC_OPT_ALPHA] = 0.75,
                                [RNNC_OPT_T0] = 1e6,
                                [RNNC_OPT_NONMONOTONE] = 5},
                   .options = EVERY | OPTION(LAMBDA) | OPTION(ALPHA) |
                              OPTION(T0) | OPTION(NONMONOTONE),
                   .averages = {{"ax", 0, false}},
                   .numbers = {"eta", "mu"},
                   .averaged = true,
                   CODE(asgd)},
};
