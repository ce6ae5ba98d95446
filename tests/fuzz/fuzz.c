// SPDX-License-Identifier: MIT
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/node.h"

void fuzz_check(bool good, const char *what, const char *detail)
{
    if (good)
        return;
    fprintf(stderr, "%s: %s\n", what, detail);
    abort();
}

void fuzz_print(const rnnc_graph *graph)
{
    for (int32_t i = 0; i < graph->n_nodes; i++) {
        const rnnc_node *node = graph->nodes[i];
        char text[RNI_NODE_TEXT];
        rni_node_print(node, text);
        fprintf(stderr, "%ld %s", (long)node->id, text);
        for (int32_t k = 0; k < node->n_inputs; k++)
            fprintf(stderr, " %ld", (long)node->inputs[k]->id);
        fprintf(stderr, node->cell != NULL ? " in %s\n" : "\n",
                node->cell != NULL ? node->cell->name : "");
    }
}

// ---- Memory ----------------------------------------------------------------

// The size of a block stands before it; 16 keeps the rest aligned.
enum { BEFORE = 16 };

static void *allocate(void *user, size_t bytes)
{
    fuzz_memory *memory = user;
    if (memory->left == 0 || bytes > memory->most - memory->bytes)
        return NULL;
    unsigned char *block = malloc(BEFORE + bytes);
    if (block == NULL)
        return NULL;
    memory->left -= memory->left > 0;
    memory->bytes += bytes;
    memory->live++;
    memcpy(block, &bytes, sizeof bytes);
    return block + BEFORE;
}

static void release(void *user, void *block)
{
    fuzz_memory *memory = user;
    size_t bytes;
    memcpy(&bytes, (unsigned char *)block - BEFORE, sizeof bytes);
    memory->bytes -= bytes;
    memory->live--;
    free((unsigned char *)block - BEFORE);
}

rnnc_context *fuzz_context(fuzz_memory *memory)
{
    rnnc_context_options options = {.struct_size = sizeof options,
                                    .allocate = allocate,
                                    .release = release,
                                    .user = memory,
                                    .node_limit = FUZZ_NODES};
    return rnnc_context_create(&options);
}

void fuzz_end(fuzz_memory *memory, rnnc_context *context)
{
    rnnc_context_destroy(context);
    fuzz_check(memory->live == 0, "memory", "blocks are lost");
}

// ---- Plans -----------------------------------------------------------------

enum { OUTPUTS = 4, INPUTS = 64, ROWS = 2, LONGEST = 3, COLS_MOST = 64 };

// A sequence is borrowed by the run, so each input has its own.
static bool set_rows(rnnc_run *run, rnnc_node *input, rnnc_sequence *sequence)
{
    static const float values[ROWS * LONGEST * COLS_MOST] = {0.5f, -1, 2};
    static const int32_t ids[ROWS * LONGEST] = {0};
    static const int64_t lengths[ROWS] = {LONGEST, 1};
    const rni_shape *shape = &input->shape;
    rnnc_status status = RNNC_OK;
    if (shape->kind == RNI_STATIC)
        status = shape->rows * shape->cols > ROWS * LONGEST * COLS_MOST
                     ? RNNC_E_LIMIT
                     : rnnc_run_input_static(run, input, values);
    else if (shape->kind == RNI_BATCH)
        status = shape->type == RNI_IDS
                     ? rnnc_run_input_batch_ids(run, input, ids, ROWS)
                     : rnnc_run_input_batch(run, input, values, ROWS);
    else if (shape->type == RNI_IDS)
        status = rnnc_sequence_set_padded_ids(sequence, ids, lengths, ROWS,
                                              LONGEST, RNNC_BATCH_MAJOR);
    else
        status =
            rnnc_sequence_set_padded(sequence, values, lengths, ROWS, LONGEST,
                                     shape->cols, RNNC_BATCH_MAJOR);
    if (shape->kind == RNI_SEQUENCE && status == RNNC_OK)
        status = rnnc_run_input(run, input, sequence);
    return status == RNNC_OK;
}

typedef struct sequences {
    rnnc_sequence *all[INPUTS];
    int32_t count;
} sequences;

static bool set_inputs(rnnc_run *run, const rnnc_graph *graph, sequences *s)
{
    for (int32_t i = 0; i < graph->n_nodes; i++) {
        rnnc_node *node = graph->nodes[i];
        if (node->op != RNI_OP_INPUT)
            continue;
        if (node->shape.cols > COLS_MOST || s->count == INPUTS)
            return false;
        rnnc_sequence *sequence = rnnc_sequence_create(graph->context);
        s->all[s->count++] = sequence;
        if (sequence == NULL || !set_rows(run, node, sequence))
            return false;
    }
    return true;
}

static void run_plan(rnnc_plan *plan, rnnc_graph *graph, rnnc_weights *weights,
                     bool train)
{
    rnnc_run *run = rnnc_run_create(plan, weights);
    sequences s = {.count = 0};
    if (rnnc_run_status(run) == RNNC_OK && set_inputs(run, graph, &s) &&
        rnnc_run_forward(run) == RNNC_OK && train)
        rnnc_run_backward(run);
    while (s.count > 0)
        rnnc_sequence_destroy(s.all[--s.count]);
    rnnc_run_destroy(run);
}

static void stream_plan(rnnc_plan *plan, rnnc_weights *weights)
{
    rnnc_stream *stream = rnnc_stream_create(plan, weights, ROWS);
    if (rnnc_stream_status(stream) == RNNC_OK)
        rnnc_stream_step(stream);
    rnnc_stream_destroy(stream);
}

// The last nodes of the graph that are values, and the last loss.
static int32_t choose(const rnnc_graph *graph, rnnc_node *outputs[OUTPUTS],
                      rnnc_node **loss)
{
    int32_t count = 0;
    *loss = NULL;
    for (int32_t i = graph->n_nodes - 1; i >= 0; i--) {
        rnnc_node *node = graph->nodes[i];
        const rni_shape *shape = &node->shape;
        if (node->cell != NULL || shape->type != RNI_FLOAT)
            continue;
        if (count < OUTPUTS)
            outputs[count++] = node;
        if (*loss == NULL && shape->kind == RNI_STATIC && shape->rows == 1 &&
            shape->cols == 1)
            *loss = node;
    }
    return count;
}

void fuzz_plan(rnnc_graph *graph, rnnc_weights *weights)
{
    rnnc_node *outputs[OUTPUTS], *loss;
    int32_t count = choose(graph, outputs, &loss);
    for (int32_t use = RNNC_INFER; use <= RNNC_STREAM; use++) {
        rnnc_plan_options options = {.struct_size = sizeof options,
                                     .use = use,
                                     .outputs = outputs,
                                     .n_outputs = count,
                                     .loss = use == RNNC_TRAIN ? loss : NULL};
        rnnc_plan *plan = rnnc_plan_create(graph, &options);
        rnnc_status status = rnnc_plan_status(plan);
        fuzz_check((rnnc_plan_message(plan)[0] == '\0') == (status == RNNC_OK),
                   "plan", "its message does not go with its status");
        rnnc_plan_print(plan, NULL, 0);
        if (status == RNNC_OK && use == RNNC_STREAM)
            stream_plan(plan, weights);
        else if (status == RNNC_OK)
            run_plan(plan, graph, weights, use == RNNC_TRAIN);
        rnnc_plan_destroy(plan);
    }
}
