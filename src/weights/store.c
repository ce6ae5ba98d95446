// SPDX-License-Identifier: MIT
// Parameters stored in fewer bits: chosen by name, or all that products
// multiply by.
#include <string.h>

#include "weights/storage.h"
#include "weights/weights.h"

static const rni_parameter *parameter_of(const rnnc_weights *weights, int32_t p)
{
    return weights->graph->parameters[p];
}

// ---- One parameter ----------------------------------------------------------

bool rni_weights_fit(const rnnc_weights *weights, int32_t p, int32_t storage,
                     const float *values, rni_error *error)
{
    const rni_parameter *parameter = parameter_of(weights, p);
    int64_t row =
        rni_storage_misfit(storage, parameter->rows, parameter->cols, values);
    if (row >= 0)
        rni_error_set(error, RNNC_E_ARGUMENT,
                      "weights: row %lld of \"%.80s\" has a value that is not "
                      "finite, or 2^127 or more; %s cannot hold it",
                      (long long)row, parameter->name,
                      rni_storage_name(storage));
    return row < 0;
}

void rni_weights_round(rnnc_weights *weights, int32_t p)
{
    const rni_parameter *parameter = parameter_of(weights, p);
    rni_storage_round(weights->storages[p], parameter->rows, parameter->cols,
                      rni_weights_values(weights, p));
}

void rni_weights_set_storage(rnnc_weights *weights, int32_t p, int32_t storage)
{
    weights->stored += weights->storages[p] != storage;
    weights->storages[p] = (uint8_t)storage;
}

bool rni_weights_trainable(const rnnc_weights *weights, int32_t p,
                           const char *who, rni_error *error)
{
    if (weights->storages[p] == RNNC_STORE_FLOAT32)
        return true;
    rni_error_set(error, RNNC_E_UNSUPPORTED,
                  "%s: parameter \"%.80s\" is stored as %s; only float32 can "
                  "be trained",
                  who, parameter_of(weights, p)->name,
                  rni_storage_name(weights->storages[p]));
    return false;
}

// ---- Which parameters -------------------------------------------------------

// Marks what a marked node is a part or a row of parts of.
static void mark_views(const rnnc_node *node, uint8_t *marks)
{
    bool view = node->op == RNI_OP_ROWS || node->op == RNI_OP_SLICE ||
                node->op == RNI_OP_CONCAT;
    for (int32_t i = 0; view && marks[node->id] && i < node->n_inputs; i++)
        marks[node->inputs[i]->id] = 1;
}

// Marks the nodes that are right sides of products. A node comes after its
// inputs.
static void mark_factors(const rnnc_graph *graph, uint8_t *marks)
{
    for (int32_t n = graph->n_nodes - 1; n >= 0; n--) {
        const rnnc_node *node = graph->nodes[n];
        if (node->op == RNI_OP_MATMUL || node->op == RNI_OP_PROJECT)
            marks[node->inputs[1]->id] = 1;
        mark_views(node, marks);
    }
}

// The chosen parameters, [n_parameters] 1 or 0.
static rnnc_status choose(rnnc_weights *weights, const char *name,
                          uint8_t *chosen)
{
    const rnnc_graph *graph = weights->graph;
    const rni_memory *memory = &graph->context->memory;
    if (name != NULL) {
        int32_t p = rni_weights_find(weights, name);
        if (p < 0)
            return rni_error_set(&weights->error, RNNC_E_NAME,
                                 "weights: no parameter is named \"%.80s\"",
                                 name);
        chosen[p] = 1;
        return RNNC_OK;
    }
    uint8_t *marks = rni_memory_zeroed(memory, (size_t)graph->n_nodes, 1);
    if (marks == NULL)
        return rni_error_memory(&weights->error);
    mark_factors(graph, marks);
    for (int32_t p = 0; p < weights->n_parameters; p++)
        chosen[p] = marks[graph->parameters[p]->node->id];
    rni_memory_release(memory, marks);
    return RNNC_OK;
}

// ---- The public calls -------------------------------------------------------

static bool all_fit(rnnc_weights *weights, const uint8_t *chosen,
                    int32_t storage)
{
    for (int32_t p = 0; p < weights->n_parameters; p++)
        if (chosen[p] &&
            !rni_weights_fit(weights, p, storage,
                             rni_weights_values(weights, p), &weights->error))
            return false;
    return true;
}

static void store_chosen(rnnc_weights *weights, const uint8_t *chosen,
                         int32_t storage)
{
    pthread_mutex_lock(&weights->lock);
    for (int32_t p = 0; p < weights->n_parameters; p++) {
        if (!chosen[p])
            continue;
        rni_weights_set_storage(weights, p, storage);
        rni_weights_round(weights, p);
    }
    atomic_fetch_add(&weights->version, 1);
    pthread_mutex_unlock(&weights->lock);
}

rnnc_status rnnc_weights_store(rnnc_weights *weights, const char *name,
                               int32_t storage)
{
    if (weights == NULL || weights->values == NULL)
        return rnnc_weights_status(weights);
    const rni_memory *memory = &weights->graph->context->memory;
    rni_error_clear(&weights->error);
    if (rni_storage_name(storage) == NULL)
        return rni_error_set(&weights->error, RNNC_E_ARGUMENT,
                             "weights: there is no storage %ld", (long)storage);
    uint8_t *chosen =
        rni_memory_zeroed(memory, (size_t)weights->n_parameters, 1);
    if (chosen == NULL)
        return rni_error_memory(&weights->error);
    if (choose(weights, name, chosen) == RNNC_OK &&
        all_fit(weights, chosen, storage))
        store_chosen(weights, chosen, storage);
    rni_memory_release(memory, chosen);
    return weights->error.status;
}

int32_t rnnc_weights_storage(const rnnc_weights *weights, const char *name)
{
    int32_t p = weights == NULL || weights->values == NULL
                    ? -1
                    : rni_weights_find(weights, name);
    return p < 0 ? -1 : weights->storages[p];
}
