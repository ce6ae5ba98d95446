// SPDX-License-Identifier: MIT
// Where a value that is not finite arose: the pass is made again by a plan that
// can give the value of every node, and the first bad one is named.
#include <stdio.h>
#include <string.h>

#include "graph/need.h"
#include "train/trainer_trace.h"

typedef struct search {
    rnnc_trainer *t;
    bool *read;      // [nodes up to the loss] the loss is made from it
    bool *given;     // the same: no input that the pass did not read is in it
    rnnc_node **all; // [n_all] those whose values can be asked for
    int32_t n_all;
    rnnc_run *run;
    float *values; // room for those of one node
    int64_t room;
    bool found;
    rni_reference_fault first;
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

static void place_words(const rni_reference_fault *f, char text[NODE_WORDS])
{
    int used = 0;
    text[0] = '\0';
    if (f->cell != NULL)
        used = snprintf(text, NODE_WORDS, " in cell \"%.80s\"", f->cell->name);
    if (f->step >= 0)
        snprintf(text + used, (size_t)(NODE_WORDS - used),
                 ", sequence %lld, step %lld", (long long)f->sequence,
                 (long long)f->step);
    else if (f->sequence >= 0)
        snprintf(text + used, (size_t)(NODE_WORDS - used), ", sequence %lld",
                 (long long)f->sequence);
    else if (f->node->shape.rows > 1 || f->node->shape.cols > 1)
        snprintf(text + used, (size_t)(NODE_WORDS - used),
                 ", row %lld, column %lld", (long long)f->row,
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
    if (at < 0)
        return false;
    bool batch = node->shape.kind == RNI_BATCH;
    s->found = true;
    s->first = (rni_reference_fault){.node = node,
                                     .sequence = batch ? at / cols : -1,
                                     .step = -1,
                                     .row = at / cols,
                                     .col = at % cols,
                                     .value = (double)values[at]};
    return true;
}

// Results of no rows want a place, too.
static bool need_room(search *s, int64_t floats)
{
    const rni_memory *memory = rni_trainer_memory(s->t);
    floats = floats < 1 ? 1 : floats;
    if (floats <= s->room)
        return true;
    rni_memory_release(memory, s->values);
    s->values = rni_memory_zeroed(memory, (size_t)floats, sizeof *s->values);
    s->room = s->values == NULL ? 0 : floats;
    return s->values != NULL;
}

// Of all sequences the one that is bad at the earliest step.
static bool look_sequence(search *s, rnnc_node *node)
{
    int64_t batch = rnnc_run_batch(s->run), cols = node->shape.cols;
    const rni_order *order =
        rni_run_program(s->run)->executor.axes[node->shape.axis].order;
    rni_reference_fault first = {.node = node, .step = INT64_MAX};
    if (!need_room(s, order->longest * cols))
        return false;
    for (int64_t b = 0; b < batch; b++) {
        if (rnnc_run_get_rows(s->run, node, b, s->values) != RNNC_OK)
            return false;
        int64_t at = first_bad(s->values, order->lengths[b] * cols);
        if (at < 0 || at / cols >= first.step)
            continue;
        first.sequence = b;
        first.step = at / cols;
        first.value = (double)s->values[at];
    }
    s->found = first.step < INT64_MAX;
    if (s->found)
        s->first = first;
    return true;
}

// False: it could not be looked at.
static bool look_at(search *s, rnnc_node *node)
{
    int64_t batch = rnnc_run_batch(s->run);
    int64_t rows = node->shape.kind == RNI_BATCH ? batch : node->shape.rows;
    if (node->shape.kind == RNI_SEQUENCE)
        return look_sequence(s, node);
    if (!need_room(s, rows * node->shape.cols))
        return false;
    rnnc_status status = node->shape.kind == RNI_BATCH
                             ? rnnc_run_get_batch(s->run, node, s->values)
                             : rnnc_run_get_static(s->run, node, s->values);
    if (status == RNNC_OK)
        look(s, node, s->values, rows);
    return status == RNNC_OK;
}

// ---- The pass again ---------------------------------------------------------

// A cell may have an input that none of what is read of it is made from.
static bool is_given(const search *s, const rnnc_node *node)
{
    if (node->op == RNI_OP_INPUT)
        return rni_inputs_find(&s->t->run->inputs, node) != NULL;
    bool given = true;
    for (int32_t k = 0; k < rni_need_inputs(node); k++)
        given = given && s->given[node->inputs[k]->id];
    return given || node->op == RNI_OP_UNROLL;
}

static bool is_asked(const rnnc_node *node)
{
    return node->cell == NULL && node->shape.type == RNI_FLOAT &&
           node->op != RNI_OP_PARAMETER && node->op != RNI_OP_CONSTANT;
}

// What is made later than the loss takes no part.
static bool find_read(search *s)
{
    const rnnc_node *loss = s->t->loss;
    const rni_memory *memory = rni_trainer_memory(s->t);
    int32_t n = loss->id + 1;
    bool *needed = rni_memory_zeroed(memory, (size_t)n, sizeof *needed);
    s->read = rni_memory_zeroed(memory, (size_t)n, sizeof *s->read);
    bool made = needed != NULL && s->read != NULL;
    if (made) {
        needed[loss->id] = s->read[loss->id] = true;
        rni_need_all(loss->graph, n, needed);
        rni_need_sources(loss->graph, n, needed, s->read);
    }
    rni_memory_release(memory, needed);
    return made;
}

static bool list_nodes(search *s)
{
    const rnnc_node *loss = s->t->loss;
    const rni_memory *memory = rni_trainer_memory(s->t);
    size_t n = (size_t)loss->id + 1;
    s->all = rni_memory_zeroed(memory, n, sizeof(rnnc_node *));
    s->given = rni_memory_zeroed(memory, n, sizeof *s->given);
    if (s->all == NULL || s->given == NULL)
        return false;
    for (int32_t i = 0; i <= loss->id; i++) {
        rnnc_node *node = loss->graph->nodes[i];
        s->given[i] = is_given(s, node);
        if (s->read[i] && s->given[i] && is_asked(node))
            s->all[s->n_all++] = node;
    }
    return true;
}

static bool copy_rows(search *s, const rni_input *input)
{
    rni_error error = {0};
    int64_t rows = rni_trainer_input_rows(input);
    if (!need_room(s, rows * input->node->shape.cols))
        return false;
    rni_trainer_input_copy(s->t, input, s->values);
    return rni_inputs_set_rows(&s->run->inputs, input->node, s->values, rows,
                               &error) == RNNC_OK;
}

static bool copy_inputs(search *s)
{
    const rni_inputs *inputs = &s->t->run->inputs;
    for (int32_t a = 0; a < inputs->plan->n_axes; a++)
        s->run->inputs.axes[a] = inputs->axes[a];
    for (int32_t k = 0; k < inputs->plan->n_inputs; k++) {
        const rni_input *input = &inputs->list[k];
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
    if (states->rows < 0 ||
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

// Of those that the loss is made from; later than the loss none was made.
static void look_at_parameters(search *s)
{
    const rnnc_weights *weights = rni_trainer_weights(s->t);
    for (int32_t p = 0; p < weights->n_parameters && !s->found; p++) {
        const rni_parameter *parameter = weights->graph->parameters[p];
        int32_t id = parameter->node->id;
        if (id <= s->t->loss->id && s->read[id])
            look(s, parameter->node, rni_weights_values(weights, p),
                 parameter->rows);
    }
}

static void look_at_values(search *s)
{
    if (!find_read(s))
        return;
    look_at_parameters(s);
    if (s->found || !list_nodes(s) || !run_again(s))
        return;
    // Behind one that could not be looked at none is the first.
    for (int32_t i = 0; i < s->n_all && !s->found; i++)
        if (!look_at(s, s->all[i]))
            return;
}

// ---- By the textbook --------------------------------------------------------

// Rows that go on have states that the reference does not know.
static bool is_fresh(const rnnc_trainer *t)
{
    const uint8_t *carried = rni_run_carried(t->run, false);
    for (int64_t b = 0; b < t->run->kept_batch; b++)
        if (carried[b])
            return false;
    return true;
}

// Which node of the cell it is.
static void look_into_cell(search *s)
{
    rni_reference_fault fault;
    if (rni_need_site(s->first.node)->unrolled != NULL && is_fresh(s->t) &&
        rni_trainer_trace(s->t, s->first.sequence, &fault) && !fault.gradient &&
        fault.cell != NULL)
        s->first = fault;
}

// Sequence after sequence, so that little memory is needed; and where that
// finds nothing, the parameters. A value that is not finite for the textbook,
// which drops nothing out and begins with no state, was not met here.
static void look_at_gradients(search *s)
{
    const rnnc_weights *weights = rni_trainer_weights(s->t);
    int64_t batch = s->t->run->kept_batch; // none of a static graph
    for (int64_t b = 0; (b == 0 || b < batch) && !s->found; b++)
        s->found = rni_trainer_trace(s->t, b, &s->first) && s->first.gradient;
    for (int32_t p = weights->n_parameters - 1; p >= 0 && !s->found; p--)
        if (!weights->graph->parameters[p]->frozen)
            look(s, weights->graph->parameters[p]->node,
                 rni_weights_gradients(weights, p),
                 weights->graph->parameters[p]->rows);
    s->first.gradient = s->found;
}

// ---- Saying -----------------------------------------------------------------

// "that of node "x" (mul), from node 8 (sqrt)".
static void from_words(const rni_reference_fault *f, char text[NODE_WORDS])
{
    char user[NODE_WORDS];
    text[0] = '\0';
    if (f->user == NULL)
        return;
    name_node(f->user, user);
    snprintf(text, NODE_WORDS, ", from %.160s", user);
}

static rnnc_status say(search *s, const char *what, double value)
{
    rnnc_trainer *t = s->t;
    const rni_reference_fault *f = &s->first;
    char node[NODE_WORDS], place[NODE_WORDS], from[NODE_WORDS];
    if (!s->found)
        return rni_error_set(&t->error, RNNC_E_VALUE,
                             "trainer: the %s is %s in step %lld", what,
                             word_of(value), (long long)t->at.step);
    name_node(f->node, node);
    place_words(f, place);
    from_words(f, from);
    return rni_error_set(&t->error, RNNC_E_VALUE,
                         "trainer: the %s is %s in step %lld: the first value "
                         "that is not finite is %s%s%s%s (%s)",
                         what, word_of(value), (long long)t->at.step,
                         f->gradient ? "the gradient of " : "", node, place,
                         from, word_of(f->value));
}

rnnc_status rni_trainer_fault(rnnc_trainer *t, const char *what, double value)
{
    search s = {.t = t};
    const rni_memory *memory = rni_trainer_memory(t);
    look_at_values(&s);
    if (s.found)
        look_into_cell(&s);
    else if (strcmp(what, "loss") != 0)
        look_at_gradients(&s);
    say(&s, what, value);
    rnnc_run_destroy(s.run);
    rni_memory_release(memory, s.read);
    rni_memory_release(memory, s.given);
    rni_memory_release(memory, s.all);
    rni_memory_release(memory, s.values);
    return t->error.status;
}
