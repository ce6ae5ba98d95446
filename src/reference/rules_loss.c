// SPDX-License-Identifier: MIT
// Losses and sums over everything, from their definitions.
#include "reference/reference.h"

#include <math.h>

// ---- Reductions -----------------------------------------------------------

// What the loss of an element is multiplied by: a row's mean is taken over its
// columns, a mean over all elements; nothing is averaged over nothing.
static double share(const rni_reference_call *call)
{
    const rni_reference_matrix *x = rni_reference_in(call, 0);
    int64_t count = 1;
    if (call->node->integers[0] == RNNC_REDUCE_MEAN)
        count = x->rows * x->cols;
    else if (call->node->integers[0] == RNNC_REDUCE_NONE)
        count = x->cols;
    return count > 0 ? 1 / (double)count : 0;
}

// Where the losses of row r go.
static int64_t place(const rni_reference_call *call, int64_t r)
{
    return call->node->integers[0] == RNNC_REDUCE_NONE ? r : 0;
}

// ---- Losses of two values of one shape ------------------------------------

typedef struct pair {
    double a, b;
    double delta;
    double value, by_a, by_b;
} pair;

static void pair_mse(pair *p)
{
    double d = p->a - p->b;
    p->value = d * d;
    p->by_a = 2 * d;
    p->by_b = -2 * d;
}

// a are logits, b the probabilities wanted
static void pair_binary(pair *p)
{
    double softplus = fmax(p->a, 0) + log1p(exp(-fabs(p->a)));
    p->value = softplus - p->a * p->b;
    p->by_a = 1 / (1 + exp(-p->a)) - p->b;
    p->by_b = -p->a;
}

static void pair_huber(pair *p)
{
    double d = p->a - p->b;
    if (fabs(d) <= p->delta) {
        p->value = d * d / 2;
        p->by_a = d;
    } else {
        p->value = p->delta * (fabs(d) - p->delta / 2);
        p->by_a = d > 0 ? p->delta : -p->delta;
    }
    p->by_b = -p->by_a;
}

typedef void pair_rule(pair *p);

static pair pair_at(const rni_reference_call *call, pair_rule *rule, int64_t r,
                    int64_t c)
{
    const rni_reference_matrix *a = rni_reference_in(call, 0);
    const rni_reference_matrix *b = rni_reference_in(call, 1);
    pair p = {.a = a->value[r * a->cols + c],
              .b = b->value[rni_reference_index(b, r, c)],
              .delta = (double)call->node->numbers[0]};
    rule(&p);
    return p;
}

static void pair_value(rni_reference_call *call, pair_rule *rule)
{
    const rni_reference_matrix *a = rni_reference_in(call, 0);
    for (int64_t r = 0; r < a->rows; r++)
        for (int64_t c = 0; c < a->cols; c++)
            call->to->value[place(call, r)] +=
                share(call) * pair_at(call, rule, r, c).value;
}

static void pair_gradient(rni_reference_call *call, pair_rule *rule)
{
    rni_reference_matrix *a = rni_reference_in(call, 0);
    rni_reference_matrix *b = rni_reference_in(call, 1);
    for (int64_t r = 0; r < a->rows; r++)
        for (int64_t c = 0; c < a->cols; c++) {
            pair p = pair_at(call, rule, r, c);
            double d = share(call) * call->to->gradient[place(call, r)];
            a->gradient[r * a->cols + c] += d * p.by_a;
            b->gradient[rni_reference_index(b, r, c)] += d * p.by_b;
        }
}

void rni_reference_value_mse(rni_reference_call *call)
{
    pair_value(call, pair_mse);
}

void rni_reference_gradient_mse(rni_reference_call *call)
{
    pair_gradient(call, pair_mse);
}

void rni_reference_value_binary_cross_entropy(rni_reference_call *call)
{
    pair_value(call, pair_binary);
}

void rni_reference_gradient_binary_cross_entropy(rni_reference_call *call)
{
    pair_gradient(call, pair_binary);
}

void rni_reference_value_huber(rni_reference_call *call)
{
    pair_value(call, pair_huber);
}

void rni_reference_gradient_huber(rni_reference_call *call)
{
    pair_gradient(call, pair_huber);
}

// ---- Cross-entropy --------------------------------------------------------

static double class_weight(const rni_reference_call *call, int64_t c)
{
    return call->node->n_inputs == 3 ? rni_reference_in(call, 2)->value[c] : 1;
}

// The class of a row, or -1 where the row counts for nothing.
static int64_t row_class(const rni_reference_call *call, int64_t r)
{
    double id = rni_reference_in(call, 1)->value[r];
    return id == (double)call->node->integers[1] ? -1 : (int64_t)id;
}

// -(1 - s) w[id] log p[id] - s / classes * sum over c of w[c] log p[c]
static double row_loss(const rni_reference_call *call, int64_t r)
{
    const rni_reference_matrix *x = rni_reference_in(call, 0);
    const double *row = x->value + r * x->cols;
    double smoothing = (double)call->node->numbers[0], smooth = 0;
    double all = rni_reference_log_sum_exp(x->cols, row);
    int64_t id = row_class(call, r);
    for (int64_t c = 0; c < x->cols; c++)
        smooth += class_weight(call, c) * (all - row[c]) / (double)x->cols;
    return (1 - smoothing) * class_weight(call, id) * (all - row[id]) +
           smoothing * smooth;
}

// A mean divides by the weights of the classes of all rows that count.
static double row_share(const rni_reference_call *call)
{
    if (call->node->integers[0] != RNNC_REDUCE_MEAN)
        return 1;
    double weights = 0;
    for (int64_t r = 0; r < rni_reference_in(call, 0)->rows; r++)
        if (row_class(call, r) >= 0)
            weights += class_weight(call, row_class(call, r));
    return weights != 0 ? 1 / weights : 0;
}

void rni_reference_value_cross_entropy(rni_reference_call *call)
{
    const rni_reference_matrix *x = rni_reference_in(call, 0);
    const rni_reference_matrix *ids = rni_reference_in(call, 1);
    for (int64_t r = 0; r < x->rows; r++) {
        double id = ids->value[r];
        if (id != (double)call->node->integers[1] &&
            (id < 0 || id >= (double)x->cols)) {
            rni_reference_refuse_id(call, id, x->cols);
            return;
        }
    }
    double scale = row_share(call);
    for (int64_t r = 0; r < x->rows; r++)
        if (row_class(call, r) >= 0)
            call->to->value[place(call, r)] += scale * row_loss(call, r);
}

// The derivative of -log p[c] by logit j is p[j] - (c == j).
static void row_gradient(const rni_reference_call *call, int64_t r, double d)
{
    rni_reference_matrix *x = rni_reference_in(call, 0);
    const double *row = x->value + r * x->cols;
    double smoothing = (double)call->node->numbers[0];
    double all = rni_reference_log_sum_exp(x->cols, row);
    int64_t id = row_class(call, r);
    for (int64_t c = 0; c < x->cols; c++) {
        double weight = smoothing / (double)x->cols * class_weight(call, c);
        if (c == id)
            weight += (1 - smoothing) * class_weight(call, c);
        for (int64_t j = 0; j < x->cols; j++)
            x->gradient[r * x->cols + j] +=
                d * weight * (exp(row[j] - all) - (c == j ? 1 : 0));
    }
}

void rni_reference_gradient_cross_entropy(rni_reference_call *call)
{
    const rni_reference_matrix *x = rni_reference_in(call, 0);
    double scale = row_share(call);
    for (int64_t r = 0; r < x->rows; r++)
        if (row_class(call, r) >= 0)
            row_gradient(call, r, scale * call->to->gradient[place(call, r)]);
}

// ---- Sums over everything -------------------------------------------------

void rni_reference_value_l2_penalty(rni_reference_call *call)
{
    const rni_reference_matrix *x = rni_reference_in(call, 0);
    for (int64_t i = 0; i < x->rows * x->cols; i++)
        *call->to->value +=
            (double)call->node->numbers[0] * x->value[i] * x->value[i];
}

void rni_reference_gradient_l2_penalty(rni_reference_call *call)
{
    rni_reference_matrix *x = rni_reference_in(call, 0);
    for (int64_t i = 0; i < x->rows * x->cols; i++)
        x->gradient[i] += *call->to->gradient * 2 *
                          (double)call->node->numbers[0] * x->value[i];
}

void rni_reference_value_total(rni_reference_call *call)
{
    const rni_reference_matrix *x = rni_reference_in(call, 0);
    for (int64_t i = 0; i < x->rows * x->cols; i++)
        *call->to->value += x->value[i];
}

void rni_reference_gradient_total(rni_reference_call *call)
{
    rni_reference_matrix *x = rni_reference_in(call, 0);
    for (int64_t i = 0; i < x->rows * x->cols; i++)
        x->gradient[i] += *call->to->gradient;
}
