// SPDX-License-Identifier: MIT
// Element-wise operations: one function for each says the value, the
// derivatives, and how far the arguments are from a kink.
#include "reference/reference.h"

#include <math.h>

typedef struct element {
    double a, b, c; // the arguments
    double x, y;    // the constants of the operation
    double value;
    double by[3]; // derivatives by a, b, c
    double kink;  // distance; infinity where there is none
} element;

static void element_add(element *e)
{
    e->value = e->a + e->b;
    e->by[0] = 1;
    e->by[1] = 1;
}

static void element_sub(element *e)
{
    e->value = e->a - e->b;
    e->by[0] = 1;
    e->by[1] = -1;
}

static void element_mul(element *e)
{
    e->value = e->a * e->b;
    e->by[0] = e->b;
    e->by[1] = e->a;
}

static void element_div(element *e)
{
    e->value = e->a / e->b;
    e->by[0] = 1 / e->b;
    e->by[1] = -e->a / (e->b * e->b);
}

static void element_min(element *e)
{
    bool first = e->a <= e->b;
    e->value = first ? e->a : e->b;
    e->by[first ? 0 : 1] = 1;
    e->kink = e->a - e->b;
}

static void element_max(element *e)
{
    bool first = e->a >= e->b;
    e->value = first ? e->a : e->b;
    e->by[first ? 0 : 1] = 1;
    e->kink = e->a - e->b;
}

static void element_less(element *e)
{
    e->value = e->a < e->b ? 1 : 0;
    e->kink = e->a - e->b;
}

static void element_less_equal(element *e)
{
    e->value = e->a <= e->b ? 1 : 0;
    e->kink = e->a - e->b;
}

static void element_equal(element *e)
{
    e->value = e->a == e->b ? 1 : 0;
    e->kink = e->a - e->b;
}

// How near a condition is to changing was noted where it was made.
static void element_select(element *e)
{
    bool yes = e->a != 0;
    e->value = yes ? e->b : e->c;
    e->by[yes ? 1 : 2] = 1;
}

static void element_neg(element *e)
{
    e->value = -e->a;
    e->by[0] = -1;
}

static void element_abs(element *e)
{
    e->value = fabs(e->a);
    e->by[0] = (e->a > 0) - (e->a < 0);
    e->kink = e->a;
}

static void element_exp(element *e)
{
    e->value = exp(e->a);
    e->by[0] = e->value;
}

static void element_log(element *e)
{
    e->value = log(e->a);
    e->by[0] = 1 / e->a;
}

static void element_sqrt(element *e)
{
    e->value = sqrt(e->a);
    e->by[0] = 1 / (2 * e->value);
}

static double sigmoid(double a)
{
    return 1 / (1 + exp(-a));
}

static void element_sigmoid(element *e)
{
    e->value = sigmoid(e->a);
    e->by[0] = e->value * (1 - e->value);
}

static void element_tanh(element *e)
{
    e->value = tanh(e->a);
    e->by[0] = 1 - e->value * e->value;
}

// NaN where v is.
static double between(double low, double v, double high)
{
    return v < low ? low : v > high ? high : v;
}

static void element_relu(element *e)
{
    e->value = e->a < 0 ? 0 : e->a; // NaN as it is
    e->by[0] = e->a > 0 ? 1 : 0;
    e->kink = e->a;
}

// log(1 + exp(a)), without overflow
static void element_softplus(element *e)
{
    e->value = fmax(e->a, 0) + log1p(exp(-fabs(e->a)));
    e->by[0] = sigmoid(e->a);
}

static void element_softsign(element *e)
{
    double below = 1 + fabs(e->a);
    e->value = e->a / below;
    e->by[0] = 1 / (below * below);
}

static void element_elu(element *e)
{
    e->value = e->a > 0 ? e->a : e->x * expm1(e->a);
    e->by[0] = e->a > 0 ? 1 : e->x * exp(e->a);
    e->kink = e->a;
}

static void element_hard_sigmoid(element *e)
{
    double line = e->x * e->a + e->y;
    e->value = between(0, line, 1);
    e->by[0] = line > 0 && line < 1 ? e->x : 0;
    e->kink = fmin(fabs(line), fabs(line - 1));
}

static void element_leaky_relu(element *e)
{
    e->value = e->a > 0 ? e->a : e->x * e->a;
    e->by[0] = e->a > 0 ? 1 : e->x;
    e->kink = e->a;
}

static void element_thresholded_relu(element *e)
{
    e->value = e->a <= e->x ? 0 : e->a;
    e->by[0] = e->a > e->x ? 1 : 0;
    e->kink = e->a - e->x;
}

static void element_affine(element *e)
{
    e->value = e->x * e->a + e->y;
    e->by[0] = e->x;
}

static void element_scaled_tanh(element *e)
{
    double t = tanh(e->y * e->a);
    e->value = e->x * t;
    e->by[0] = e->x * e->y * (1 - t * t);
}

static void element_clip(element *e)
{
    e->value = between(e->x, e->a, e->y);
    e->by[0] = e->x <= e->a && e->a <= e->y ? 1 : 0;
    e->kink = fmin(fabs(e->a - e->x), fabs(e->a - e->y));
}

static void (*const elements[RNI_OP_COUNT])(element *) = {
    [RNI_OP_ADD] = element_add,
    [RNI_OP_SUB] = element_sub,
    [RNI_OP_MUL] = element_mul,
    [RNI_OP_DIV] = element_div,
    [RNI_OP_MIN] = element_min,
    [RNI_OP_MAX] = element_max,
    [RNI_OP_LESS] = element_less,
    [RNI_OP_LESS_EQUAL] = element_less_equal,
    [RNI_OP_EQUAL] = element_equal,
    [RNI_OP_SELECT] = element_select,
    [RNI_OP_NEG] = element_neg,
    [RNI_OP_ABS] = element_abs,
    [RNI_OP_EXP] = element_exp,
    [RNI_OP_LOG] = element_log,
    [RNI_OP_SQRT] = element_sqrt,
    [RNI_OP_SIGMOID] = element_sigmoid,
    [RNI_OP_TANH] = element_tanh,
    [RNI_OP_RELU] = element_relu,
    [RNI_OP_SOFTPLUS] = element_softplus,
    [RNI_OP_SOFTSIGN] = element_softsign,
    [RNI_OP_ELU] = element_elu,
    [RNI_OP_HARD_SIGMOID] = element_hard_sigmoid,
    [RNI_OP_LEAKY_RELU] = element_leaky_relu,
    [RNI_OP_THRESHOLDED_RELU] = element_thresholded_relu,
    [RNI_OP_AFFINE] = element_affine,
    [RNI_OP_SCALED_TANH] = element_scaled_tanh,
    [RNI_OP_CLIP] = element_clip,
};

static element element_at(const rni_reference_call *call, int64_t r, int64_t c)
{
    element e = {.x = (double)call->node->numbers[0],
                 .y = (double)call->node->numbers[1],
                 .kink = INFINITY};
    double arguments[3] = {0};
    for (int32_t i = 0; i < call->node->n_inputs; i++) {
        const rni_reference_matrix *in = rni_reference_in(call, i);
        arguments[i] = in->value[rni_reference_index(in, r, c)];
    }
    e.a = arguments[0];
    e.b = arguments[1];
    e.c = arguments[2];
    elements[call->node->op](&e);
    return e;
}

void rni_reference_value_tape(rni_reference_call *call)
{
    bool ids = call->node->inputs[0]->shape.type == RNI_IDS;
    for (int64_t r = 0; r < call->to->rows; r++)
        for (int64_t c = 0; c < call->to->cols; c++) {
            element e = element_at(call, r, c);
            call->to->value[r * call->to->cols + c] = e.value;
            if (!ids)
                rni_reference_note_kink(call->reference, e.kink);
        }
}

void rni_reference_gradient_tape(rni_reference_call *call)
{
    for (int64_t r = 0; r < call->to->rows; r++)
        for (int64_t c = 0; c < call->to->cols; c++) {
            double d = call->to->gradient[r * call->to->cols + c];
            element e = element_at(call, r, c);
            for (int32_t i = 0; i < call->node->n_inputs; i++) {
                rni_reference_matrix *in = rni_reference_in(call, i);
                int64_t at = rni_reference_index(in, r, c);
                in->gradient[at] += e.by[i] != 0 ? d * e.by[i] : 0;
            }
        }
}
