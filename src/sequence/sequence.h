// SPDX-License-Identifier: MIT
// A ragged batch, packed: rows in time order, longest sequence first, so that
// the rows alive at step t are the first active[t] ranks and lie together.
#ifndef RNI_SEQUENCE_H
#define RNI_SEQUENCE_H

#include "base/context.h"
#include "rnnc/sequence.h"

// Lengths and order of one axis. Row (t, rank) has index offset[t] + rank.
// Ranks sort by falling length; equal lengths keep the caller's order.
typedef struct rni_order {
    int64_t batch;    // sequences
    int64_t longest;  // steps
    int64_t total;    // rows of all steps
    int64_t *lengths; // [batch] in the caller's order
    int64_t *rows;    // [batch] rank -> caller's row
    int64_t *ranks;   // [batch] caller's row -> rank
    int64_t *offsets; // [longest + 1]; active(t) = offsets[t + 1] - offsets[t]
    bool identity;    // rows[r] == r for all
    int64_t batch_capacity, longest_capacity;
} rni_order;

struct rnnc_sequence {
    rnnc_context *context;
    rni_error error;
    rni_order order;
    int64_t features; // 0: ids
    int64_t capacity; // floats (or ids) of data
    void *data;       // float [total, features] dense, or int32 [total]
};

// Sorts lengths into `order`, growing its arrays where needed. False and
// unchanged where memory runs out. Lengths are known to be >= 0 and their sum
// to fit; they may be order->lengths itself where there was room for them.
bool rni_order_set(const rni_memory *memory, rni_order *order,
                   const int64_t *lengths, int64_t batch);
// Room for later calls with no more than these.
bool rni_order_reserve(const rni_memory *memory, rni_order *order,
                       int64_t batch, int64_t longest);
bool rni_order_same(const rni_order *a, const rni_order *b); // lengths equal
void rni_order_fini(const rni_memory *memory, rni_order *order);

// Packed rows [total, cols] (stride floats) of an axis <-> padded arrays.
void rni_order_unpack(const rni_order *order, const float *packed,
                      int64_t stride, int64_t cols, float *padded, int64_t time,
                      int32_t layout, float padding);

#endif
