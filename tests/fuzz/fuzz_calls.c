// SPDX-License-Identifier: MIT
// Any bytes as a sequence of public calls: describe, plan, run forward and
// backward, step. No call may do harm, whatever went wrong before, also where
// memory runs out at some point. The first byte says which of four things is
// looked at: the same bits in another order of the batch, or step by step, or
// as gradients whatever is kept of the forward pass; or, where a program is
// tame, the values of the textbook.
#include <math.h>
#include <string.h>

#include "graph/node.h"
#include "machine.h"

enum {
    BATCH = 2,
    TIME = 3,
    WIDE = 64, // columns at most where results are compared
    OUTPUTS = 3,
    NODES = 2048,
    INPUTS = 24
};

static const double kink_least = 1e-3, bound = 1e-3;

typedef struct trial {
    machine m;
    rnnc_context *context;
    rnnc_weights *weights;
    rnnc_node *outputs[OUTPUTS];
    int32_t n_outputs;
    rnnc_node *inputs[INPUTS];
    rnnc_sequence *sequences[2][INPUTS]; // in the order of the batch, turned
    int32_t n_inputs;
    int64_t lengths[BATCH];
    uint8_t salt; // of the inputs' values
} trial;

// ---- Inputs ----------------------------------------------------------------

// A number told by its place, from -1 to 1; in wild programs also others.
static float value_at(const trial *t, const rnnc_node *input, int64_t row,
                      int64_t step, int64_t col)
{
    static const float wild[] = {INFINITY, -INFINITY, NAN, 1e30f, -1e-30f, 0};
    uint32_t hash = (uint32_t)(input->id * 7 + row * 31 + step * 101 +
                               col * 1009 + t->salt);
    hash = hash * 2654435761u >> 8;
    if (!t->m.tame && t->salt > 200 && hash % 16 == 0)
        return wild[hash / 16 % 6];
    return (float)(hash % 2001) / 1000 - 1;
}

static int32_t id_at(const trial *t, const rnnc_node *input, int64_t row,
                     int64_t step)
{
    int64_t limit = rni_node_limit(input);
    return (int32_t)((row + 3 * step + t->salt) % (limit > 0 ? limit : 1));
}

typedef struct block {
    float rows[BATCH * TIME * WIDE];
    int32_t ids[BATCH * TIME];
} block;

// Rows of the batch in this order or the other.
static void fill(const trial *t, const rnnc_node *input, bool turned, block *b)
{
    int64_t cols = input->shape.cols;
    int64_t time = input->shape.kind == RNI_SEQUENCE ? TIME : 1;
    for (int64_t k = 0; k < BATCH; k++) {
        int64_t row = turned ? BATCH - 1 - k : k;
        for (int64_t s = 0; s < time; s++) {
            b->ids[k * time + s] = id_at(t, input, row, s);
            for (int64_t c = 0; c < cols; c++)
                b->rows[(k * time + s) * cols + c] =
                    value_at(t, input, row, s, c);
        }
    }
}

static rnnc_status make_sequence(const trial *t, const rnnc_node *input,
                                 bool turned, rnnc_sequence *sequence)
{
    static block b;
    int64_t lengths[BATCH];
    for (int64_t k = 0; k < BATCH; k++)
        lengths[k] = t->lengths[turned ? BATCH - 1 - k : k];
    fill(t, input, turned, &b);
    return input->shape.type == RNI_IDS
               ? rnnc_sequence_set_padded_ids(sequence, b.ids, lengths, BATCH,
                                              TIME, RNNC_BATCH_MAJOR)
               : rnnc_sequence_set_padded(sequence, b.rows, lengths, BATCH,
                                          TIME, input->shape.cols,
                                          RNNC_BATCH_MAJOR);
}

static void static_values(const trial *t, const rnnc_node *input,
                          float values[WIDE * WIDE])
{
    for (int64_t r = 0; r < input->shape.rows; r++)
        for (int64_t c = 0; c < input->shape.cols; c++)
            values[r * input->shape.cols + c] = value_at(t, input, r, 0, c);
}

// Sequences of all inputs that are some, which live as long as the trial.
static bool make_sequences(trial *t)
{
    for (int32_t i = 0; i < t->n_inputs; i++)
        for (int k = 0; k < 2; k++) {
            if (t->inputs[i]->shape.kind != RNI_SEQUENCE)
                continue;
            t->sequences[k][i] = rnnc_sequence_create(t->context);
            if (t->sequences[k][i] == NULL ||
                make_sequence(t, t->inputs[i], k == 1, t->sequences[k][i]) !=
                    RNNC_OK)
                return false;
        }
    return true;
}

static void destroy_sequences(trial *t)
{
    for (int32_t i = 0; i < t->n_inputs; i++)
        for (int k = 0; k < 2; k++)
            rnnc_sequence_destroy(t->sequences[k][i]);
}

static bool set_inputs(const trial *t, rnnc_run *run, bool turned)
{
    static block b;
    static float values[WIDE * WIDE];
    rnnc_status status = RNNC_OK;
    for (int32_t i = 0; i < t->n_inputs && status == RNNC_OK; i++) {
        rnnc_node *input = t->inputs[i];
        if (input->shape.kind == RNI_STATIC) {
            static_values(t, input, values);
            status = rnnc_run_input_static(run, input, values);
        } else if (input->shape.kind == RNI_BATCH) {
            fill(t, input, turned, &b);
            status = rnnc_run_input_batch(run, input, b.rows, BATCH);
        } else {
            status = rnnc_run_input(run, input, t->sequences[turned][i]);
        }
    }
    return status == RNNC_OK;
}

// As fuzz_check, but shows the graph.
static void check(const trial *t, bool good, const char *what,
                  const char *detail)
{
    if (!good)
        fuzz_print(t->m.graph);
    fuzz_check(good, what, detail);
}

// ---- Plans and runs --------------------------------------------------------

static rnnc_plan *plan_for(const trial *t, int32_t use, int32_t keep)
{
    rnnc_plan_options options = {
        .struct_size = sizeof options,
        .use = use,
        .outputs = t->outputs,
        .n_outputs = t->n_outputs,
        .loss = use == RNNC_TRAIN ? t->m.loss : NULL,
        .block_rows = t->salt % 4,
        .keep = keep,
        .segment_rows =
            keep < RNNC_KEEP_SEGMENTS ? 0 : BATCH * (t->salt / 16 % 3)};
    rnnc_plan *plan = rnnc_plan_create(t->m.graph, &options);
    fuzz_check((rnnc_plan_message(plan)[0] == '\0') ==
                   (rnnc_plan_status(plan) == RNNC_OK),
               "plan", "its message does not go with its status");
    return plan;
}

// The values of an output, [BATCH, TIME, cols] at most.
static bool get(const rnnc_run *run, rnnc_node *output, float *values)
{
    if (output->shape.kind == RNI_STATIC)
        return rnnc_run_get_static(run, output, values) == RNNC_OK;
    if (output->shape.kind == RNI_BATCH)
        return rnnc_run_get_batch(run, output, values) == RNNC_OK;
    return rnnc_run_get_padded(run, output, values, TIME, RNNC_BATCH_MAJOR,
                               0) == RNNC_OK;
}

static bool same_bits(const float *a, const float *b, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (memcmp(a + i, b + i, sizeof *a) != 0 &&
            !(isnan(a[i]) && isnan(b[i])))
            return false;
    return true;
}

static void compare_orders(const trial *t, const rnnc_run *run,
                           const rnnc_run *turned)
{
    static float a[BATCH * TIME * WIDE], b[BATCH * TIME * WIDE];
    for (int32_t i = 0; i < t->n_outputs; i++) {
        rnnc_node *output = t->outputs[i];
        if (output->shape.kind == RNI_STATIC || !get(run, output, a) ||
            !get(turned, output, b))
            continue;
        int64_t count = output->shape.cols *
                        (output->shape.kind == RNI_SEQUENCE ? TIME : 1);
        for (int64_t k = 0; k < BATCH; k++)
            fuzz_check(
                same_bits(a + k * count, b + (BATCH - 1 - k) * count, count),
                "bits", "they depend on the order of the batch");
    }
}

// ---- Streams ---------------------------------------------------------------

static bool stream_inputs(const trial *t, rnnc_stream *stream)
{
    static block b;
    static float values[WIDE * WIDE];
    rnnc_status status = RNNC_OK;
    for (int32_t i = 0; i < t->n_inputs && status == RNNC_OK; i++) {
        rnnc_node *input = t->inputs[i];
        fill(t, input, false, &b);
        if (input->shape.kind == RNI_BATCH) {
            status = rnnc_stream_input_batch(stream, input, b.rows);
        } else if (input->shape.kind == RNI_STATIC) {
            static_values(t, input, values);
            status = rnnc_stream_input_static(stream, input, values);
        }
    }
    return status == RNNC_OK && rnnc_stream_begin(stream) == RNNC_OK;
}

static void feed(const trial *t, rnnc_stream *stream, int64_t step)
{
    for (int32_t i = 0; i < t->n_inputs; i++) {
        rnnc_node *input = t->inputs[i];
        float *rows = rnnc_stream_in(stream, input);
        int32_t *ids = rnnc_stream_in_ids(stream, input);
        int64_t cols = input->shape.cols;
        for (int64_t k = 0; k < BATCH && ids != NULL; k++)
            ids[k] = id_at(t, input, k, step);
        for (int64_t k = 0; k < BATCH && rows != NULL; k++)
            for (int64_t c = 0; c < cols; c++)
                rows[k * cols + c] = value_at(t, input, k, step, c);
    }
}

// What states begin with and go on with, and outputs, may be values from
// outside of their cell.
static bool has_late_part(const rnnc_cell *cell, const bool *late)
{
    bool is = false;
    for (int32_t s = 0; s < cell->n_states; s++) {
        const rni_cell_state *state = cell->states + s;
        is = is || late[state->next->id] ||
             (state->first != NULL && late[state->first->id]);
    }
    for (int32_t o = 0; o < cell->n_outputs; o++)
        is = is || late[cell->outputs[o].node->id];
    return is;
}

// Whether a value needs the end of a sequence, or all rows of a batch: a stream
// has what there is so far.
static bool is_late(const rnnc_node *node, const bool *late,
                    const bool *late_cells)
{
    bool is =
        node->op == RNI_OP_POOL || node->op == RNI_OP_FINAL ||
        node->op == RNI_OP_REVERSE ||
        (node->op == RNI_OP_UNROLL && (late_cells[node->unrolled->id] ||
                                       has_late_part(node->unrolled, late)));
    for (int32_t i = 0; i < node->n_inputs; i++)
        is = is || late[node->inputs[i]->id] ||
             (node->shape.kind == RNI_STATIC &&
              node->inputs[i]->shape.kind != RNI_STATIC);
    return is;
}

static bool is_causal(const trial *t, const rnnc_node *output)
{
    static bool late[NODES], late_cells[NODES];
    const rnnc_graph *graph = t->m.graph;
    if (graph->n_nodes > NODES)
        return false;
    memset(late_cells, 0, sizeof late_cells);
    for (int32_t i = 0; i < graph->n_nodes; i++) {
        const rnnc_node *node = graph->nodes[i];
        late[i] = is_late(node, late, late_cells);
        if (late[i] && node->cell != NULL)
            late_cells[node->cell->id] = true;
    }
    return !late[output->id];
}

static void compare_step(const trial *t, const rnnc_run *run,
                         rnnc_stream *stream, int64_t step)
{
    static float a[BATCH * TIME * WIDE];
    for (int32_t i = 0; i < t->n_outputs; i++) {
        rnnc_node *output = t->outputs[i];
        const float *out = rnnc_stream_out(stream, output);
        int64_t cols = output->shape.cols;
        if (out == NULL || output->shape.kind != RNI_SEQUENCE ||
            !is_causal(t, output) || !get(run, output, a))
            continue;
        for (int64_t k = 0; k < BATCH; k++)
            if (step < t->lengths[k])
                check(t,
                      same_bits(a + (k * TIME + step) * cols, out + k * cols,
                                cols),
                      "bits", "a stream's differ from a run's");
    }
}

static void compare_stream(const trial *t, const rnnc_run *run)
{
    rnnc_plan *plan = plan_for(t, RNNC_STREAM, 0);
    rnnc_stream *stream = rnnc_stream_create(plan, t->weights, BATCH);
    bool good =
        rnnc_stream_status(stream) == RNNC_OK && stream_inputs(t, stream);
    for (int64_t step = 0; good && step < TIME; step++) {
        feed(t, stream, step);
        good = rnnc_stream_step(stream) == RNNC_OK;
        if (good)
            compare_step(t, run, stream, step);
    }
    rnnc_stream_destroy(stream);
    rnnc_plan_destroy(plan);
}

// ---- The textbook ----------------------------------------------------------

static bool set_reference(const trial *t, rnnc_reference *reference)
{
    static block b;
    static float values[WIDE * WIDE];
    rnnc_status status = RNNC_OK;
    for (int32_t i = 0; i < t->n_inputs && status == RNNC_OK; i++) {
        rnnc_node *input = t->inputs[i];
        if (input->shape.kind == RNI_STATIC) {
            static_values(t, input, values);
            status = rnnc_reference_input_static(reference, input, values);
        } else if (input->shape.kind == RNI_BATCH) {
            fill(t, input, false, &b);
            status =
                rnnc_reference_input_batch(reference, input, b.rows, BATCH);
        } else {
            status = rnnc_reference_input(reference, input, t->sequences[0][i]);
        }
    }
    return status == RNNC_OK;
}

static void compare_reference(const trial *t, const rnnc_run *run)
{
    static float a[BATCH * TIME * WIDE];
    static double b[BATCH * TIME * WIDE];
    int64_t longest =
        t->lengths[0] > t->lengths[1] ? t->lengths[0] : t->lengths[1];
    rnnc_reference *reference = rnnc_reference_create(t->weights);
    bool good = reference != NULL && set_reference(t, reference);
    for (int32_t i = 0; good && i < t->n_outputs; i++) {
        rnnc_node *output = t->outputs[i];
        int64_t cols = output->shape.cols, rows = BATCH;
        if (output->shape.kind == RNI_STATIC)
            rows = output->shape.rows;
        else if (output->shape.kind == RNI_SEQUENCE)
            rows = BATCH * longest;
        if (rnnc_reference_value(reference, output, b, rows * cols) !=
                RNNC_OK ||
            rnnc_reference_kink(reference) < kink_least ||
            (output->shape.kind == RNI_SEQUENCE
                 ? rnnc_run_get_padded(run, output, a, longest,
                                       RNNC_BATCH_MAJOR, 0) != RNNC_OK
                 : !get(run, output, a)))
            continue;
        for (int64_t k = 0; k < rows * cols; k++)
            check(t, fabs((double)a[k] - b[k]) <= bound * (1 + fabs(b[k])),
                  "textbook", "a run gives another value");
    }
    rnnc_reference_destroy(reference);
}

// ---- Training --------------------------------------------------------------

enum { GRADIENTS = 4096 };

// All gradients, one after another; 0: they are too many.
static int64_t get_gradients(const trial *t, float *values)
{
    int64_t count = 0;
    for (int32_t i = 0; i < t->m.graph->n_nodes; i++) {
        const rnnc_node *node = t->m.graph->nodes[i];
        int64_t size = node->shape.rows * node->shape.cols;
        if (node->op != RNI_OP_PARAMETER)
            continue;
        if (size > GRADIENTS - count ||
            rnnc_weights_gradient(t->weights, rnnc_node_name(node),
                                  values + count, size) != RNNC_OK)
            return 0;
        count += size;
    }
    return count;
}

// A forward and a backward pass that keeps so much of it.
static bool pass(const trial *t, int32_t keep)
{
    rnnc_plan *plan = plan_for(t, RNNC_TRAIN, keep);
    rnnc_run *run = rnnc_run_create(plan, t->weights);
    if (keep == RNNC_KEEP_BUDGET)
        rnnc_run_budget(run, 64 * (int64_t)t->salt);
    bool good = rnnc_weights_zero_gradients(t->weights) == RNNC_OK &&
                set_inputs(t, run, false) && rnnc_run_forward(run) == RNNC_OK &&
                rnnc_run_backward(run) == RNNC_OK;
    rnnc_run_destroy(run);
    rnnc_plan_destroy(plan);
    return good;
}

static void step(const trial *t)
{
    rnnc_optimizer *optimizer = rnnc_optimizer_create(t->weights, RNNC_ADAM);
    rnnc_optimizer_step(optimizer);
    rnnc_optimizer_destroy(optimizer);
}

// A program without a loss of its own gets the total of its last value.
static void add_loss(trial *t)
{
    const rnnc_graph *graph = t->m.graph;
    for (int32_t i = graph->n_nodes - 1; i >= 0 && t->m.loss == NULL; i--) {
        rnnc_node *node = graph->nodes[i];
        if (node->cell == NULL && node->shape.type == RNI_FLOAT)
            t->m.loss = rnnc_total(node);
    }
}

static void train(const trial *t)
{
    static float kept[GRADIENTS], again[GRADIENTS];
    int32_t keep = t->salt / 4 % 4;
    if (!pass(t, keep))
        return;
    int64_t count = get_gradients(t, kept);
    if (keep != RNNC_KEEP_RESULTS && pass(t, RNNC_KEEP_RESULTS) &&
        get_gradients(t, again) == count)
        check(t, same_bits(kept, again, count), "bits",
              "gradients depend on what is kept");
    step(t);
}

// ---- All -------------------------------------------------------------------

// What is asked of a program: which one its first byte says.
enum { ORDERS, STEPS, TEXTBOOK, TRAIN };

static rnnc_run *forward(const trial *t, rnnc_plan *plan, bool turned,
                         bool *good)
{
    rnnc_run *run = rnnc_run_create(plan, t->weights);
    *good = rnnc_run_status(run) == RNNC_OK && set_inputs(t, run, turned) &&
            rnnc_run_forward(run) == RNNC_OK;
    return run;
}

static void infer(const trial *t, int32_t question)
{
    bool good, good_too = false;
    rnnc_plan *plan = plan_for(t, RNNC_INFER, 0);
    rnnc_run *run = forward(t, plan, false, &good), *turned = NULL;
    if (question == ORDERS)
        turned = forward(t, plan, true, &good_too);
    if (good && good_too)
        compare_orders(t, run, turned);
    if (good && question == STEPS)
        compare_stream(t, run);
    if (good && question == TEXTBOOK && t->m.tame)
        compare_reference(t, run);
    rnnc_run_destroy(run);
    rnnc_run_destroy(turned);
    rnnc_plan_destroy(plan);
}

// Inputs and outputs of the graph; false where they are too many or too wide.
static bool list_ends(trial *t)
{
    const rnnc_graph *graph = t->m.graph;
    for (int32_t i = 0; i < graph->n_nodes; i++) {
        rnnc_node *node = graph->nodes[i];
        if (node->op != RNI_OP_INPUT)
            continue;
        if (t->n_inputs == INPUTS || node->shape.cols > WIDE ||
            node->shape.rows > WIDE)
            return false;
        t->inputs[t->n_inputs++] = node;
    }
    for (int32_t i = t->m.values.count - 1; i >= 0; i--) {
        rnnc_node *node = t->m.values.nodes[i];
        if (t->n_outputs < OUTPUTS && node->shape.type == RNI_FLOAT &&
            node->shape.cols * node->shape.rows <= WIDE)
            t->outputs[t->n_outputs++] = node;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    trial t = {.m = {.data = data, .size = size}};
    uint8_t flags = machine_byte(&t.m);
    int32_t question = flags >> 6;
    fuzz_memory memory = {0, 0, FUZZ_BYTES, -1};
    t.salt = machine_byte(&t.m);
    t.m.tame = flags & 1;
    if (flags & 2)
        memory.left = 1 + 5 * (int64_t)machine_byte(&t.m);
    for (int64_t k = 0; k < BATCH; k++)
        t.lengths[k] = (flags >> (2 + 2 * k) & 3) % (TIME + 1);
    t.context = fuzz_context(&memory);
    t.m.graph = t.context == NULL ? NULL : rnnc_graph_create(t.context);
    if (t.m.graph != NULL) {
        machine_describe(&t.m);
        if (question == TRAIN)
            add_loss(&t);
        t.weights = rnnc_weights_create(t.m.graph, t.salt);
        if (rnnc_weights_status(t.weights) == RNNC_OK && list_ends(&t) &&
            make_sequences(&t)) {
            if (question == TRAIN)
                train(&t);
            else
                infer(&t, question);
        }
        destroy_sequences(&t);
        rnnc_weights_destroy(t.weights);
        rnnc_graph_destroy(t.m.graph);
    }
    fuzz_end(&memory, t.context);
    return 0;
}
