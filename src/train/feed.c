// SPDX-License-Identifier: MIT
// Feeds: made, moved on, and their batches handed to a run.
#include "train/feed.h"

#include <string.h>

#include "base/random.h"
#include "train/feed_order.h"

// ---- Made and let go --------------------------------------------------------

// Steps of each example, all its sequences together.
static void count_steps(rni_feed *feed)
{
    const rnnc_dataset *data = feed->data;
    for (int32_t c = 0; c < data->n_columns; c++) {
        const rni_column *column = &data->columns[c];
        if (!rni_column_is_sequence(column))
            continue;
        feed->sequences = true;
        for (int64_t i = 0; i < data->count; i++)
            feed->steps[i] += column->lengths[i];
    }
}

static bool make_sequences(rni_feed *feed)
{
    const rnnc_dataset *data = feed->data;
    bool made = true;
    for (int32_t c = 0; made && c < data->n_columns; c++)
        if (rni_column_is_sequence(&data->columns[c])) {
            feed->filled[c] = rnnc_sequence_create(data->graph->context);
            made = feed->filled[c] != NULL;
        }
    return made;
}

static size_t widest(const rnnc_dataset *data)
{
    size_t most = sizeof(float);
    for (int32_t c = 0; c < data->n_columns; c++)
        if (rni_column_bytes(&data->columns[c]) > most)
            most = rni_column_bytes(&data->columns[c]);
    return most;
}

static bool make_tables(rni_feed *feed)
{
    const rni_memory *memory = feed->memory;
    const rnnc_dataset *data = feed->data;
    size_t count = (size_t)data->count, batch = (size_t)feed->batch;
    feed->items = rni_memory_zeroed(memory, count, sizeof *feed->items);
    feed->places = rni_memory_zeroed(memory, count, sizeof *feed->places);
    feed->turns =
        rni_memory_zeroed(memory, (size_t)feed->batches, sizeof *feed->turns);
    feed->steps = rni_memory_zeroed(memory, count, sizeof *feed->steps);
    feed->filled = rni_memory_zeroed(memory, (size_t)data->n_columns,
                                     sizeof *feed->filled);
    feed->floats = rni_memory_zeroed(memory, batch, sizeof *feed->floats);
    feed->ids = rni_memory_zeroed(memory, batch, sizeof *feed->ids);
    feed->lengths = rni_memory_zeroed(memory, batch, sizeof *feed->lengths);
    feed->carried = rni_memory_zeroed(memory, batch, sizeof *feed->carried);
    feed->gathered = rni_memory_zeroed(memory, batch, widest(data));
    return feed->items != NULL && feed->places != NULL && feed->turns != NULL &&
           feed->steps != NULL && feed->filled != NULL &&
           feed->floats != NULL && feed->ids != NULL && feed->lengths != NULL &&
           feed->carried != NULL && feed->gathered != NULL &&
           make_sequences(feed);
}

rnnc_status rni_feed_init(rni_feed *feed, rnnc_dataset *data, int64_t batch,
                          int64_t window, int32_t order, uint64_t seed,
                          rni_error *error)
{
    *feed = (rni_feed){.memory = &data->graph->context->memory,
                       .data = rni_dataset_hold(data),
                       .window = window,
                       .order = order,
                       .key = rni_random_key(seed, "order"),
                       .epoch = -1};
    feed->batch = batch < data->count || data->count < 1 ? batch : data->count;
    feed->batches = (data->count + feed->batch - 1) / feed->batch;
    if (!make_tables(feed))
        return rni_error_memory(error);
    count_steps(feed);
    return RNNC_OK;
}

void rni_feed_fini(rni_feed *feed)
{
    const rni_memory *memory = feed->memory;
    if (memory == NULL)
        return;
    for (int32_t c = 0; feed->filled != NULL && c < feed->data->n_columns; c++)
        rnnc_sequence_destroy(feed->filled[c]);
    rni_memory_release(memory, feed->items);
    rni_memory_release(memory, feed->places);
    rni_memory_release(memory, feed->turns);
    rni_memory_release(memory, feed->steps);
    rni_memory_release(memory, feed->filled);
    rni_memory_release(memory, feed->floats);
    rni_memory_release(memory, feed->ids);
    rni_memory_release(memory, feed->lengths);
    rni_memory_release(memory, feed->carried);
    rni_memory_release(memory, feed->gathered);
    rnnc_dataset *data = feed->data;
    *feed = (rni_feed){0};
    rnnc_dataset_destroy(data);
}

// ---- Moving -----------------------------------------------------------------

// The examples of a batch.
typedef struct slice {
    const uint32_t *items;
    int64_t count;
} slice;

static slice slice_of(const rni_feed *feed, int64_t batch)
{
    int64_t first = (int64_t)feed->turns[batch] * feed->batch;
    int64_t left = feed->data->count - first;
    return (slice){feed->items + first,
                   left < feed->batch ? left : feed->batch};
}

static int64_t longest_of(const rni_feed *feed, slice s)
{
    int64_t longest = 0;
    for (int32_t c = 0; c < feed->data->n_columns; c++) {
        const rni_column *column = &feed->data->columns[c];
        for (int64_t i = 0; rni_column_is_sequence(column) && i < s.count; i++)
            if (column->lengths[s.items[i]] > longest)
                longest = column->lengths[s.items[i]];
    }
    return longest;
}

bool rni_feed_seek(rni_feed *feed, rni_place *place)
{
    rni_feed_arrange(feed, place->epoch);
    for (; place->batch < feed->batches; place->batch++, place->window = 0) {
        int64_t longest = longest_of(feed, slice_of(feed, place->batch));
        bool begins = place->window == 0;
        if (begins && (longest > 0 || !feed->sequences))
            return true;
        if (!begins && feed->window > 0 &&
            place->window <= (longest - 1) / feed->window)
            return true;
    }
    return false;
}

// ---- Handing over -----------------------------------------------------------

static rnnc_status load_sequence(rni_feed *feed, int32_t c, slice s,
                                 int64_t window, int64_t *total)
{
    const rni_column *column = &feed->data->columns[c];
    bool ids = column->input->shape.type == RNI_IDS;
    int64_t first = window * feed->window;
    for (int64_t i = 0; i < s.count; i++) {
        int64_t left = column->lengths[s.items[i]] - first;
        const char *row = column->rows[s.items[i]];
        if (feed->window > 0 && left > feed->window)
            left = feed->window;
        feed->lengths[i] = left > 0 ? left : 0;
        *total += feed->lengths[i];
        if (feed->lengths[i] > 0)
            row += (size_t)first * rni_column_bytes(column);
        feed->floats[i] = ids ? NULL : (const void *)row;
        feed->ids[i] = ids ? (const void *)row : NULL;
    }
    if (ids)
        return rnnc_sequence_set_ids(feed->filled[c], feed->ids, feed->lengths,
                                     s.count);
    return rnnc_sequence_set_rows(feed->filled[c], feed->floats, feed->lengths,
                                  s.count, column->input->shape.cols);
}

static rnnc_status load_batch(const rni_feed *feed, const rni_column *column,
                              slice s, rnnc_run *run)
{
    size_t bytes = rni_column_bytes(column);
    for (int64_t i = 0; i < s.count; i++)
        memcpy((char *)feed->gathered + (size_t)i * bytes,
               (const char *)column->values + s.items[i] * bytes, bytes);
    if (column->input->shape.type == RNI_IDS)
        return rnnc_run_input_batch_ids(run, column->input, feed->gathered,
                                        s.count);
    return rnnc_run_input_batch(run, column->input, feed->gathered, s.count);
}

static rnnc_status of_run(const rnnc_run *run, rnnc_status status,
                          rni_error *error)
{
    return status == RNNC_OK
               ? RNNC_OK
               : rni_error_set(error, status, "%s", rnnc_run_message(run));
}

static rnnc_status load_column(rni_feed *feed, int32_t c, slice s,
                               int64_t window, rnnc_run *run, int64_t *total,
                               rni_error *error)
{
    const rni_column *column = &feed->data->columns[c];
    if (!rni_column_is_sequence(column))
        return of_run(run, load_batch(feed, column, s, run), error);
    *total = 0;
    rnnc_status status = load_sequence(feed, c, s, window, total);
    if (status != RNNC_OK)
        return rni_error_set(error, status, "%s",
                             rnnc_sequence_message(feed->filled[c]));
    return of_run(run, rnnc_run_input(run, column->input, feed->filled[c]),
                  error);
}

// Only a batch that has had a window goes on.
static rnnc_status carry(rni_feed *feed, int64_t window, int64_t count,
                         rnnc_run *run, rni_error *error)
{
    memset(feed->carried, 1, (size_t)count);
    return of_run(run,
                  rnnc_run_carry(run, window > 0 ? feed->carried : NULL, count),
                  error);
}

rnnc_status rni_feed_load(rni_feed *feed, const rni_place *place, rnnc_run *run,
                          bool whole, int64_t *mass, rni_error *error)
{
    rni_feed_arrange(feed, place->epoch);
    slice s = slice_of(feed, place->batch);
    int64_t total = s.count;
    for (int32_t c = 0; c < feed->data->n_columns; c++)
        if (load_column(feed, c, s, place->window, run, &total, error) !=
            RNNC_OK)
            return error->status;
    *mass = whole ? s.count : total;
    return carry(feed, place->window, s.count, run, error);
}
