// SPDX-License-Identifier: MIT
// Moving averages of weights: a + share (w - a), one tape.
#include "kernel/kernel.h"
#include "record/record.h"
#include "train/average.h"
#include "train/sweep.h"

enum { SLOT_A, SLOT_W, SLOT_SHARE, SLOTS };

typedef struct average_row {
    const char *name;
    double most; // of the decay
} average_row;

static const average_row average_table[] = {
    [RNNC_AVERAGE_EXPONENTIAL] = {"exponential", 1},
    [RNNC_AVERAGE_EQUAL] = {"equal", 0},
};

enum { AVERAGES = sizeof average_table / sizeof *average_table };

struct rnnc_average {
    atomic_int references;
    rnnc_weights *weights; // held
    rnnc_weights *mean;    // of one's own, held
    rni_error error;
    bool whole;   // create came to its end
    bool swapped; // the average stands in the weights' place
    const rni_kernels *kernels;
    int32_t kind;
    double decay;
    int64_t count;  // updates
    float share;    // of the update under way
    float *scratch; // a tape's for each member of the team
};

static const rni_memory *memory_of(const rnnc_average *average)
{
    return &average->weights->graph->context->memory;
}

static rnnc_status check_kind(int32_t kind, double decay, rni_error *error)
{
    if (kind < 0 || kind >= AVERAGES)
        return rni_error_set(error, RNNC_E_ARGUMENT,
                             "average: kind is %ld, expected 0 to %d",
                             (long)kind, AVERAGES - 1);
    if (!(decay >= 0 && decay <= average_table[kind].most))
        return rni_error_set(
            error, RNNC_E_ARGUMENT, "average %s: decay is %g, expected 0 to %g",
            average_table[kind].name, decay, average_table[kind].most);
    return RNNC_OK;
}

// Values of all parameters as they are, in float32.
static void copy_values(rnnc_weights *to, const rnnc_weights *from)
{
    for (int32_t p = 0; p < from->n_parameters; p++) {
        const float *values = rni_weights_values(from, p);
        float *copy = rni_weights_values(to, p);
        for (int64_t i = 0, n = rni_sweep_count(from, p); i < n; i++)
            copy[i] = values[i];
    }
}

static void prepare(rnnc_average *average)
{
    const rnnc_weights *weights = average->weights;
    size_t members = (size_t)weights->graph->context->threads;
    average->kernels = rni_kernels_choose();
    average->scratch = rni_memory_zeroed(memory_of(average), members * SLOTS,
                                         RNI_TAPE_TILE * sizeof(float));
    average->mean = rni_weights_make(weights->graph);
    bool made = average->scratch != NULL && average->mean != NULL &&
                average->mean->values != NULL;
    if (!made)
        rni_error_memory(&average->error);
    else if (average->mean->n_parameters != weights->n_parameters)
        rni_error_set(&average->error, RNNC_E_STATE,
                      "average: the graph has %ld parameters, the weights "
                      "have %ld",
                      (long)average->mean->n_parameters,
                      (long)weights->n_parameters);
    average->whole = average->error.status == RNNC_OK;
    if (average->whole)
        copy_values(average->mean, weights);
}

rnnc_average *rnnc_average_create(rnnc_weights *weights, int32_t kind,
                                  double decay)
{
    rni_memory usual = rni_memory_default();
    bool there = weights != NULL && weights->values != NULL;
    rnnc_average *average = rni_memory_zeroed(
        there ? &weights->graph->context->memory : &usual, 1, sizeof *average);
    if (average == NULL)
        return NULL;
    atomic_init(&average->references, 1);
    if (weights == NULL)
        rni_error_set(&average->error, RNNC_E_ARGUMENT,
                      "average: weights is NULL");
    else if (!there)
        rni_error_copy(&average->error, &weights->error);
    else
        average->weights = rni_weights_hold(weights);
    average->kind = kind;
    average->decay = decay;
    if (check_kind(kind, decay, &average->error) == RNNC_OK && there)
        prepare(average);
    return average;
}

rnnc_average *rni_average_hold(rnnc_average *average)
{
    if (average != NULL)
        atomic_fetch_add_explicit(&average->references, 1,
                                  memory_order_relaxed);
    return average;
}

const rnnc_weights *rni_average_of(const rnnc_average *average)
{
    return average->whole ? average->weights : NULL;
}

void rnnc_average_destroy(rnnc_average *average)
{
    if (average == NULL || atomic_fetch_sub(&average->references, 1) != 1)
        return;
    rnnc_weights *weights = average->weights;
    rni_memory usual = rni_memory_default();
    const rni_memory *memory = weights != NULL ? memory_of(average) : &usual;
    rni_weights_drop(average->mean);
    rni_memory_release(memory, average->scratch);
    rni_memory_release(memory, average);
    rni_weights_drop(weights);
}

rnnc_status rnnc_average_status(const rnnc_average *average)
{
    return average == NULL ? RNNC_E_MEMORY : average->error.status;
}

const char *rnnc_average_message(const rnnc_average *average)
{
    return average == NULL ? "out of memory" : average->error.text;
}

int64_t rnnc_average_count(const rnnc_average *average)
{
    return average == NULL ? 0 : average->count;
}

rnnc_weights *rnnc_average_weights(const rnnc_average *average)
{
    return average == NULL ? NULL : average->mean;
}

static rnnc_status begin_call(rnnc_average *average, bool swapped)
{
    if (average == NULL)
        return RNNC_E_MEMORY;
    if (!average->whole)
        return average->error.status;
    rni_error_clear(&average->error);
    if (!average->swapped || swapped)
        return RNNC_OK;
    return rni_error_set(&average->error, RNNC_E_STATE,
                         "average %s: it stands in the weights' place; "
                         "rnnc_average_swap() comes before this",
                         average_table[average->kind].name);
}

// ---- An update ------------------------------------------------------------

static void update_part(const void *work, int32_t p, int64_t first,
                        int64_t count, float *scratch)
{
    static const rni_tape_code code[] = {
        {RNI_TAPE_SUB, SLOT_W, SLOT_W, SLOT_A, 0, 0, 0},
        {RNI_TAPE_FMA, SLOT_A, SLOT_SHARE, SLOT_W, SLOT_A, 0, 0},
    };
    const rnnc_average *average = work;
    float *mean = rni_weights_values(average->mean, p) + first;
    float *values = rni_weights_values(average->weights, p) + first;
    if (average->count == 0 ||
        average->weights->storages[p] != RNNC_STORE_FLOAT32) {
        for (int64_t i = 0; i < count; i++)
            mean[i] = values[i];
        return;
    }
    float share = average->share;
    const rni_tape_port loads[] = {
        {RNI_PORT_ROWS, SLOT_A, mean, count},
        {RNI_PORT_ROWS, SLOT_W, values, count},
        {RNI_PORT_SCALAR, SLOT_SHARE, &share, 0},
    };
    average->kernels->tape(&(rni_tape_call){code, 2, loads, 3, loads, 1, SLOTS,
                                            1, count, scratch});
}

rnnc_status rnnc_average_update(rnnc_average *average)
{
    if (begin_call(average, false) != RNNC_OK)
        return rnnc_average_status(average);
    bool equal = average->kind == RNNC_AVERAGE_EQUAL;
    double share = 1 / (double)(average->count + 1);
    average->share = (float)(equal ? share : 1 - average->decay);
    rni_sweep sweep = {average->weights, true,
                       update_part,      average,
                       average->scratch, (size_t)SLOTS * RNI_TAPE_TILE};
    rnnc_weights *mean = average->mean;
    pthread_mutex_lock(&mean->lock);
    rni_sweep_run(&sweep);
    atomic_fetch_add(&mean->version, 1);
    pthread_mutex_unlock(&mean->lock);
    average->count++;
    return RNNC_OK;
}

// ---- Exchanging -----------------------------------------------------------

static void swap_values(rnnc_weights *weights, rnnc_weights *mean)
{
    pthread_mutex_lock(&weights->lock);
    pthread_mutex_lock(&mean->lock);
    for (int32_t p = 0; p < mean->n_parameters; p++)
        if (weights->storages[p] == RNNC_STORE_FLOAT32)
            rni_sweep_swap(rni_weights_values(weights, p),
                           rni_weights_values(mean, p),
                           rni_sweep_count(mean, p));
    atomic_fetch_add(&weights->version, 1);
    atomic_fetch_add(&mean->version, 1);
    pthread_mutex_unlock(&mean->lock);
    pthread_mutex_unlock(&weights->lock);
}

rnnc_status rnnc_average_swap(rnnc_average *average)
{
    if (begin_call(average, true) != RNNC_OK)
        return rnnc_average_status(average);
    swap_values(average->weights, average->mean);
    average->swapped = !average->swapped;
    return RNNC_OK;
}

// ---- Records --------------------------------------------------------------

static bool list_items(void *noun, rni_item_visit *visit, void *user)
{
    static const double most = 9007199254740992.0; // 2^53
    rnnc_average *average = noun;
    double kind = average->kind, count = (double)average->count;
    rni_item item = {"average", NULL, "kind",  RNNC_RECORD_NUMBERS, 1, &kind,
                     true,      0,    AVERAGES};
    bool going = visit(user, &item);
    item.what = "decay";
    item.values = &average->decay;
    item.high = 1;
    going = going && visit(user, &item);
    item = (rni_item){"average", NULL, "count", RNNC_RECORD_NUMBERS, 1, &count,
                      false,     0,    most};
    going = going && visit(user, &item);
    average->count = (int64_t)count;
    for (int32_t p = 0; going && p < average->mean->n_parameters; p++) {
        const char *name = average->mean->graph->parameters[p]->name;
        item = (rni_item){"average.values",
                          name,
                          NULL,
                          RNNC_RECORD_FLOATS,
                          rni_sweep_count(average->mean, p),
                          rni_weights_values(average->mean, p),
                          false,
                          0,
                          0};
        going = visit(user, &item);
    }
    return going;
}

rnnc_status rnnc_average_save(rnnc_average *average, rnnc_record *record)
{
    if (begin_call(average, false) != RNNC_OK)
        return rnnc_average_status(average);
    if (record == NULL)
        return rni_error_set(&average->error, RNNC_E_ARGUMENT,
                             "average: record is NULL");
    if (rni_record_save(record, average, list_items) != RNNC_OK)
        return rni_error_copy(&average->error, &record->error);
    return RNNC_OK;
}

rnnc_status rnnc_average_restore(rnnc_average *average,
                                 const rnnc_record *record)
{
    if (begin_call(average, false) != RNNC_OK)
        return rnnc_average_status(average);
    if (rni_record_check(record, average, list_items, &average->error) !=
        RNNC_OK)
        return average->error.status;
    pthread_mutex_lock(&average->mean->lock);
    rni_record_restore(record, average, list_items);
    atomic_fetch_add(&average->mean->version, 1);
    pthread_mutex_unlock(&average->mean->lock);
    return RNNC_OK;
}
