// SPDX-License-Identifier: MIT
// Where a value that is not finite arose: the pass is made again by a plan that
// can give the value of every node, and the first bad one is named.
#include <stdio.h>
#include <string.h>

#include "train/trainer.h"

// The first value found: of a parameter, or of a node.
typedef struct finding {
    bool found;
    const rnnc_node *node;
    double value;
    int64_t sequence, step; // -1: it has none
    int64_t row, col;       // of a static value
} finding;

typedef struct search {
    rnnc_trainer *t;
    bool *needed;    // [n_nodes] the loss depends on it
    rnnc_node **all; // [n_all] those whose values can be asked for
    int32_t n_all;
    rnnc_run *run;
    float *values; // room for those of one node
    int64_t room;
    finding first;
} search;

// ---- Words ------------------------------------------------------------------

// Not by printf, whose "-nan" depends on the machine.
static const char *word_of(double value)
{
    if (value > 0)
        return "inf";
    return value < 0 ? "-inf" : "nan";
}

enum { NODE_WORDS = 200 };

// "node "x" (tanh)", or "node 12 (unroll of "lstm")".
static void name_node(const rnnc_node *node, char text[NODE_WORDS])
{
    char cell[96] = "";
    const char *op = rni_op_table[node->op].name;
    if (node->unrolled != NULL)
        snprintf(cell, sizeof cell, " of \"%.80s\"", node->unrolled->name);
    if (node->name != NULL)
        snprintf(text, NODE_WORDS, "node \"%.80s\" (%s%s)", node->name, op,
                 cell);
    else
        snprintf(text, NODE_WORDS, "node %ld (%s%s)", (long)node->id, op, cell);
}

static void place_words(const finding *f, char text[NODE_WORDS])
{
    text[0] = '\0';
    if (f->step >= 0)
        snprintf(text, NODE_WORDS, ", sequence %lld, step %lld",
                 (long long)f->sequence, (long long)f->step);
    else if (f->sequence >= 0)
        snprintf(text, NODE_WORDS, ", sequence %lld", (long long)f->sequence);
    else if (f->node->shape.rows > 1 || f->node->shape.cols > 1)
        snprintf(text, NODE_WORDS, ", row %lld, column %lld", (long long)f->row,
                 (long long)f->col);
}

// ---- Looking ----------------------------------------------------------------

static int64_t first_bad(const float *values, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (!rni_trainer_is_finite((double)values[i]))
            return i;
    return -1;
}

// [rows, cols] of a parameter, its gradient, or a static or batch node.
static bool look(search *s, const rnnc_node *node, const float *values,
                 int64_t rows)
{
    int64_t cols = node->shape.cols, at = first_bad(values, rows * cols);
    if (at < 0 || s->first.found)
        return at >= 0;
    bool batch = node->shape.kind == RNI_BATCH;
    s->first =
        (finding){true, node,      (double)values[at], batch ? at / cols : -1,
                  -1,   at / cols, at % cols};
    return true;
}

static bool need_room(search *s, int64_t floats)
{
    const rni_memory *memory = rni_trainer_memory(s->t);
    if (floats <= s->room)
        return true;
    rni_memory_release(memory, s->values);
    s->values = rni_memory_zeroed(memory, (size_t)floats, sizeof *s->values);
    s->room = s->values == NULL ? 0 : floats;
    return s->values != NULL;
}

// Of all sequences the one that is bad at the earliest step.
static void look_sequence(search *s, rnnc_node *node)
{
    int64_t batch = rnnc_run_batch(s->run), cols = node->shape.cols;
    const rni_order *order =
        rni_run_program(s->run)->executor.axes[node->shape.axis].order;
    finding first = {.node = node};
    if (order == NULL || !need_room(s, order->longest * cols))
        return;
    for (int64_t b = 0; b < batch; b++) {
        if (rnnc_run_get_rows(s->run, node, b, s->values) != RNNC_OK)
            return;
        int64_t at = first_bad(s->values, order->lengths[b] * cols);
        if (at >= 0 && (!first.found || at / cols < first.step))
            first = (finding){
                true, node, (double)s->values[at], b, at / cols, 0, at % cols};
    }
    if (first.found)
        s->first = first;
}

static void look_at(search *s, rnnc_node *node)
{
    int64_t batch = rnnc_run_batch(s->run);
    int64_t rows = node->shape.kind == RNI_BATCH ? batch : node->shape.rows;
    if (node->shape.kind == RNI_SEQUENCE) {
        look_sequence(s, node);
        return;
    }
    if (!need_room(s, rows * node->shape.cols))
        return;
    rnnc_status status = node->shape.kind == RNI_BATCH
                             ? rnnc_run_get_batch(s->run, node, s->values)
                             : rnnc_run_get_static(s->run, node, s->values);
    if (status == RNNC_OK)
        look(s, node, s->values, rows);
}

// ---- The pass again ---------------------------------------------------------

static bool is_asked(const rnnc_node *node)
{
    return node->cell == NULL && node->shape.type == RNI_FLOAT &&
           node->op != RNI_OP_PARAMETER && node->op != RNI_OP_CONSTANT;
}

// Inputs have smaller ids, so one pass from the loss down finds all.
static bool list_nodes(search *s)
{
    const rnnc_node *loss = s->t->loss;
    const rni_memory *memory = rni_trainer_memory(s->t);
    size_t count = (size_t)loss->id + 1;
    s->needed = rni_memory_zeroed(memory, count, sizeof *s->needed);
    s->all = rni_memory_zeroed(memory, count, sizeof *s->all);
    if (s->needed == NULL || s->all == NULL)
        return false;
    s->needed[loss->id] = true;
    for (int32_t i = loss->id; i >= 0; i--) {
        const rnnc_node *node = loss->graph->nodes[i];
        for (int32_t k = 0; s->needed[i] && k < node->n_inputs; k++)
            if (node->inputs[k] != NULL)
                s->needed[node->inputs[k]->id] = true;
    }
    for (int32_t i = 0; i <= loss->id; i++)
        if (s->needed[i] && is_asked(loss->graph->nodes[i]))
            s->all[s->n_all++] = loss->graph->nodes[i];
    return true;
}

// Rows of a batch or static input lie with a stride in the run.
static bool copy_rows(search *s, const rni_input *input)
{
    const rnnc_plan *plan = s->t->run->plan;
    const rni_shape *shape = &input->node->shape;
    int64_t rows = shape->kind == RNI_BATCH ? input->batch : shape->rows;
    rni_error error = {0};
    if (!need_room(s, rows * shape->cols))
        return false;
    rni_copy_rows(rows, shape->cols, input->copy,
                  plan->buffers[input->buffer].cols, s->values, shape->cols);
    return rni_inputs_set_rows(&s->run->inputs, input->node, s->values, rows,
                               &error) == RNNC_OK;
}

static bool copy_inputs(search *s)
{
    const rni_inputs *inputs = &s->t->run->inputs;
    for (int32_t k = 0; k < inputs->plan->n_inputs; k++) {
        const rni_input *input = &inputs->list[k];
        if (!input->set)
            continue;
        if (input->node->shape.kind == RNI_SEQUENCE
                ? rnnc_run_input(s->run, input->node, input->sequence) !=
                      RNNC_OK
                : !copy_rows(s, input))
            return false;
    }
    return true;
}

// The states, and who went on from them, before the pass.
static bool copy_states(search *s)
{
    rnnc_run *run = s->t->run;
    const rni_states *states = s->t->last;
    if (states == NULL || states->rows < 0 ||
        rnnc_run_state_count(s->run) != rnnc_run_state_count(run))
        return true;
    return rnnc_run_state_set(s->run, states->values, states->rows) ==
               RNNC_OK &&
           (states->rows != run->kept_batch ||
            rnnc_run_carry(s->run, rni_run_carried(run, false),
                           run->kept_batch) == RNNC_OK);
}

static bool run_again(search *s)
{
    rnnc_trainer *t = s->t;
    rnnc_plan_options options = {.struct_size = sizeof options,
                                 .use = RNNC_TRAIN,
                                 .loss = t->loss,
                                 .outputs = s->all,
                                 .n_outputs = s->n_all};
    rnnc_plan *plan = rnnc_plan_create(t->loss->graph, &options);
    s->run =
        plan == NULL ? NULL : rnnc_run_create(plan, rni_trainer_weights(t));
    rnnc_plan_destroy(plan);
    return rnnc_run_status(s->run) == RNNC_OK &&
           rnnc_run_seed(s->run, t->options.seed, t->run->counter - 1) ==
               RNNC_OK &&
           copy_states(s) && copy_inputs(s) &&
           rnnc_run_forward(s->run) == RNNC_OK;
}

static void look_at_values(search *s)
{
    rnnc_weights *weights = rni_trainer_weights(s->t);
    for (int32_t p = 0; p < weights->n_parameters && !s->first.found; p++)
        look(s, weights->graph->parameters[p]->node,
             rni_weights_values(weights, p),
             weights->graph->parameters[p]->rows);
    if (s->first.found || !list_nodes(s) || !run_again(s))
        return;
    for (int32_t i = 0; i < s->n_all && !s->first.found; i++)
        look_at(s, s->all[i]);
}

static void look_at_gradients(search *s)
{
    const rnnc_weights *weights = rni_trainer_weights(s->t);
    for (int32_t p = weights->n_parameters - 1; p >= 0; p--)
        if (!weights->graph->parameters[p]->frozen &&
            look(s, weights->graph->parameters[p]->node,
                 rni_weights_gradients(weights, p),
                 weights->graph->parameters[p]->rows))
            break;
}

// ---- Saying -----------------------------------------------------------------

static rnnc_status say(search *s, const char *what, double value)
{
    rnnc_trainer *t = s->t;
    bool gradient = strcmp(what, "gradient") == 0;
    char node[NODE_WORDS], place[NODE_WORDS];
    const char *of = gradient ? "that of " : "";
    if (!s->first.found)
        return rni_error_set(&t->error, RNNC_E_VALUE,
                             "trainer: %s%s is %s in step %lld",
                             gradient ? "the norm of the " : "", what,
                             word_of(value), (long long)t->at.step);
    name_node(s->first.node, node);
    place_words(&s->first, place);
    return rni_error_set(&t->error, RNNC_E_VALUE,
                         "trainer: %s is %s in step %lld: the first value that "
                         "is not finite is %s%s%s (%s)",
                         what, word_of(value), (long long)t->at.step, of, node,
                         place, word_of(s->first.value));
}

rnnc_status rni_trainer_fault(rnnc_trainer *t, const char *what, double value)
{
    search s = {.t = t};
    const rni_memory *memory = rni_trainer_memory(t);
    if (strcmp(what, "gradient") == 0)
        look_at_gradients(&s);
    else
        look_at_values(&s);
    say(&s, what, value);
    rnnc_run_destroy(s.run);
    rni_memory_release(memory, s.needed);
    rni_memory_release(memory, s.all);
    rni_memory_release(memory, s.values);
    return t->error.status;
}
