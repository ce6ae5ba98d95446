// SPDX-License-Identifier: MIT
// One builder for each operation.
#include "support/op_stage.h"

#include "base/random.h"
#include "graph/node.h"

// ---- One builder for each operation ---------------------------------------

#define UNARY(name)                                                            \
    static rnnc_node *make_##name(op_stage *s)                                 \
    {                                                                          \
        return rnnc_##name(s->x);                                              \
    }
UNARY(neg)
UNARY(abs)
UNARY(exp)
UNARY(sigmoid)
UNARY(tanh)
UNARY(relu)
UNARY(softplus)
UNARY(softsign)
UNARY(sum)
UNARY(mean)
UNARY(softmax)
UNARY(log_softmax)
UNARY(total)
UNARY(reverse)
#undef UNARY

#define BINARY(name)                                                           \
    static rnnc_node *make_##name(op_stage *s)                                 \
    {                                                                          \
        return rnnc_add(rnnc_##name(s->x, s->y), rnnc_##name(s->row, s->x));   \
    }
BINARY(sub)
BINARY(mul)
BINARY(min)
BINARY(max)
#undef BINARY

// Conditions have no gradient themselves: they choose.
#define CONDITION(name)                                                        \
    static rnnc_node *make_##name(op_stage *s)                                 \
    {                                                                          \
        return rnnc_select(rnnc_##name(s->x, s->y), rnnc_tanh(s->x),           \
                           rnnc_mul(s->row, s->y));                            \
    }
CONDITION(less)
CONDITION(less_equal)
CONDITION(equal)
#undef CONDITION

static rnnc_node *positive(rnnc_node *x)
{
    return rnnc_affine(rnnc_mul(x, x), 1, 0.5f);
}

static rnnc_node *make_input(op_stage *s)
{
    return s->x;
}

static rnnc_node *make_parameter(op_stage *s)
{
    return s->square;
}

static rnnc_node *make_constant(op_stage *s)
{
    return rnnc_mul(s->x, rnnc_scalar(s->graph, 3));
}

static rnnc_node *make_add(op_stage *s)
{
    return rnnc_add(rnnc_add(s->x, s->row), rnnc_sum(s->y));
}

static rnnc_node *make_div(op_stage *s)
{
    return rnnc_div(s->x, rnnc_mul(positive(s->y), positive(s->row)));
}

static rnnc_node *make_log(op_stage *s)
{
    return rnnc_log(positive(s->x));
}

static rnnc_node *make_sqrt(op_stage *s)
{
    return rnnc_sqrt(positive(s->x));
}

static rnnc_node *make_elu(op_stage *s)
{
    return rnnc_elu(s->x, 0.7f);
}

static rnnc_node *make_hard_sigmoid(op_stage *s)
{
    return rnnc_hard_sigmoid(s->x, 0.6f, 0.4f);
}

static rnnc_node *make_leaky_relu(op_stage *s)
{
    return rnnc_leaky_relu(s->x, 0.2f);
}

static rnnc_node *make_thresholded_relu(op_stage *s)
{
    return rnnc_thresholded_relu(s->x, 0.3f);
}

static rnnc_node *make_affine(op_stage *s)
{
    return rnnc_affine(s->x, -1.5f, 0.2f);
}

static rnnc_node *make_scaled_tanh(op_stage *s)
{
    return rnnc_scaled_tanh(s->x, 1.7f, 0.7f);
}

static rnnc_node *make_clip(op_stage *s)
{
    return rnnc_clip(s->x, -0.4f, 0.6f);
}

static rnnc_node *make_matmul(op_stage *s)
{
    return rnnc_matmul(s->x, rnnc_matmul(s->square, s->square));
}

static rnnc_node *make_project(op_stage *s)
{
    return rnnc_add(rnnc_project(s->x, s->square, s->row),
                    rnnc_project_unbiased(s->y, s->square));
}

static rnnc_node *make_lookup(op_stage *s)
{
    return rnnc_lookup(s->ids, s->square);
}

static rnnc_node *make_concat(op_stage *s)
{
    return rnnc_concat((rnnc_node *[]){s->x, s->y, s->x}, 3);
}

static rnnc_node *make_slice(op_stage *s)
{
    return rnnc_slice(s->x, 1, 3);
}

static rnnc_node *make_rows(op_stage *s)
{
    return rnnc_rows(s->square, 2, 2);
}

static rnnc_node *make_layer_norm(op_stage *s)
{
    return rnnc_add(rnnc_layer_norm(s->x, s->row, rnnc_tanh(s->row), 1e-3f),
                    rnnc_normalize(s->y, 1e-2f));
}

static rnnc_node *make_dropout(op_stage *s)
{
    return rnnc_dropout(s->x, 0.4f);
}

// All three reductions in one loss.
typedef rnnc_node *pair_loss(rnnc_node *, rnnc_node *, int32_t);

static rnnc_node *all_reductions(op_stage *s, pair_loss *loss)
{
    rnnc_node *some = rnnc_total(rnnc_tanh(loss(s->x, s->y, RNNC_REDUCE_NONE)));
    rnnc_node *sum = loss(s->batch, rnnc_pool(s->y, 0), RNNC_REDUCE_SUM);
    return rnnc_add(loss(s->x, s->y, RNNC_REDUCE_MEAN), rnnc_mul(sum, some));
}

static rnnc_node *huber(rnnc_node *a, rnnc_node *b, int32_t reduction)
{
    return rnnc_huber(a, b, 0.8f, reduction);
}

static rnnc_node *make_mse(op_stage *s)
{
    return all_reductions(s, rnnc_mse);
}

static rnnc_node *make_binary_cross_entropy(op_stage *s)
{
    return all_reductions(s, rnnc_binary_cross_entropy);
}

static rnnc_node *make_huber(op_stage *s)
{
    return all_reductions(s, huber);
}

static rnnc_node *make_cross_entropy(op_stage *s)
{
    static const float weights[STAGE_COLS] = {1, 0.5f, 2, 1.5f, 0.25f};
    rnnc_cross_entropy_options o = {.struct_size = sizeof o,
                                    .has_ignore = 1,
                                    .ignore_index = 1,
                                    .smoothing = 0.2f};
    o.class_weights = rnnc_constant(s->graph, 1, STAGE_COLS, weights);
    rnnc_node *mean = rnnc_cross_entropy_with(s->x, s->ids, &o);
    o.reduction = RNNC_REDUCE_NONE;
    rnnc_node *rows = rnnc_cross_entropy_with(s->y, s->ids, &o);
    return rnnc_add(rnnc_add(mean, rnnc_total(rnnc_tanh(rows))),
                    rnnc_cross_entropy(s->y, s->ids));
}

static rnnc_node *make_l2_penalty(op_stage *s)
{
    return rnnc_l2_penalty(rnnc_matmul(s->square, s->square), 0.3f);
}

static rnnc_node *make_pool(op_stage *s)
{
    rnnc_node *sum = s->batch;
    for (int32_t mode = 0; mode < 5; mode++)
        sum = rnnc_add(sum, rnnc_tanh(rnnc_pool(s->x, mode)));
    return sum;
}

static rnnc_node *make_repeat(op_stage *s)
{
    return rnnc_mul(rnnc_repeat(s->batch, s->x), s->x);
}

static rnnc_node *make_shift(op_stage *s)
{
    return rnnc_mul(rnnc_shift(s->x, 2), s->x);
}

// Two states, one given and one learned first value, two outputs, a final.
rnnc_node *op_stage_unroll(op_stage *s)
{
    rnnc_cell *cell = rnnc_cell_create(s->graph, "step");
    rnnc_node *in = rnnc_cell_input(cell, STAGE_COLS);
    rnnc_node *once = rnnc_cell_input_batch(cell, STAGE_COLS);
    rnnc_node *a = rnnc_cell_state(cell, "a", STAGE_COLS);
    rnnc_node *b = rnnc_cell_state(cell, "b", STAGE_COLS);
    rnnc_cell_first(cell, b, rnnc_tanh(s->row));
    rnnc_node *new_a = rnnc_tanh(rnnc_add(rnnc_project(in, s->square, s->row),
                                          rnnc_mul(a, rnnc_sigmoid(b))));
    rnnc_cell_next(cell, a, new_a);
    rnnc_cell_next(cell, b, rnnc_mul(once, rnnc_sub(new_a, b)));
    rnnc_cell_output(cell, rnnc_mul(new_a, b));
    rnnc_cell_output(cell, rnnc_sum(rnnc_mul(a, in)));
    return rnnc_unroll_with(cell, (rnnc_node *[]){rnnc_reverse(s->x), s->batch},
                            2, (rnnc_node *[]){rnnc_tanh(s->batch), NULL}, 2);
}

static rnnc_node *make_output(op_stage *s)
{
    rnnc_node *u = op_stage_unroll(s);
    return rnnc_mul(u, rnnc_unroll_output(u, 1));
}

static rnnc_node *make_final(op_stage *s)
{
    rnnc_node *u = op_stage_unroll(s);
    return rnnc_mul(rnnc_unroll_final(u, "a"), rnnc_unroll_final(u, "b"));
}

const op_builder op_builders[] = {
    {RNI_OP_INPUT, make_input},
    {RNI_OP_PARAMETER, make_parameter},
    {RNI_OP_CONSTANT, make_constant},
    {RNI_OP_CELL_INPUT, op_stage_unroll},
    {RNI_OP_CELL_STATE, op_stage_unroll},
    {RNI_OP_UNROLL, op_stage_unroll},
    {RNI_OP_OUTPUT, make_output},
    {RNI_OP_FINAL, make_final},
    {RNI_OP_ADD, make_add},
    {RNI_OP_SUB, make_sub},
    {RNI_OP_MUL, make_mul},
    {RNI_OP_DIV, make_div},
    {RNI_OP_MIN, make_min},
    {RNI_OP_MAX, make_max},
    {RNI_OP_LESS, make_less},
    {RNI_OP_LESS_EQUAL, make_less_equal},
    {RNI_OP_EQUAL, make_equal},
    {RNI_OP_SELECT, make_less},
    {RNI_OP_NEG, make_neg},
    {RNI_OP_ABS, make_abs},
    {RNI_OP_EXP, make_exp},
    {RNI_OP_LOG, make_log},
    {RNI_OP_SQRT, make_sqrt},
    {RNI_OP_SIGMOID, make_sigmoid},
    {RNI_OP_TANH, make_tanh},
    {RNI_OP_RELU, make_relu},
    {RNI_OP_SOFTPLUS, make_softplus},
    {RNI_OP_SOFTSIGN, make_softsign},
    {RNI_OP_ELU, make_elu},
    {RNI_OP_HARD_SIGMOID, make_hard_sigmoid},
    {RNI_OP_LEAKY_RELU, make_leaky_relu},
    {RNI_OP_THRESHOLDED_RELU, make_thresholded_relu},
    {RNI_OP_AFFINE, make_affine},
    {RNI_OP_SCALED_TANH, make_scaled_tanh},
    {RNI_OP_CLIP, make_clip},
    {RNI_OP_MATMUL, make_matmul},
    {RNI_OP_PROJECT, make_project},
    {RNI_OP_LOOKUP, make_lookup},
    {RNI_OP_CONCAT, make_concat},
    {RNI_OP_SLICE, make_slice},
    {RNI_OP_ROWS, make_rows},
    {RNI_OP_SUM, make_sum},
    {RNI_OP_MEAN, make_mean},
    {RNI_OP_SOFTMAX, make_softmax},
    {RNI_OP_LOG_SOFTMAX, make_log_softmax},
    {RNI_OP_LAYER_NORM, make_layer_norm},
    {RNI_OP_DROPOUT, make_dropout},
    {RNI_OP_CROSS_ENTROPY, make_cross_entropy},
    {RNI_OP_BINARY_CROSS_ENTROPY, make_binary_cross_entropy},
    {RNI_OP_MSE, make_mse},
    {RNI_OP_HUBER, make_huber},
    {RNI_OP_L2_PENALTY, make_l2_penalty},
    {RNI_OP_TOTAL, make_total},
    {RNI_OP_POOL, make_pool},
    {RNI_OP_REPEAT, make_repeat},
    {RNI_OP_SHIFT, make_shift},
    {RNI_OP_REVERSE, make_reverse},
};
const int32_t op_builder_count =
    (int32_t)(sizeof op_builders / sizeof op_builders[0]);

// ---- The stage ------------------------------------------------------------

op_stage op_stage_make(rnnc_context *context)
{
    op_stage s = {.graph = rnnc_graph_create(context)};
    s.x = rnnc_input_rows(s.graph, "x", STAGE_COLS);
    s.y = rnnc_input_rows(s.graph, "y", STAGE_COLS);
    s.ids = rnnc_input_ids(s.graph, "ids", STAGE_COLS);
    s.batch = rnnc_input_batch(s.graph, "batch", STAGE_COLS);
    s.row =
        rnnc_parameter_vector(s.graph, "row", STAGE_COLS, RNNC_INIT_UNIFORM, 1);
    s.square = rnnc_parameter(s.graph, "square", STAGE_COLS, STAGE_COLS,
                              RNNC_INIT_UNIFORM, 1);
    return s;
}

rnnc_node *op_stage_loss(rnnc_node *value)
{
    return rnnc_total(rnnc_mul(value, rnnc_tanh(rnnc_affine(value, 0.5f, 1))));
}

// ---- Inputs ---------------------------------------------------------------

static const int64_t lengths[STAGE_BATCH] = {4, 0, 2};

static void draw(rni_random *random, float *values, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        values[i] = rni_random_uniform(random) * 2.5f - 1.25f;
}

static rnnc_sequence *draw_sequence(rni_random *random)
{
    float data[STAGE_BATCH * STAGE_LONGEST * STAGE_COLS];
    draw(random, data, STAGE_BATCH * STAGE_LONGEST * STAGE_COLS);
    rnnc_sequence *sequence = rnnc_sequence_create(NULL);
    rnnc_sequence_set_padded(sequence, data, lengths, STAGE_BATCH,
                             STAGE_LONGEST, STAGE_COLS, RNNC_BATCH_MAJOR);
    return sequence;
}

op_inputs op_inputs_make(void)
{
    static const int32_t ids[STAGE_BATCH * STAGE_LONGEST] = {2, 1, 4, 0, 0, 0,
                                                             0, 0, 1, 3, 0, 0};
    op_inputs inputs;
    rni_random random;
    rni_random_init(&random, 3, "inputs");
    draw(&random, inputs.batch, STAGE_BATCH * STAGE_COLS);
    inputs.x = draw_sequence(&random);
    inputs.y = draw_sequence(&random);
    inputs.ids = rnnc_sequence_create(NULL);
    rnnc_sequence_set_padded_ids(inputs.ids, ids, lengths, STAGE_BATCH,
                                 STAGE_LONGEST, RNNC_BATCH_MAJOR);
    return inputs;
}

void op_inputs_destroy(op_inputs *inputs)
{
    rnnc_sequence_destroy(inputs->x);
    rnnc_sequence_destroy(inputs->y);
    rnnc_sequence_destroy(inputs->ids);
}
