// SPDX-License-Identifier: MIT
// The order of rows on an axis: by time, and at each time longest first.
#include <string.h>

#include "sequence/sequence.h"

// Three arrays of so many int64 lie in one block that begins with `lengths`.
enum { ROW_ARRAYS = 3 };

static void copy_rows(int64_t *to, const int64_t *from, int64_t count)
{
    if (count > 0 && to != from)
        memcpy(to, from, (size_t)count * sizeof *to);
}

static void take_rows(const rni_memory *memory, rni_order *order,
                      int64_t *block, int64_t capacity)
{
    copy_rows(block, order->lengths, order->batch);
    copy_rows(block + capacity, order->rows, order->batch);
    copy_rows(block + 2 * capacity, order->ranks, order->batch);
    rni_memory_release(memory, order->lengths);
    order->lengths = block;
    order->rows = block + capacity;
    order->ranks = block + 2 * capacity;
    order->batch_capacity = capacity;
}

static void take_offsets(const rni_memory *memory, rni_order *order,
                         int64_t *block, int64_t capacity)
{
    if (order->offsets != NULL)
        copy_rows(block, order->offsets, order->longest + 1);
    rni_memory_release(memory, order->offsets);
    order->offsets = block;
    order->longest_capacity = capacity;
}

bool rni_order_reserve(const rni_memory *memory, rni_order *order,
                       int64_t batch, int64_t longest)
{
    int64_t *rows = NULL, *offsets = NULL;
    bool more_rows = order->lengths == NULL || batch > order->batch_capacity;
    bool longer = order->offsets == NULL || longest > order->longest_capacity;
    if (more_rows)
        rows =
            rni_memory_zeroed(memory, (size_t)batch, ROW_ARRAYS * sizeof *rows);
    if (longer)
        offsets =
            rni_memory_zeroed(memory, (size_t)longest + 1, sizeof *offsets);
    if ((more_rows && rows == NULL) || (longer && offsets == NULL)) {
        rni_memory_release(memory, rows);
        rni_memory_release(memory, offsets);
        return false;
    }
    if (more_rows)
        take_rows(memory, order, rows, batch);
    if (longer)
        take_offsets(memory, order, offsets, longest);
    return true;
}

// A counting sort within the array of offsets. Entry t holds in turn: how many
// sequences have length t; the next rank for one of length t, which ends as
// the number of lengths >= t; and the rows of all steps before t.
static void sort_lengths(rni_order *order)
{
    int64_t *at = order->offsets, longest = order->longest, before = 0;
    memset(at, 0, (size_t)(longest + 1) * sizeof *at);
    for (int64_t row = 0; row < order->batch; row++)
        at[order->lengths[row]]++;
    for (int64_t t = longest; t >= 0; t--) {
        int64_t count = at[t];
        at[t] = before;
        before += count;
    }
    order->identity = true;
    for (int64_t row = 0; row < order->batch; row++) {
        int64_t rank = at[order->lengths[row]]++;
        order->rows[rank] = row;
        order->ranks[row] = rank;
        order->identity = order->identity && rank == row;
    }
    at[0] = 0;
    for (int64_t t = 1; t <= longest; t++)
        at[t] += at[t - 1];
    order->total = at[longest];
}

bool rni_order_set(const rni_memory *memory, rni_order *order,
                   const int64_t *lengths, int64_t batch)
{
    int64_t longest = 0;
    for (int64_t row = 0; row < batch; row++)
        longest = lengths[row] > longest ? lengths[row] : longest;
    if (!rni_order_reserve(memory, order, batch, longest))
        return false;
    order->batch = batch;
    order->longest = longest;
    copy_rows(order->lengths, lengths, batch);
    sort_lengths(order);
    return true;
}

bool rni_order_same(const rni_order *a, const rni_order *b)
{
    return a->batch == b->batch && a->longest == b->longest &&
           a->total == b->total &&
           (a->batch == 0 ||
            memcmp(a->lengths, b->lengths,
                   (size_t)a->batch * sizeof *a->lengths) == 0);
}

void rni_order_fini(const rni_memory *memory, rni_order *order)
{
    rni_memory_release(memory, order->lengths);
    rni_memory_release(memory, order->offsets);
    *order = (rni_order){0};
}

void rni_order_unpack(const rni_order *order, const float *packed,
                      int64_t stride, int64_t cols, float *padded, int64_t time,
                      int32_t layout, float padding)
{
    int64_t batch = order->batch;
    for (int64_t row = 0; row < batch; row++)
        for (int64_t t = 0; t < time; t++) {
            int64_t place =
                layout == RNNC_TIME_MAJOR ? t * batch + row : row * time + t;
            float *to = padded + place * cols;
            if (t < order->lengths[row])
                memcpy(to,
                       packed +
                           (order->offsets[t] + order->ranks[row]) * stride,
                       (size_t)cols * sizeof *to);
            else
                for (int64_t c = 0; c < cols; c++)
                    to[c] = padding;
        }
}
