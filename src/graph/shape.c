// SPDX-License-Identifier: MIT
// One rule for each way in which shapes follow from shapes; the table of
// operations says which rule an operation obeys.
#include "graph/shape.h"

#include <stdarg.h>
#include <stdio.h>

typedef bool shape_rule(const rnnc_node *node, rni_shape *shape);

// ---- Words for messages ---------------------------------------------------

void rni_shape_print(const rnnc_graph *graph, const rni_shape *shape,
                     char text[RNI_SHAPE_TEXT])
{
    char cols[32] = "ids";
    if (shape->type == RNI_FLOAT)
        snprintf(cols, sizeof cols, "%lld features", (long long)shape->cols);
    if (shape->kind == RNI_STATIC)
        snprintf(text, RNI_SHAPE_TEXT, "static [%lld, %lld]",
                 (long long)shape->rows, (long long)shape->cols);
    else if (shape->kind == RNI_BATCH)
        snprintf(text, RNI_SHAPE_TEXT, "batch [%s]", cols);
    else if (shape->axis == RNI_AXIS_STEP)
        snprintf(text, RNI_SHAPE_TEXT, "step [%s]", cols);
    else
        snprintf(text, RNI_SHAPE_TEXT, "sequence [axis %.30s, %s]",
                 graph->axes[shape->axis], cols);
}

// "add", or "add in cell "lstm"".
enum { PLACE_TEXT = 96 };
static void print_place(const rnnc_node *node, char text[PLACE_TEXT])
{
    const char *op = rni_op_table[node->op].name;
    if (node->cell == NULL)
        snprintf(text, PLACE_TEXT, "%s", op);
    else
        snprintf(text, PLACE_TEXT, "%s in cell \"%.40s\"", op,
                 node->cell->name);
}

// Input `i` is not what the rule expects.
static bool refuse(const rnnc_node *node, int32_t i, const char *format, ...)
    RNI_FORMAT(3, 4);

static bool refuse(const rnnc_node *node, int32_t i, const char *format, ...)
{
    char place[PLACE_TEXT], input[RNI_NODE_TEXT], expected[200];
    va_list values;
    va_start(values, format);
    vsnprintf(expected, sizeof expected, format, values);
    va_end(values);
    print_place(node, place);
    rni_node_print(node->inputs[i], input);
    rni_error_set(&node->graph->error, RNNC_E_SHAPE,
                  "%s: input %d is %s, expected %s", place, (int)i + 1, input,
                  expected);
    return false;
}

// Inputs `i` and `j` do not go together.
static bool refuse_pair(const rnnc_node *node, int32_t i, int32_t j,
                        const char *expected)
{
    char place[PLACE_TEXT], a[RNI_NODE_TEXT], b[RNI_NODE_TEXT];
    print_place(node, place);
    rni_node_print(node->inputs[i], a);
    rni_node_print(node->inputs[j], b);
    rni_error_set(&node->graph->error, RNNC_E_SHAPE, "%s: %s and %s; %s", place,
                  a, b, expected);
    return false;
}

// ---- What the rules are made of -------------------------------------------

static const rni_shape *input(const rnnc_node *node, int32_t i)
{
    return &node->inputs[i]->shape;
}

static rni_shape static_shape(int64_t rows, int64_t cols)
{
    return (rni_shape){RNI_STATIC, RNI_FLOAT, RNI_AXIS_NONE, rows, cols};
}

static rni_shape with_cols(const rni_shape *like, int64_t cols)
{
    rni_shape shape = *like;
    shape.type = RNI_FLOAT;
    shape.cols = cols;
    return shape;
}

static bool need_float(const rnnc_node *node, int32_t i)
{
    return input(node, i)->type == RNI_FLOAT ||
           refuse(node, i,
                  "floats; look ids up with rnnc_embedding or "
                  "rnnc_lookup");
}

static bool need_floats(const rnnc_node *node)
{
    for (int32_t i = 0; i < node->n_inputs; i++)
        if (!need_float(node, i))
            return false;
    return true;
}

// rows or cols -1: any.
static bool need_static(const rnnc_node *node, int32_t i, int64_t rows,
                        int64_t cols)
{
    const rni_shape *shape = input(node, i);
    char r[24] = "rows", c[24] = "cols";
    if (rows >= 0)
        snprintf(r, sizeof r, "%lld", (long long)rows);
    if (cols >= 0)
        snprintf(c, sizeof c, "%lld", (long long)cols);
    bool fits = shape->kind == RNI_STATIC && shape->type == RNI_FLOAT &&
                (rows < 0 || shape->rows == rows) &&
                (cols < 0 || shape->cols == cols);
    return fits || refuse(node, i, "static [%s, %s]", r, c);
}

// What works on whole sequences has no place inside a step.
static bool need_root(const rnnc_node *node, const char *advice)
{
    if (node->cell == NULL)
        return true;
    char place[PLACE_TEXT];
    print_place(node, place);
    rni_error_set(&node->graph->error, RNNC_E_UNSUPPORTED,
                  "%s: works on whole sequences, a step sees one row; %s",
                  place, advice);
    return false;
}

static bool need_sequence(const rnnc_node *node, int32_t i)
{
    return input(node, i)->kind == RNI_SEQUENCE ||
           refuse(node, i, "a sequence");
}

static bool size_fits(int64_t rows, int64_t cols)
{
    return rows >= 1 && cols >= 1 && rows <= INT32_MAX && cols <= INT32_MAX &&
           rows <= ((int64_t)1 << 40) / cols;
}

static bool need_size(const rnnc_node *node, int64_t rows, int64_t cols)
{
    if (size_fits(rows, cols))
        return true;
    char place[PLACE_TEXT];
    print_place(node, place);
    rni_error_set(&node->graph->error, RNNC_E_ARGUMENT,
                  "%s \"%.60s\": the shape is [%lld, %lld], expected at least "
                  "1 each, int32, and at most 2^40 elements",
                  place, node->name == NULL ? "" : node->name, (long long)rows,
                  (long long)cols);
    return false;
}

// Kind and axis of a result with a row for each row of inputs `i` and `j`,
// which are not static. Step rows take batch rows along; at the root the
// user says so by rnnc_repeat.
static bool join_rows(const rnnc_node *node, int32_t i, int32_t j,
                      int32_t *joined)
{
    const rni_shape *a = input(node, i), *b = input(node, j);
    *joined = a->kind == RNI_SEQUENCE ? i : j;
    if (a->kind != b->kind)
        return node->cell != NULL ||
               refuse_pair(node, i, j,
                           "give the batch value a row for each step with "
                           "rnnc_repeat");
    return a->axis == b->axis ||
           refuse_pair(node, i, j,
                       "rows of different axes do not correspond; bring one "
                       "to the other by rnnc_pool and rnnc_repeat");
}

// The input whose kind the result has: the first static one where all are.
static bool join_all(const rnnc_node *node, int32_t *joined)
{
    *joined = 0;
    for (int32_t i = 1; i < node->n_inputs; i++) {
        bool fixed = input(node, i)->kind == RNI_STATIC;
        if (input(node, *joined)->kind == RNI_STATIC)
            *joined = fixed ? *joined : i;
        else if (!fixed && !join_rows(node, *joined, i, joined))
            return false;
    }
    return true;
}

// ---- The rules ------------------------------------------------------------

// Leaves bring their shape along.
static bool shape_given(const rnnc_node *node, rni_shape *shape)
{
    bool rows = shape->kind == RNI_SEQUENCE;
    int32_t axis = node->cell != NULL ? RNI_AXIS_STEP : shape->axis;
    bool sane = shape->kind >= RNI_STATIC && shape->kind <= RNI_SEQUENCE &&
                (shape->type == RNI_FLOAT ||
                 (shape->type == RNI_IDS && shape->cols == 1)) &&
                (shape->kind == RNI_STATIC || shape->rows == 1) &&
                (rows ? shape->axis == axis && axis < node->graph->n_axes &&
                            (axis >= 0 || node->cell != NULL)
                      : shape->axis == RNI_AXIS_NONE);
    if (!sane) {
        rni_error_set(&node->graph->error, RNNC_E_ARGUMENT,
                      "%s: the shape makes no sense",
                      rni_op_table[node->op].name);
        return false;
    }
    if (shape->type == RNI_IDS) {
        int64_t limit = node->integers[node->op == RNI_OP_CELL_INPUT ? 1 : 2];
        return need_size(node, limit, 1);
    }
    return need_size(node, shape->rows, shape->cols);
}

static bool shape_same(const rnnc_node *node, rni_shape *shape)
{
    *shape = *input(node, 0);
    return need_float(node, 0);
}

static bool shape_broadcast(const rnnc_node *node, rni_shape *shape)
{
    int32_t joined;
    if (!need_floats(node) || !join_all(node, &joined))
        return false;
    *shape = *input(node, joined);
    int32_t widest = 0, tallest = 0;
    for (int32_t i = 1; i < node->n_inputs; i++) {
        widest = input(node, i)->cols > input(node, widest)->cols ? i : widest;
        tallest =
            input(node, i)->rows > input(node, tallest)->rows ? i : tallest;
    }
    shape->cols = input(node, widest)->cols;
    shape->rows = shape->kind == RNI_STATIC ? input(node, tallest)->rows : 1;
    for (int32_t i = 0; i < node->n_inputs; i++) {
        int64_t cols = input(node, i)->cols, rows = input(node, i)->rows;
        if (cols != shape->cols && cols != 1)
            return refuse_pair(node, i, widest,
                               "expected columns to be equal, or 1");
        if (rows != shape->rows && rows != 1 && shape->kind == RNI_STATIC)
            return refuse_pair(node, i, tallest,
                               "expected rows to be equal, or 1");
        if (rows != 1 && shape->kind != RNI_STATIC)
            return refuse_pair(node, i, joined,
                               "a static value beside rows must have one row");
    }
    return need_size(node, shape->rows, shape->cols);
}

static bool shape_matmul(const rnnc_node *node, rni_shape *shape)
{
    if (!need_float(node, 0) || !need_static(node, 1, input(node, 0)->cols, -1))
        return false;
    *shape = with_cols(input(node, 0), input(node, 1)->cols);
    return need_size(node, shape->rows, shape->cols);
}

static bool shape_project(const rnnc_node *node, rni_shape *shape)
{
    if (!need_float(node, 0) || !need_static(node, 1, -1, input(node, 0)->cols))
        return false;
    int64_t cols = input(node, 1)->rows;
    *shape = with_cols(input(node, 0), cols);
    return (node->n_inputs < 3 || need_static(node, 2, 1, cols)) &&
           need_size(node, shape->rows, cols);
}

static bool shape_lookup(const rnnc_node *node, rni_shape *shape)
{
    if (input(node, 0)->type != RNI_IDS)
        return refuse(node, 0, "ids");
    if (!need_static(node, 1, -1, -1))
        return false;
    int64_t limit = rni_node_limit(node->inputs[0]);
    if (limit > input(node, 1)->rows)
        return refuse(node, 1, "a row for each of %lld ids", (long long)limit);
    *shape = with_cols(input(node, 0), input(node, 1)->cols);
    return true;
}

static bool shape_concat(const rnnc_node *node, rni_shape *shape)
{
    int32_t joined;
    if (!need_floats(node) || !join_all(node, &joined))
        return false;
    *shape = *input(node, joined);
    shape->cols = 0;
    for (int32_t i = 0; i < node->n_inputs; i++) {
        const rni_shape *part = input(node, i);
        if ((part->kind == RNI_STATIC) != (shape->kind == RNI_STATIC))
            return refuse_pair(node, i, joined,
                               "a static value cannot be put beside rows");
        if (part->rows != shape->rows)
            return refuse_pair(node, i, joined, "expected equal rows");
        shape->cols += part->cols;
        if (!need_size(node, shape->rows, shape->cols))
            return false;
    }
    return true;
}

// The range of integers "first count" lies within `size`.
static bool need_range(const rnnc_node *node, int64_t size, const char *what)
{
    int64_t first = node->integers[0], count = node->integers[1];
    return (first <= size && count <= size - first) ||
           refuse(node, 0, "%s %lld up to %lld", what, (long long)first,
                  (long long)(first + count - 1));
}

static bool shape_slice(const rnnc_node *node, rni_shape *shape)
{
    *shape = with_cols(input(node, 0), node->integers[1]);
    return need_float(node, 0) &&
           need_range(node, input(node, 0)->cols, "columns");
}

static bool shape_rows(const rnnc_node *node, rni_shape *shape)
{
    *shape = static_shape(node->integers[1], input(node, 0)->cols);
    return need_static(node, 0, -1, -1) &&
           need_range(node, input(node, 0)->rows, "rows");
}

static bool shape_one_column(const rnnc_node *node, rni_shape *shape)
{
    *shape = with_cols(input(node, 0), 1);
    return need_float(node, 0);
}

static bool shape_layer_norm(const rnnc_node *node, rni_shape *shape)
{
    *shape = *input(node, 0);
    if (node->n_inputs == 2)
        return refuse(node, 1, "both gain and bias, or neither");
    return need_float(node, 0) &&
           (node->n_inputs == 1 || (need_static(node, 1, 1, shape->cols) &&
                                    need_static(node, 2, 1, shape->cols)));
}

// A loss over the rows of input 0: one number, or a column.
static bool reduce(const rnnc_node *node, rni_shape *shape)
{
    if (node->integers[0] == RNNC_REDUCE_NONE) {
        *shape = with_cols(input(node, 0), 1);
        return true;
    }
    *shape = static_shape(1, 1);
    return need_root(node, "ask for RNNC_REDUCE_NONE and make the column an "
                           "output of the cell");
}

static bool same_rows(const rni_shape *a, const rni_shape *b)
{
    return a->kind == b->kind && a->axis == b->axis && a->rows == b->rows;
}

static bool shape_cross_entropy(const rnnc_node *node, rni_shape *shape)
{
    const rni_shape *logits = input(node, 0);
    if (!need_float(node, 0))
        return false;
    if (input(node, 1)->type != RNI_IDS)
        return refuse(node, 1, "ids");
    if (!same_rows(logits, input(node, 1)))
        return refuse_pair(node, 0, 1, "expected an id for each row of logits");
    int64_t limit = rni_node_limit(node->inputs[1]);
    if (limit > logits->cols)
        return refuse(node, 0, "a column for each of %lld ids",
                      (long long)limit);
    if (node->n_inputs == 3 && !need_static(node, 2, 1, logits->cols))
        return false;
    return reduce(node, shape);
}

static bool shape_pair_loss(const rnnc_node *node, rni_shape *shape)
{
    const rni_shape *a = input(node, 0), *b = input(node, 1);
    if (!need_floats(node))
        return false;
    if (!same_rows(a, b) || a->cols != b->cols)
        return refuse_pair(node, 0, 1, "expected equal shapes");
    return reduce(node, shape);
}

static bool shape_total(const rnnc_node *node, rni_shape *shape)
{
    *shape = static_shape(1, 1);
    if (node->op == RNI_OP_L2_PENALTY && !need_static(node, 0, -1, -1))
        return false;
    return need_float(node, 0) &&
           need_root(node, "sum its features with rnnc_sum, make that an "
                           "output, and total the unrolled output");
}

static bool shape_sequence(const rnnc_node *node, rni_shape *shape)
{
    *shape = *input(node, 0);
    return need_root(node, "apply it before or after rnnc_unroll") &&
           need_sequence(node, 0);
}

static bool shape_pool(const rnnc_node *node, rni_shape *shape)
{
    *shape = (rni_shape){RNI_BATCH, RNI_FLOAT, RNI_AXIS_NONE, 1,
                         input(node, 0)->cols};
    return need_root(node, "apply it to what rnnc_unroll gives") &&
           need_float(node, 0) && need_sequence(node, 0);
}

static bool shape_repeat(const rnnc_node *node, rni_shape *shape)
{
    *shape = with_cols(input(node, 1), input(node, 0)->cols);
    return need_root(node, "there a batch value goes with a row by itself") &&
           need_float(node, 0) &&
           (input(node, 0)->kind == RNI_BATCH ||
            refuse(node, 0, "a batch value")) &&
           need_sequence(node, 1);
}

// ---- Recurrence -----------------------------------------------------------

static bool need_complete(const rnnc_node *node)
{
    const rnnc_cell *cell = node->unrolled;
    rni_error *error = &node->graph->error;
    for (int32_t s = 0; s < cell->n_states; s++)
        if (cell->states[s].next == NULL) {
            rni_error_set(error, RNNC_E_STATE,
                          "unroll of cell \"%.60s\": state \"%.60s\" has no "
                          "next; give it one with rnnc_cell_next",
                          cell->name, cell->states[s].name);
            return false;
        }
    if (cell->n_outputs == 0)
        rni_error_set(error, RNNC_E_STATE,
                      "unroll of cell \"%.60s\": it has no output; name one "
                      "with rnnc_cell_output",
                      cell->name);
    return cell->n_outputs > 0;
}

// An input of the unroll against the cell's declaration of it.
static bool match_input(const rnnc_node *node, int32_t i, int32_t *step)
{
    const rnnc_node *declared = node->unrolled->inputs[i];
    const rni_shape *want = &declared->shape, *have = input(node, i);
    char text[RNI_SHAPE_TEXT];
    if (have->kind != want->kind || have->type != want->type ||
        have->cols != want->cols) {
        rni_shape_print(node->graph, want, text);
        return refuse(node, i, "what the cell \"%.60s\" declares: %s%s",
                      node->unrolled->name, text,
                      want->kind == RNI_SEQUENCE ? ", a row of a sequence"
                                                 : "");
    }
    if (want->type == RNI_IDS &&
        rni_node_limit(node->inputs[i]) > declared->integers[1])
        return refuse(node, i, "ids below %lld",
                      (long long)declared->integers[1]);
    if (want->kind == RNI_SEQUENCE) {
        if (*step >= 0 && input(node, *step)->axis != have->axis)
            return refuse_pair(node, *step, i, "a cell moves along one axis");
        *step = i;
    }
    return true;
}

// The first states come after the inputs, for the states whose bit is set.
static bool match_first(const rnnc_node *node)
{
    const rnnc_cell *cell = node->unrolled;
    int32_t i = cell->n_inputs;
    for (int32_t s = 0; s < cell->n_states; s++) {
        if ((node->integers[1] >> s & 1) == 0)
            continue;
        int64_t cols = cell->states[s].node->shape.cols;
        if (i < node->n_inputs &&
            (input(node, i)->kind != RNI_BATCH ||
             input(node, i)->type != RNI_FLOAT || input(node, i)->cols != cols))
            return refuse(node, i,
                          "batch [%lld features], the first of state \"%.60s\"",
                          (long long)cols, cell->states[s].name);
        i++;
    }
    if (i == node->n_inputs && node->integers[1] >> cell->n_states == 0)
        return true;
    rni_error_set(&node->graph->error, RNNC_E_ARGUMENT,
                  "unroll of cell \"%.60s\": %ld inputs and first states are "
                  "given, expected %ld",
                  cell->name, (long)node->n_inputs, (long)i);
    return false;
}

// The value of an unroll is its first output.
static bool shape_unroll(const rnnc_node *node, rni_shape *shape)
{
    const rnnc_cell *cell = node->unrolled;
    int32_t step = -1;
    if (!need_root(node, "write the inner cell's equations into this one") ||
        !need_complete(node))
        return false;
    for (int32_t i = 0; i < cell->n_inputs && i < node->n_inputs; i++)
        if (!match_input(node, i, &step))
            return false;
    if (!match_first(node))
        return false;
    if (step < 0) {
        rni_error_set(&node->graph->error, RNNC_E_SHAPE,
                      "unroll of cell \"%.60s\": no input has a row for each "
                      "step, expected one made by rnnc_cell_input",
                      cell->name);
        return false;
    }
    *shape = with_cols(input(node, step), cell->outputs[0].node->shape.cols);
    return true;
}

static bool need_unroll(const rnnc_node *node, int32_t count, const char *what)
{
    if (node->integers[0] < count)
        return true;
    rni_error_set(&node->graph->error, RNNC_E_ARGUMENT,
                  "%s: index is %lld, but the cell has %ld %s",
                  rni_op_table[node->op].name, (long long)node->integers[0],
                  (long)count, what);
    return false;
}

static bool shape_output(const rnnc_node *node, rni_shape *shape)
{
    const rnnc_cell *cell = node->inputs[0]->unrolled;
    if (cell == NULL)
        return refuse(node, 0, "a node that rnnc_unroll returned");
    if (!need_unroll(node, cell->n_outputs, "outputs"))
        return false;
    *shape = with_cols(input(node, 0),
                       cell->outputs[node->integers[0]].node->shape.cols);
    return true;
}

static bool shape_final(const rnnc_node *node, rni_shape *shape)
{
    const rnnc_cell *cell = node->inputs[0]->unrolled;
    if (cell == NULL)
        return refuse(node, 0, "a node that rnnc_unroll returned");
    if (!need_unroll(node, cell->n_states, "states"))
        return false;
    *shape = (rni_shape){RNI_BATCH, RNI_FLOAT, RNI_AXIS_NONE, 1,
                         cell->states[node->integers[0]].node->shape.cols};
    return true;
}

static shape_rule *const rules[RNI_OP_COUNT] = {
#define RNI_OP(id, name, fewest, most, shape, ...) shape_##shape,
#include "graph/ops.def"
#undef RNI_OP
};

bool rni_shape_find(rnnc_node *node)
{
    rni_shape shape = node->shape;
    if (!rules[node->op](node, &shape))
        return false;
    node->shape = shape;
    return true;
}
