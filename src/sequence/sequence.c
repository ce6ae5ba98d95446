// SPDX-License-Identifier: MIT
// Filling a sequence from the caller's arrays, and reading it back.
#include "sequence/sequence.h"

#include <string.h>

// Floats and ids are both four bytes, and both are only moved here.
enum { ITEM = 4 };
_Static_assert(sizeof(float) == ITEM, "binary32");

// Where the items of row `row` at step t are: rows[row], or data + row *
// row_stride, and t * step_stride further on. Strides count items.
typedef struct source {
    const void *const *rows;
    const unsigned char *data;
    int64_t row_stride, step_stride;
} source;

// What a call brings. `time`: how many steps the caller's array has room for.
typedef struct filling {
    source source;
    const int64_t *lengths; // NULL: all of `time`
    int64_t batch, time, features, cols;
} filling;

// ---- The handle -----------------------------------------------------------

rnnc_sequence *rnnc_sequence_create(rnnc_context *context)
{
    context = rni_context_hold(context);
    if (context == NULL)
        return NULL;
    rnnc_sequence *sequence =
        rni_memory_zeroed(&context->memory, 1, sizeof *sequence);
    if (sequence == NULL ||
        !rni_order_set(&context->memory, &sequence->order, NULL, 0)) {
        if (sequence != NULL)
            rni_order_fini(&context->memory, &sequence->order);
        rni_memory_release(&context->memory, sequence);
        rni_context_drop(context);
        return NULL;
    }
    sequence->context = context;
    sequence->error = context->error;
    return sequence;
}

void rnnc_sequence_destroy(rnnc_sequence *sequence)
{
    if (sequence == NULL)
        return;
    rnnc_context *context = sequence->context;
    rni_order_fini(&context->memory, &sequence->order);
    rni_memory_release(&context->memory, sequence->data);
    rni_memory_release(&context->memory, sequence);
    rni_context_drop(context);
}

rnnc_status rnnc_sequence_status(const rnnc_sequence *sequence)
{
    return sequence == NULL ? RNNC_E_MEMORY : sequence->error.status;
}

const char *rnnc_sequence_message(const rnnc_sequence *sequence)
{
    return sequence == NULL ? "out of memory" : sequence->error.text;
}

// ---- Filling --------------------------------------------------------------

// An earlier failed call is forgotten; a context that failed is not.
static rnnc_status begin(rnnc_sequence *sequence)
{
    if (sequence == NULL)
        return RNNC_E_MEMORY;
    sequence->error = sequence->context->error;
    return sequence->error.status;
}

static rnnc_status check_size(rni_error *error, const char *word, int64_t size,
                              int64_t least)
{
    if (size >= least)
        return RNNC_OK;
    return rni_error_set(error, RNNC_E_ARGUMENT,
                         "sequence: %s is %lld, expected at least %lld", word,
                         (long long)size, (long long)least);
}

// Every length is within the caller's array; *longest and *total follow.
static rnnc_status check_lengths(rni_error *error, const filling *f,
                                 int64_t *longest, int64_t *total)
{
    *longest = *total = 0;
    for (int64_t row = 0; row < f->batch; row++) {
        int64_t length = f->lengths == NULL ? f->time : f->lengths[row];
        if (length < 0 || length > f->time)
            return rni_error_set(error, RNNC_E_VALUE,
                                 "sequence: length %lld of row %lld is not in "
                                 "0 to %lld",
                                 (long long)length, (long long)row,
                                 (long long)f->time);
        if (length > 0 && f->source.rows != NULL && f->source.rows[row] == NULL)
            return rni_error_set(error, RNNC_E_ARGUMENT,
                                 "sequence: row %lld has length %lld, but is "
                                 "NULL",
                                 (long long)row, (long long)length);
        if (length > INT64_MAX - *total)
            return rni_error_memory(error);
        *total += length;
        *longest = length > *longest ? length : *longest;
    }
    return RNNC_OK;
}

static bool product_fits(int64_t a, int64_t b, int64_t c)
{
    size_t items;
    return rni_size_multiply((size_t)a, (size_t)b, &items) &&
           rni_size_multiply(items, (size_t)c, &items) &&
           rni_size_multiply(items, ITEM, &items) && items <= PTRDIFF_MAX;
}

// Room for all that comes, or nothing changes.
static rnnc_status reserve(rnnc_sequence *sequence, const filling *f,
                           int64_t longest, int64_t total)
{
    const rni_memory *memory = &sequence->context->memory;
    if (!product_fits(total, f->cols, 1) ||
        !rni_order_reserve(memory, &sequence->order, f->batch, longest))
        return rni_error_memory(&sequence->error);
    int64_t items = total * f->cols;
    if (items <= sequence->capacity)
        return RNNC_OK;
    void *data = rni_memory_allocate(memory, (size_t)items * ITEM);
    if (data == NULL)
        return rni_error_memory(&sequence->error);
    rni_memory_release(memory, sequence->data);
    sequence->data = data;
    sequence->capacity = items;
    return RNNC_OK;
}

static const unsigned char *source_row(const source *from, int64_t row)
{
    if (from->rows != NULL)
        return from->rows[row];
    return from->data + row * from->row_stride * ITEM;
}

// Writes run through packed memory in order; reads from each row in turn.
static void pack(rnnc_sequence *sequence, const filling *f)
{
    const rni_order *order = &sequence->order;
    size_t bytes = (size_t)f->cols * ITEM;
    unsigned char *to = sequence->data;
    for (int64_t t = 0; t < order->longest; t++) {
        int64_t active = order->offsets[t + 1] - order->offsets[t];
        for (int64_t rank = 0; rank < active; rank++) {
            const unsigned char *row =
                source_row(&f->source, order->rows[rank]);
            memcpy(to, row + t * f->source.step_stride * ITEM, bytes);
            to += bytes;
        }
    }
}

static rnnc_status fill(rnnc_sequence *sequence, const filling *f)
{
    int64_t longest, total;
    if (check_lengths(&sequence->error, f, &longest, &total) != RNNC_OK ||
        reserve(sequence, f, longest, total) != RNNC_OK)
        return sequence->error.status;
    rni_order *order = &sequence->order;
    const int64_t *lengths = f->lengths;
    if (lengths == NULL) {
        for (int64_t row = 0; row < f->batch; row++)
            order->lengths[row] = f->time;
        lengths = order->lengths;
    }
    // There is room, so this cannot fail.
    rni_order_set(&sequence->context->memory, order, lengths, f->batch);
    sequence->features = f->features;
    pack(sequence, f);
    return RNNC_OK;
}

static rnnc_status set_rows(rnnc_sequence *sequence, const void *const *rows,
                            const int64_t *lengths, int64_t batch,
                            int64_t features, int64_t cols)
{
    if (begin(sequence) != RNNC_OK ||
        check_size(&sequence->error, "batch", batch, 0) != RNNC_OK)
        return rnnc_sequence_status(sequence);
    if (batch > 0 && (rows == NULL || lengths == NULL))
        return rni_error_set(&sequence->error, RNNC_E_ARGUMENT,
                             "sequence: %s is NULL",
                             rows == NULL ? "rows" : "lengths");
    return fill(sequence,
                &(filling){.source = {.rows = rows, .step_stride = cols},
                           .lengths = lengths,
                           .batch = batch,
                           .time = INT64_MAX,
                           .features = features,
                           .cols = cols});
}

rnnc_status rnnc_sequence_set_rows(rnnc_sequence *sequence,
                                   const float *const *rows,
                                   const int64_t *lengths, int64_t batch,
                                   int64_t features)
{
    if (begin(sequence) != RNNC_OK ||
        check_size(&sequence->error, "features", features, 1) != RNNC_OK)
        return rnnc_sequence_status(sequence);
    return set_rows(sequence, (const void *const *)rows, lengths, batch,
                    features, features);
}

rnnc_status rnnc_sequence_set_ids(rnnc_sequence *sequence,
                                  const int32_t *const *ids,
                                  const int64_t *lengths, int64_t batch)
{
    return set_rows(sequence, (const void *const *)ids, lengths, batch, 0, 1);
}

static rnnc_status set_padded(rnnc_sequence *sequence, const void *data,
                              filling *f, int32_t layout)
{
    rni_error *error = &sequence->error;
    if (check_size(error, "batch", f->batch, 0) != RNNC_OK ||
        check_size(error, "time", f->time, 0) != RNNC_OK)
        return error->status;
    if (layout != RNNC_BATCH_MAJOR && layout != RNNC_TIME_MAJOR)
        return rni_error_set(error, RNNC_E_ARGUMENT,
                             "sequence: layout is %ld, expected "
                             "RNNC_BATCH_MAJOR or RNNC_TIME_MAJOR",
                             (long)layout);
    if (!product_fits(f->batch, f->time, f->cols))
        return rni_error_memory(error);
    if (data == NULL && f->batch > 0 && f->time > 0)
        return rni_error_set(error, RNNC_E_ARGUMENT, "sequence: data is NULL");
    bool time_major = layout == RNNC_TIME_MAJOR;
    f->source.data = data;
    f->source.row_stride = time_major ? f->cols : f->time * f->cols;
    f->source.step_stride = time_major ? f->batch * f->cols : f->cols;
    return fill(sequence, f);
}

rnnc_status rnnc_sequence_set_padded(rnnc_sequence *sequence, const float *data,
                                     const int64_t *lengths, int64_t batch,
                                     int64_t time, int64_t features,
                                     int32_t layout)
{
    if (begin(sequence) != RNNC_OK ||
        check_size(&sequence->error, "features", features, 1) != RNNC_OK)
        return rnnc_sequence_status(sequence);
    filling f = {.lengths = lengths,
                 .batch = batch,
                 .time = time,
                 .features = features,
                 .cols = features};
    return set_padded(sequence, data, &f, layout);
}

rnnc_status rnnc_sequence_set_padded_ids(rnnc_sequence *sequence,
                                         const int32_t *data,
                                         const int64_t *lengths, int64_t batch,
                                         int64_t time, int32_t layout)
{
    if (begin(sequence) != RNNC_OK)
        return rnnc_sequence_status(sequence);
    filling f = {.lengths = lengths,
                 .batch = batch,
                 .time = time,
                 .features = 0,
                 .cols = 1};
    return set_padded(sequence, data, &f, layout);
}

// ---- Asking ---------------------------------------------------------------

int64_t rnnc_sequence_batch(const rnnc_sequence *sequence)
{
    return sequence == NULL ? 0 : sequence->order.batch;
}

int64_t rnnc_sequence_features(const rnnc_sequence *sequence)
{
    return sequence == NULL ? 0 : sequence->features;
}

int64_t rnnc_sequence_length(const rnnc_sequence *sequence, int64_t row)
{
    if (sequence == NULL || row < 0 || row >= sequence->order.batch)
        return -1;
    return sequence->order.lengths[row];
}

int64_t rnnc_sequence_longest(const rnnc_sequence *sequence)
{
    return sequence == NULL ? 0 : sequence->order.longest;
}

int64_t rnnc_sequence_total(const rnnc_sequence *sequence)
{
    return sequence == NULL ? 0 : sequence->order.total;
}

// ---- Reading back ---------------------------------------------------------

// Ids are read by their own call, and only there.
static rnnc_status check_read(const rnnc_sequence *sequence, bool ids)
{
    if (sequence == NULL || sequence->context->error.status != RNNC_OK)
        return rnnc_sequence_status(sequence);
    return (sequence->features == 0) == ids ? RNNC_OK : RNNC_E_STATE;
}

static rnnc_status get_row(const rnnc_sequence *sequence, int64_t row,
                           void *data)
{
    const rni_order *order = &sequence->order;
    int64_t cols = sequence->features > 0 ? sequence->features : 1;
    if (row < 0 || row >= order->batch ||
        (data == NULL && order->lengths[row] > 0))
        return RNNC_E_ARGUMENT;
    const unsigned char *from = sequence->data;
    unsigned char *to = data;
    size_t bytes = (size_t)cols * ITEM;
    for (int64_t t = 0; t < order->lengths[row]; t++) {
        size_t place = (size_t)(order->offsets[t] + order->ranks[row]);
        memcpy(to + (size_t)t * bytes, from + place * bytes, bytes);
    }
    return RNNC_OK;
}

rnnc_status rnnc_sequence_get_row(const rnnc_sequence *sequence, int64_t row,
                                  float *data)
{
    rnnc_status status = check_read(sequence, false);
    return status == RNNC_OK ? get_row(sequence, row, data) : status;
}

rnnc_status rnnc_sequence_get_row_ids(const rnnc_sequence *sequence,
                                      int64_t row, int32_t *ids)
{
    rnnc_status status = check_read(sequence, true);
    return status == RNNC_OK ? get_row(sequence, row, ids) : status;
}

rnnc_status rnnc_sequence_get_padded(const rnnc_sequence *sequence, float *data,
                                     int64_t time, int32_t layout,
                                     float padding)
{
    rnnc_status status = check_read(sequence, false);
    if (status != RNNC_OK)
        return status;
    const rni_order *order = &sequence->order;
    if (time < order->longest ||
        (data == NULL && order->batch > 0 && time > 0) ||
        (layout != RNNC_BATCH_MAJOR && layout != RNNC_TIME_MAJOR))
        return RNNC_E_ARGUMENT;
    rni_order_unpack(order, sequence->data, sequence->features,
                     sequence->features, data, time, layout, padding);
    return RNNC_OK;
}
