// SPDX-License-Identifier: MIT
// Losses, written out in row-wise values and one sum over rows.
#include "graph/lower.h"
#include "kernel/kernel.h"
#include "rnnc/graph.h"

static int32_t tape1(rni_form *form, int32_t op, int32_t a, float x, float y)
{
    return rni_form_tape(form, op, &a, 1, x, y);
}

static int32_t tape2(rni_form *form, int32_t op, int32_t a, int32_t b)
{
    return rni_form_tape(form, op, (int32_t[2]){a, b}, 2, 0, 0);
}

static const rni_shape scalar_shape = {RNI_STATIC, RNI_FLOAT, RNI_AXIS_NONE, 1,
                                       1};

// The sum over features: [rows, 1].
static int32_t row_sum(rni_form *form, int32_t x)
{
    if (x < 0 || form->values[x].shape.cols == 1)
        return x;
    rni_shape shape = form->values[x].shape;
    shape.cols = 1;
    return rni_form_one(form, RNI_FORM_ROW_SUM, shape, x);
}

static int32_t total(rni_form *form, int32_t column)
{
    return rni_form_one(form, RNI_FORM_TOTAL, scalar_shape, column);
}

// sum / count, or 0 where there is nothing to count.
static int32_t ratio(rni_form *form, int32_t sum, int32_t n)
{
    int32_t inverse = tape2(form, RNI_TAPE_DIV, rni_form_scalar(form, 1), n);
    int32_t choice[3] = {n, inverse, rni_form_scalar(form, 0)};
    int32_t safe = rni_form_tape(form, RNI_TAPE_SELECT, choice, 3, 0, 0);
    return tape2(form, RNI_TAPE_MUL, sum, safe);
}

static int32_t count_rows(rni_form *form, rni_shape of)
{
    int32_t value = rni_form_value(form, RNI_FORM_ROWS, scalar_shape, NULL, 0);
    if (value < 0)
        return -1;
    rni_value *v = form->values + value;
    v->integers[0] = of.kind == RNI_SEQUENCE ? of.axis
                     : of.kind == RNI_BATCH  ? -1
                                             : -2;
    v->integers[1] = of.rows;
    return value;
}

// What a loss gives from its column of row losses (each a sum over `cols`
// features): their mean over all elements, their sum, or each row's mean.
static int32_t reduce(rni_form *form, int32_t column, int64_t reduction,
                      int64_t cols)
{
    float share = 1.0f / (float)(cols > 0 ? cols : 1);
    if (reduction == RNNC_REDUCE_NONE)
        return cols == 1 ? column
                         : tape1(form, RNI_TAPE_AFFINE, column, share, 0);
    int32_t sum = total(form, column);
    if (reduction == RNNC_REDUCE_SUM || sum < 0)
        return sum;
    int32_t rows = count_rows(form, form->values[column].shape);
    int32_t all = tape1(form, RNI_TAPE_AFFINE, rows, (float)cols, 0);
    return ratio(form, sum, all);
}

int32_t rni_lower_cross_entropy(rni_lowering *l, const rnnc_node *node)
{
    rni_form *form = l->form;
    rni_arg args[3] = {{0}};
    for (int32_t i = 0; i < node->n_inputs; i++)
        args[i].value = rni_lowered(l, node->inputs[i]);
    if (args[0].value < 0)
        return -1;
    rni_shape shape = form->values[args[0].value].shape;
    shape.cols = 1;
    int32_t column = rni_form_value(form, RNI_FORM_CROSS_ENTROPY, shape, args,
                                    node->n_inputs);
    if (column < 0)
        return -1;
    form->values[column].integers[0] = node->integers[1];
    form->values[column].numbers[0] = node->numbers[0];
    if (node->integers[0] == RNNC_REDUCE_NONE)
        return column;
    int32_t sum = total(form, column);
    if (node->integers[0] == RNNC_REDUCE_SUM)
        return sum;
    int32_t weight = rni_form_value(form, RNI_FORM_CROSS_ENTROPY_WEIGHT, shape,
                                    args + 1, node->n_inputs - 1);
    if (weight < 0)
        return -1;
    form->values[weight].integers[0] = node->integers[1];
    return ratio(form, sum, total(form, weight));
}

// softplus(x) - x y
int32_t rni_lower_binary_cross_entropy(rni_lowering *l, const rnnc_node *node)
{
    rni_form *form = l->form;
    int32_t x = rni_lowered(l, node->inputs[0]);
    int32_t y = rni_lowered(l, node->inputs[1]);
    int32_t loss =
        tape2(form, RNI_TAPE_SUB, tape1(form, RNI_TAPE_SOFTPLUS, x, 0, 0),
              tape2(form, RNI_TAPE_MUL, x, y));
    return reduce(form, row_sum(form, loss), node->integers[0],
                  node->inputs[0]->shape.cols);
}

int32_t rni_lower_mse(rni_lowering *l, const rnnc_node *node)
{
    rni_form *form = l->form;
    int32_t d = tape2(form, RNI_TAPE_SUB, rni_lowered(l, node->inputs[0]),
                      rni_lowered(l, node->inputs[1]));
    int32_t loss = tape2(form, RNI_TAPE_MUL, d, d);
    return reduce(form, row_sum(form, loss), node->integers[0],
                  node->inputs[0]->shape.cols);
}

// With c = clip(d, -delta, delta): c (d - c / 2), which is d d / 2 near zero
// and delta (|d| - delta / 2) beyond.
int32_t rni_lower_huber(rni_lowering *l, const rnnc_node *node)
{
    rni_form *form = l->form;
    float delta = node->numbers[0];
    int32_t d = tape2(form, RNI_TAPE_SUB, rni_lowered(l, node->inputs[0]),
                      rni_lowered(l, node->inputs[1]));
    int32_t c = tape1(form, RNI_TAPE_CLIP, d, -delta, delta);
    int32_t half = tape1(form, RNI_TAPE_AFFINE, c, 0.5f, 0);
    int32_t loss =
        tape2(form, RNI_TAPE_MUL, c, tape2(form, RNI_TAPE_SUB, d, half));
    return reduce(form, row_sum(form, loss), node->integers[0],
                  node->inputs[0]->shape.cols);
}

int32_t rni_lower_l2_penalty(rni_lowering *l, const rnnc_node *node)
{
    rni_form *form = l->form;
    int32_t x = rni_lowered(l, node->inputs[0]);
    int32_t squares = tape2(form, RNI_TAPE_MUL, x, x);
    int32_t sum = total(form, row_sum(form, squares));
    return tape1(form, RNI_TAPE_AFFINE, sum, node->numbers[0], 0);
}

int32_t rni_lower_total(rni_lowering *l, const rnnc_node *node)
{
    int32_t x = rni_lowered(l, node->inputs[0]);
    return total(l->form, row_sum(l->form, x));
}
