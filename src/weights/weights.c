// SPDX-License-Identifier: MIT
// The values of a graph's parameters, their gradients, and their version.
#include "weights/weights.h"

#include <float.h>
#include <string.h>

#include "weights/initial.h"

// Each parameter begins at a multiple of so many floats: 64 bytes.
enum { ALIGNED_FLOATS = 16 };

static const rni_memory *memory_of(const rnnc_weights *weights)
{
    return &weights->graph->context->memory;
}

static size_t total_floats(const rnnc_weights *weights)
{
    return (size_t)weights->offsets[weights->n_parameters];
}

// ---- The handle -----------------------------------------------------------

// An empty handle that holds the graph, or NULL.
static rnnc_weights *weights_new(rnnc_graph *graph)
{
    const rni_memory *memory = &graph->context->memory;
    rnnc_weights *weights = rni_memory_zeroed(memory, 1, sizeof *weights);
    if (weights == NULL)
        return NULL;
    if (pthread_mutex_init(&weights->lock, NULL) != 0) {
        rni_memory_release(memory, weights);
        return NULL;
    }
    weights->graph = rni_graph_hold(graph);
    atomic_init(&weights->references, 1);
    atomic_init(&weights->version, 1);
    weights->n_parameters = graph->n_parameters;
    weights->owed = 1;
    return weights;
}

static void weights_free(rnnc_weights *weights)
{
    rnnc_graph *graph = weights->graph;
    const rni_memory *memory = memory_of(weights);
    pthread_mutex_destroy(&weights->lock);
    rni_memory_release(memory, weights->offsets);
    rni_memory_release(memory, weights->values);
    rni_memory_release(memory, weights->gradients);
    rni_memory_release(memory, weights->storages);
    rni_memory_release(memory, weights);
    rni_graph_drop(graph);
}

rnnc_weights *rni_weights_hold(rnnc_weights *weights)
{
    if (weights != NULL)
        atomic_fetch_add_explicit(&weights->references, 1,
                                  memory_order_relaxed);
    return weights;
}

void rni_weights_drop(rnnc_weights *weights)
{
    if (weights != NULL && atomic_fetch_sub_explicit(&weights->references, 1,
                                                     memory_order_acq_rel) == 1)
        weights_free(weights);
}

// Places every parameter and makes room for all values, which are zero.
static bool allocate(rnnc_weights *weights)
{
    const rnnc_graph *graph = weights->graph;
    int64_t at = 0;
    weights->offsets =
        rni_memory_zeroed(memory_of(weights), (size_t)graph->n_parameters + 1,
                          sizeof *weights->offsets);
    weights->storages =
        rni_memory_zeroed(memory_of(weights), (size_t)graph->n_parameters, 1);
    if (weights->offsets == NULL || weights->storages == NULL)
        return false;
    for (int32_t p = 0; p < weights->n_parameters; p++) {
        // A parameter has at most 2^40 floats, and there are at most 2^31.
        int64_t floats =
            graph->parameters[p]->rows * graph->parameters[p]->cols;
        floats += -floats & (ALIGNED_FLOATS - 1);
        if (at > INT64_MAX / (int64_t)sizeof(float) - floats)
            return false;
        at += floats;
        weights->offsets[p + 1] = at;
    }
    weights->values =
        rni_memory_zeroed(memory_of(weights), (size_t)at, sizeof(float));
    return weights->values != NULL;
}

rnnc_weights *rni_weights_make(rnnc_graph *graph)
{
    rnnc_weights *weights = graph == NULL ? NULL : weights_new(graph);
    if (weights != NULL &&
        rni_error_copy(&weights->error, &graph->error) == RNNC_OK &&
        !allocate(weights))
        rni_error_memory(&weights->error);
    return weights;
}

rnnc_weights *rnnc_weights_create(rnnc_graph *graph, uint64_t seed)
{
    rnnc_weights *weights = rni_weights_make(graph);
    if (weights == NULL || weights->values == NULL)
        return weights;
    bool drawn = true;
    for (int32_t p = 0; drawn && p < weights->n_parameters; p++)
        drawn = rni_initial_fill(memory_of(weights), graph->parameters[p], seed,
                                 rni_weights_values(weights, p));
    if (!drawn) {
        rni_memory_release(memory_of(weights), weights->values);
        weights->values = NULL;
        rni_error_memory(&weights->error);
    }
    return weights;
}

void rnnc_weights_destroy(rnnc_weights *weights)
{
    rni_weights_drop(weights);
}

rnnc_status rnnc_weights_status(const rnnc_weights *weights)
{
    return weights == NULL ? RNNC_E_MEMORY : weights->error.status;
}

const char *rnnc_weights_message(const rnnc_weights *weights)
{
    return weights == NULL ? "out of memory" : weights->error.text;
}

rnnc_graph *rnnc_weights_graph(const rnnc_weights *weights)
{
    return weights == NULL ? NULL : weights->graph;
}

uint64_t rnnc_weights_version(const rnnc_weights *weights)
{
    return weights == NULL ? 0 : atomic_load(&weights->version);
}

// All of one version, even where another thread is making the next.
static void copy_values(rnnc_weights *to, const rnnc_weights *from)
{
    pthread_mutex_t *lock = &((rnnc_weights *)(uintptr_t)from)->lock;
    pthread_mutex_lock(lock);
    memcpy(to->values, from->values, total_floats(from) * sizeof *to->values);
    memcpy(to->storages, from->storages, (size_t)from->n_parameters);
    pthread_mutex_unlock(lock);
}

void rni_weights_take(rnnc_weights *to, const rnnc_weights *from)
{
    pthread_mutex_lock(&to->lock);
    memcpy(to->values, from->values, total_floats(to) * sizeof *to->values);
    for (int32_t p = 0; p < to->n_parameters; p++)
        if (to->storages[p] != from->storages[p])
            rni_weights_set_storage(to, p, from->storages[p]);
    atomic_fetch_add(&to->version, 1);
    pthread_mutex_unlock(&to->lock);
}

rnnc_weights *rnnc_weights_copy(const rnnc_weights *weights)
{
    rnnc_weights *copy = weights == NULL ? NULL : weights_new(weights->graph);
    if (copy == NULL)
        return NULL;
    copy->n_parameters = weights->n_parameters;
    if (weights->values == NULL)
        rni_error_copy(&copy->error, &weights->error);
    else if (allocate(copy))
        copy_values(copy, weights);
    else
        rni_error_memory(&copy->error);
    return copy;
}

// ---- Values by name -------------------------------------------------------

int32_t rni_weights_find(const rnnc_weights *weights, const char *name)
{
    const rni_parameter *parameter =
        name == NULL ? NULL : rni_graph_parameter(weights->graph, name);
    if (parameter == NULL || parameter->index >= weights->n_parameters)
        return -1;
    return parameter->index;
}

static int64_t count_floats(const rnnc_weights *weights, int32_t index)
{
    const rni_parameter *parameter = weights->graph->parameters[index];
    return parameter->rows * parameter->cols;
}

int64_t rnnc_weights_count(const rnnc_weights *weights, const char *name)
{
    int32_t index = weights == NULL || weights->values == NULL
                        ? -1
                        : rni_weights_find(weights, name);
    return index < 0 ? -1 : count_floats(weights, index);
}

// Checks a call for `count` floats of a parameter; *index is which it is.
static rnnc_status check(const rnnc_weights *weights, rni_error *error,
                         const char *name, const void *values, int64_t count,
                         int32_t *index)
{
    if (name == NULL || values == NULL)
        return rni_error_set(error, RNNC_E_ARGUMENT, "weights: %s is NULL",
                             name == NULL ? "name" : "values");
    *index = rni_weights_find(weights, name);
    if (*index < 0)
        return rni_error_set(error, RNNC_E_NAME,
                             "weights: no parameter is named \"%.80s\"", name);
    int64_t expected = count_floats(weights, *index);
    if (count != expected)
        return rni_error_set(error, RNNC_E_SHAPE,
                             "weights: count is %lld, expected the %lld floats "
                             "of \"%.80s\"",
                             (long long)count, (long long)expected, name);
    return RNNC_OK;
}

rnnc_status rnnc_weights_get(const rnnc_weights *weights, const char *name,
                             float *values, int64_t count)
{
    if (weights == NULL || weights->values == NULL)
        return rnnc_weights_status(weights);
    rni_error error = {0};
    int32_t index;
    if (check(weights, &error, name, values, count, &index) != RNNC_OK)
        return error.status;
    memcpy(values, rni_weights_values(weights, index),
           (size_t)count * sizeof *values);
    return RNNC_OK;
}

rnnc_status rnnc_weights_set(rnnc_weights *weights, const char *name,
                             const float *values, int64_t count)
{
    if (weights == NULL || weights->values == NULL)
        return rnnc_weights_status(weights);
    int32_t index;
    rni_error_clear(&weights->error);
    if (check(weights, &weights->error, name, values, count, &index) !=
            RNNC_OK ||
        !rni_weights_fit(weights, index, weights->storages[index], values,
                         &weights->error))
        return weights->error.status;
    pthread_mutex_lock(&weights->lock);
    memcpy(rni_weights_values(weights, index), values,
           (size_t)count * sizeof *values);
    rni_weights_round(weights, index);
    atomic_fetch_add(&weights->version, 1);
    pthread_mutex_unlock(&weights->lock);
    return RNNC_OK;
}

// ---- Gradients ------------------------------------------------------------

rnnc_status rni_weights_need_gradients(rnnc_weights *weights)
{
    if (weights->values == NULL)
        return weights->error.status;
    if (weights->gradients == NULL)
        weights->gradients = rni_memory_zeroed(
            memory_of(weights), total_floats(weights), sizeof(float));
    if (weights->gradients == NULL)
        return rni_error_memory(&weights->error);
    return RNNC_OK;
}

// The factor of the gradient of parameter p.
static float factor_of(const rnnc_weights *weights, int32_t p)
{
    return weights->graph->parameters[p]->frozen ? 1 : weights->owed;
}

static void multiply(const float *from, float factor, float *to, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        to[i] = from[i] * factor;
}

void rni_weights_settle(rnnc_weights *weights)
{
    if (weights->owed >= 1 && weights->owed <= 1)
        return;
    for (int32_t p = 0; p < weights->n_parameters; p++) {
        float *values = rni_weights_gradients(weights, p);
        multiply(values, factor_of(weights, p), values,
                 weights->offsets[p + 1] - weights->offsets[p]);
    }
    weights->owed = 1;
}

void rni_weights_owe(rnnc_weights *weights, float factor)
{
    const float product = weights->owed * factor;
    const float size = product < 0 ? -product : product;
    if (!(size >= FLT_MIN && size <= FLT_MAX))
        rni_weights_settle(weights);
    weights->owed *= factor;
}

rnnc_status rnnc_weights_gradient(const rnnc_weights *weights, const char *name,
                                  float *values, int64_t count)
{
    if (weights == NULL || weights->values == NULL)
        return rnnc_weights_status(weights);
    rni_error error = {0};
    int32_t index;
    if (check(weights, &error, name, values, count, &index) != RNNC_OK)
        return error.status;
    if (weights->gradients == NULL)
        memset(values, 0, (size_t)count * sizeof *values);
    else
        multiply(rni_weights_gradients(weights, index),
                 factor_of(weights, index), values, count);
    return RNNC_OK;
}

rnnc_status rnnc_weights_zero_gradients(rnnc_weights *weights)
{
    if (weights == NULL || weights->values == NULL)
        return rnnc_weights_status(weights);
    if (weights->gradients != NULL)
        memset(weights->gradients, 0,
               total_floats(weights) * sizeof *weights->gradients);
    weights->owed = 1;
    return RNNC_OK;
}
