// SPDX-License-Identifier: MIT
// The handle of a dataset, and how it is filled.
#include "train/dataset.h"

#include <string.h>

static const rni_memory *memory_of(const rnnc_dataset *dataset)
{
    return &dataset->graph->context->memory;
}

rnnc_dataset *rnnc_dataset_create(rnnc_graph *graph)
{
    if (graph == NULL)
        return NULL;
    rnnc_dataset *dataset =
        rni_memory_zeroed(&graph->context->memory, 1, sizeof *dataset);
    if (dataset == NULL)
        return NULL;
    dataset->graph = rni_graph_hold(graph);
    atomic_init(&dataset->references, 1);
    rni_error_copy(&dataset->error, &graph->error);
    return dataset;
}

rnnc_dataset *rni_dataset_hold(rnnc_dataset *dataset)
{
    if (dataset != NULL)
        atomic_fetch_add_explicit(&dataset->references, 1,
                                  memory_order_relaxed);
    return dataset;
}

static void clear(const rni_memory *memory, rni_column *column)
{
    rni_memory_release(memory, column->rows);
    rni_memory_release(memory, column->lengths);
}

void rnnc_dataset_destroy(rnnc_dataset *dataset)
{
    if (dataset == NULL || atomic_fetch_sub(&dataset->references, 1) != 1)
        return;
    rnnc_graph *graph = dataset->graph;
    const rni_memory *memory = memory_of(dataset);
    for (int32_t c = 0; c < dataset->n_columns; c++)
        clear(memory, &dataset->columns[c]);
    rni_memory_release(memory, dataset->columns);
    rni_memory_release(memory, dataset);
    rni_graph_drop(graph);
}

rnnc_status rnnc_dataset_status(const rnnc_dataset *dataset)
{
    return dataset == NULL ? RNNC_E_MEMORY : dataset->error.status;
}

const char *rnnc_dataset_message(const rnnc_dataset *dataset)
{
    return dataset == NULL ? "out of memory" : dataset->error.text;
}

int64_t rnnc_dataset_count(const rnnc_dataset *dataset)
{
    return dataset == NULL ? 0 : dataset->count;
}

// ---- Filling ----------------------------------------------------------------

// A call: what it is for, and what it brings.
typedef struct filling {
    rnnc_node *input;
    int32_t kind, type;
    const void *rows; // of a sequence: [count] addresses
    const int64_t *lengths;
    const void *values; // of a batch
    int64_t count;
} filling;

static rnnc_status check_input(rnnc_dataset *dataset, const filling *f)
{
    char text[RNI_NODE_TEXT];
    if (f->input == NULL || f->input->graph != dataset->graph ||
        f->input->op != RNI_OP_INPUT)
        return rni_error_set(&dataset->error, RNNC_E_ARGUMENT,
                             "dataset: the node is no input of its graph");
    rni_node_print(f->input, text);
    if (f->input->shape.kind != f->kind || f->input->shape.type != f->type)
        return rni_error_set(&dataset->error, RNNC_E_SHAPE,
                             "dataset: %s is filled with %s, %s", text,
                             f->type == RNI_IDS ? "ids" : "floats",
                             f->kind == RNI_BATCH ? "one for each example"
                                                  : "one for each step");
    return RNNC_OK;
}

// Whether there is a column for another input.
static bool has_others(const rnnc_dataset *dataset, const rnnc_node *input)
{
    for (int32_t c = 0; c < dataset->n_columns; c++)
        if (dataset->columns[c].input != input)
            return true;
    return false;
}

static rnnc_status check_count(rnnc_dataset *dataset, const filling *f)
{
    const char *name = f->input->name;
    bool empty = f->kind == RNI_BATCH ? f->values == NULL
                                      : f->rows == NULL || f->lengths == NULL;
    if (f->count < 0 || f->count >= (int64_t)UINT32_MAX ||
        (f->count > 0 && empty))
        return rni_error_set(&dataset->error, RNNC_E_ARGUMENT,
                             "dataset: %lld examples for \"%.80s\"%s",
                             (long long)f->count, name,
                             empty ? ", and their values are NULL" : "");
    if (f->count != dataset->count && has_others(dataset, f->input))
        return rni_error_set(&dataset->error, RNNC_E_SHAPE,
                             "dataset: %lld examples for \"%.80s\", other "
                             "inputs have %lld",
                             (long long)f->count, name,
                             (long long)dataset->count);
    return RNNC_OK;
}

// Whether it is a column of this call's input, as many examples as long as
// these.
static bool is_alike(const rnnc_dataset *dataset, const rni_column *column,
                     const filling *f)
{
    if (column->input != f->input || f->count != dataset->count)
        return false;
    for (int64_t i = 0; f->kind == RNI_SEQUENCE && i < f->count; i++)
        if (column->lengths[i] != f->lengths[i])
            return false;
    return true;
}

// A trainer has made room for the inputs and the examples that there were, and
// sorts and counts by their lengths.
static rnnc_status check_trainers(rnnc_dataset *dataset, const filling *f)
{
    bool alike = atomic_load(&dataset->references) == 1;
    for (int32_t c = 0; !alike && c < dataset->n_columns; c++)
        alike = is_alike(dataset, &dataset->columns[c], f);
    if (alike)
        return RNNC_OK;
    return rni_error_set(&dataset->error, RNNC_E_STATE,
                         "dataset: %lld examples for \"%.80s\": a trainer "
                         "reads the dataset, expected other values for an "
                         "input that it has, of %lld examples as long as they "
                         "were",
                         (long long)f->count, f->input->name,
                         (long long)dataset->count);
}

static const void *row_of(const filling *f, int64_t i)
{
    const void *row;
    memcpy(&row, (const char *)f->rows + (size_t)i * sizeof row, sizeof row);
    return row;
}

static rnnc_status check_lengths(rnnc_dataset *dataset, const filling *f)
{
    for (int64_t i = 0; f->kind == RNI_SEQUENCE && i < f->count; i++) {
        if (f->lengths[i] < 0)
            return rni_error_set(&dataset->error, RNNC_E_VALUE,
                                 "dataset: example %lld of \"%.80s\" has %lld "
                                 "steps",
                                 (long long)i, f->input->name,
                                 (long long)f->lengths[i]);
        if (row_of(f, i) == NULL && f->lengths[i] > 0)
            return rni_error_set(&dataset->error, RNNC_E_ARGUMENT,
                                 "dataset: example %lld of \"%.80s\" is NULL",
                                 (long long)i, f->input->name);
    }
    return RNNC_OK;
}

static bool make_column(const rni_memory *memory, const filling *f,
                        rni_column *column)
{
    *column = (rni_column){.input = f->input, .values = f->values};
    if (f->kind != RNI_SEQUENCE)
        return true;
    size_t count = (size_t)f->count;
    column->rows = rni_memory_zeroed(memory, count, sizeof *column->rows);
    column->lengths = rni_memory_zeroed(memory, count, sizeof *column->lengths);
    if (column->rows == NULL || column->lengths == NULL) {
        clear(memory, column);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        column->rows[i] = row_of(f, (int64_t)i);
        column->lengths[i] = f->lengths[i];
    }
    return true;
}

// In the place of the column of the same input, or behind the last.
static rnnc_status put_column(rnnc_dataset *dataset, const filling *f)
{
    const rni_memory *memory = memory_of(dataset);
    rni_column made;
    int32_t at = 0;
    while (at < dataset->n_columns && dataset->columns[at].input != f->input)
        at++;
    if (!rni_array_reserve(memory, (void **)&dataset->columns,
                           &dataset->capacity, (int64_t)at + 1, sizeof made) ||
        !make_column(memory, f, &made))
        return rni_error_memory(&dataset->error);
    clear(memory, &dataset->columns[at]);
    dataset->columns[at] = made;
    dataset->count = f->count;
    if (at == dataset->n_columns)
        dataset->n_columns++;
    return RNNC_OK;
}

static rnnc_status fill(rnnc_dataset *dataset, const filling *f)
{
    if (dataset == NULL)
        return RNNC_E_MEMORY;
    rni_error_clear(&dataset->error);
    if (check_input(dataset, f) != RNNC_OK ||
        check_count(dataset, f) != RNNC_OK ||
        check_lengths(dataset, f) != RNNC_OK ||
        check_trainers(dataset, f) != RNNC_OK)
        return dataset->error.status;
    return put_column(dataset, f);
}

rnnc_status rnnc_dataset_rows(rnnc_dataset *dataset, rnnc_node *input,
                              const float *const *rows, const int64_t *lengths,
                              int64_t count)
{
    return fill(dataset, &(filling){.input = input,
                                    .kind = RNI_SEQUENCE,
                                    .type = RNI_FLOAT,
                                    .rows = rows,
                                    .lengths = lengths,
                                    .count = count});
}

rnnc_status rnnc_dataset_ids(rnnc_dataset *dataset, rnnc_node *input,
                             const int32_t *const *ids, const int64_t *lengths,
                             int64_t count)
{
    return fill(dataset, &(filling){.input = input,
                                    .kind = RNI_SEQUENCE,
                                    .type = RNI_IDS,
                                    .rows = ids,
                                    .lengths = lengths,
                                    .count = count});
}

rnnc_status rnnc_dataset_batch(rnnc_dataset *dataset, rnnc_node *input,
                               const float *rows, int64_t count)
{
    return fill(dataset, &(filling){.input = input,
                                    .kind = RNI_BATCH,
                                    .type = RNI_FLOAT,
                                    .values = rows,
                                    .count = count});
}

rnnc_status rnnc_dataset_batch_ids(rnnc_dataset *dataset, rnnc_node *input,
                                   const int32_t *ids, int64_t count)
{
    return fill(dataset, &(filling){.input = input,
                                    .kind = RNI_BATCH,
                                    .type = RNI_IDS,
                                    .values = ids,
                                    .count = count});
}
