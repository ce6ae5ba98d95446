// SPDX-License-Identifier: MIT
// Derivatives of the element-wise instructions: for each argument one rule,
// itself an instruction, so that gradients are tapes too.
#include "graph/gradient.h"
#include "kernel/kernel.h"

typedef struct place { // where a rule stands
    rni_form *form;
    int32_t d; // gradient of the result
    int32_t result;
    const int32_t *args;
    float x, y;
} place;

typedef int32_t rule(const place *p);

static int32_t call(const place *p, int32_t op, int32_t a, int32_t b)
{
    return rni_form_tape(p->form, op, (int32_t[2]){a, b}, 2, p->x, p->y);
}

static int32_t pass(const place *p)
{
    return p->d;
}

static int32_t negative(const place *p)
{
    return rni_form_tape(p->form, RNI_TAPE_NEG, &p->d, 1, 0, 0);
}

static int32_t times_first(const place *p)
{
    return call(p, RNI_TAPE_MUL, p->d, p->args[0]);
}

static int32_t times_second(const place *p)
{
    return call(p, RNI_TAPE_MUL, p->d, p->args[1]);
}

static int32_t times_result(const place *p)
{
    return call(p, RNI_TAPE_MUL, p->d, p->result);
}

static int32_t over_first(const place *p)
{
    return call(p, RNI_TAPE_DIV, p->d, p->args[0]);
}

static int32_t over_second(const place *p)
{
    return call(p, RNI_TAPE_DIV, p->d, p->args[1]);
}

static int32_t divisor(const place *p) // -d (a / b) / b
{
    int32_t q = call(p, RNI_TAPE_DIV, times_result(p), p->args[1]);
    return rni_form_tape(p->form, RNI_TAPE_NEG, &q, 1, 0, 0);
}

static int32_t absolute(const place *p)
{
    int32_t sign = rni_form_tape(p->form, RNI_TAPE_SIGN, p->args, 1, 0, 0);
    return call(p, RNI_TAPE_MUL, p->d, sign);
}

static int32_t slope(const place *p) // of affine: x d
{
    return rni_form_tape(p->form, RNI_TAPE_AFFINE, &p->d, 1, p->x, 0);
}

// d where the condition holds (or does not), else 0.
static int32_t where(const place *p, int32_t condition, bool holds)
{
    int32_t zero = rni_form_scalar(p->form, 0);
    int32_t args[3] = {condition, holds ? p->d : zero, holds ? zero : p->d};
    return rni_form_tape(p->form, RNI_TAPE_SELECT, args, 3, 0, 0);
}

static int32_t min_first(const place *p)
{
    return where(p, call(p, RNI_TAPE_LESS_EQUAL, p->args[0], p->args[1]), true);
}

static int32_t min_second(const place *p)
{
    return where(p, call(p, RNI_TAPE_LESS_EQUAL, p->args[0], p->args[1]),
                 false);
}

static int32_t max_first(const place *p)
{
    return where(p, call(p, RNI_TAPE_LESS_EQUAL, p->args[1], p->args[0]), true);
}

static int32_t max_second(const place *p)
{
    return where(p, call(p, RNI_TAPE_LESS_EQUAL, p->args[1], p->args[0]),
                 false);
}

static int32_t chosen(const place *p)
{
    return where(p, p->args[0], true);
}

static int32_t not_chosen(const place *p)
{
    return where(p, p->args[0], false);
}

// Rules that are one instruction of (d, result) or of (d, argument).
#define OF_RESULT(name, op)                                                    \
    static int32_t name(const place *p)                                        \
    {                                                                          \
        return call(p, RNI_TAPE_##op, p->d, p->result);                        \
    }
#define OF_ARGUMENT(name, op)                                                  \
    static int32_t name(const place *p)                                        \
    {                                                                          \
        return call(p, RNI_TAPE_##op, p->d, p->args[0]);                       \
    }
OF_RESULT(sigmoid, SIGMOID_GRAD)
OF_RESULT(tanh_rule, TANH_GRAD)
OF_RESULT(relu, RELU_GRAD) // the result is positive where the argument is
OF_RESULT(sqrt_rule, SQRT_GRAD)
OF_ARGUMENT(softplus, SOFTPLUS_GRAD)
OF_ARGUMENT(softsign, SOFTSIGN_GRAD)
OF_ARGUMENT(elu, ELU_GRAD)
OF_ARGUMENT(hard_sigmoid, HARD_SIGMOID_GRAD)
OF_ARGUMENT(leaky_relu, LEAKY_RELU_GRAD)
OF_ARGUMENT(thresholded_relu, THRESHOLDED_RELU_GRAD)
OF_ARGUMENT(scaled_tanh, SCALED_TANH_GRAD)
OF_ARGUMENT(clip, CLIP_GRAD)

// NULL: no gradient goes that way.
static rule *const rules[RNI_TAPE_OP_COUNT][3] = {
    [RNI_TAPE_COPY] = {pass},
    [RNI_TAPE_ADD] = {pass, pass},
    [RNI_TAPE_SUB] = {pass, negative},
    [RNI_TAPE_MUL] = {times_second, times_first},
    [RNI_TAPE_DIV] = {over_second, divisor},
    [RNI_TAPE_FMA] = {times_second, times_first, pass},
    [RNI_TAPE_NEG] = {negative},
    [RNI_TAPE_ABS] = {absolute},
    [RNI_TAPE_EXP] = {times_result},
    [RNI_TAPE_LOG] = {over_first},
    [RNI_TAPE_SQRT] = {sqrt_rule},
    [RNI_TAPE_SIGMOID] = {sigmoid},
    [RNI_TAPE_TANH] = {tanh_rule},
    [RNI_TAPE_RELU] = {relu},
    [RNI_TAPE_SOFTPLUS] = {softplus},
    [RNI_TAPE_SOFTSIGN] = {softsign},
    [RNI_TAPE_ELU] = {elu},
    [RNI_TAPE_HARD_SIGMOID] = {hard_sigmoid},
    [RNI_TAPE_LEAKY_RELU] = {leaky_relu},
    [RNI_TAPE_THRESHOLDED_RELU] = {thresholded_relu},
    [RNI_TAPE_AFFINE] = {slope},
    [RNI_TAPE_SCALED_TANH] = {scaled_tanh},
    [RNI_TAPE_CLIP] = {clip},
    [RNI_TAPE_MIN] = {min_first, min_second},
    [RNI_TAPE_MAX] = {max_first, max_second},
    [RNI_TAPE_SELECT] = {NULL, chosen, not_chosen},
};

bool rni_gradient_tape(rni_gradient *g, int32_t value, int32_t d)
{
    rni_value v = g->form->values[value]; // values move as others are made
    int32_t args[3] = {0};
    for (int32_t i = 0; i < v.n_args; i++)
        args[i] = g->form->args[v.first_arg + i].value;
    place p = {g->form, d, value, args, v.numbers[0], v.numbers[1]};
    for (int32_t i = 0; i < v.n_args; i++) {
        rule *rule_of = rules[v.integers[0]][i];
        if (rule_of && g->active[args[i]] &&
            !rni_gradient_give(g, args[i], rule_of(&p)))
            return false;
    }
    return true;
}
