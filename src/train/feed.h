// SPDX-License-Identifier: MIT
// A feed hands the examples of a dataset to a run: batch after batch of an
// epoch's order, and of each batch window after window. Where it stands is told
// by three numbers and a seed, so that it can begin anywhere.
#ifndef RNI_FEED_H
#define RNI_FEED_H

#include "rnnc/run.h"
#include "train/dataset.h"

typedef struct rni_place {
    int64_t epoch, batch, window;
} rni_place;

typedef struct rni_feed {
    const rni_memory *memory; // NULL: nothing was made
    rnnc_dataset *data;       // held
    int64_t batch, window;    // sequences; steps, 0: whole sequences
    int32_t order;            // RNNC_ORDER_
    uint64_t key;             // of the orders of all epochs
    int64_t batches;          // of an epoch
    int64_t epoch;            // whose order this is, -1: none yet
    uint32_t *items;          // [count] examples
    uint32_t *places;         // [count] of each example before pools are sorted
    uint32_t *turns;          // [batches] which part of items comes when
    int64_t *steps;           // [count] of all inputs of an example
    bool sequences;           // there are steps
    rnnc_sequence **filled;   // [columns], NULL for batch inputs
    const float **floats;     // [batch]
    const int32_t **ids;      // [batch]
    int64_t *lengths;         // [batch]
    uint8_t *carried;         // [batch]
    void *gathered;           // [batch, widest batch input]
} rni_feed;

// `batch` is above 0. On failure the feed is to be let go of all the same.
rnnc_status rni_feed_init(rni_feed *feed, rnnc_dataset *data, int64_t batch,
                          int64_t window, int32_t order, uint64_t seed,
                          rni_error *error);
void rni_feed_fini(rni_feed *feed);

// Goes on to the first place from here on, in this epoch, that has steps (or,
// without sequences, examples). False: the epoch is over.
bool rni_feed_seek(rni_feed *feed, rni_place *place);

// Sets all inputs, and which rows are carried, for a place that was sought.
// *mass is how many steps, or examples if `whole`, there are.
rnnc_status rni_feed_load(rni_feed *feed, const rni_place *place, rnnc_run *run,
                          bool whole, int64_t *mass, rni_error *error);

#endif
