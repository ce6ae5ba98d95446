// SPDX-License-Identifier: MIT
// A small training with all that a checkpoint must bring back: dropout, an
// optimizer with averages, schedules, an average of the weights, held-out data.
#ifndef RNNC_TEST_LEARNING_H
#define RNNC_TEST_LEARNING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rnnc/rnnc.h"

enum {
    LEARNING_VOCABULARY = 12,
    LEARNING_TEXTS = 13,  // of a training in whole sequences
    LEARNING_ROWS = 4,    // of one in windows
    LEARNING_STEPS = 31,  // of each row
    LEARNING_LONGEST = 64 // of a text
};

typedef struct learning_row {
    const char *name;
    int64_t hidden;    // units
    int32_t optimizer; // RNNC_SGD and so on
    double momentum;
    int64_t window; // 0: whole sequences
    int32_t accumulate;
    int32_t order;
    bool fill;        // the caller fills batches
    int32_t schedule; // -1: none
    int32_t schedule_every;
    bool plateau, average, held_out;
    int64_t validate_every;
} learning_row;

extern const learning_row learning_table[];
extern const size_t learning_count;

typedef struct learning {
    const learning_row *row;
    rnnc_context *context;
    rnnc_graph *graph;
    rnnc_node *text, *next, *loss;
    rnnc_weights *weights;
    rnnc_optimizer *optimizer;
    rnnc_schedule *schedule, *plateau;
    rnnc_average *average;
    rnnc_dataset *data, *held_out;
    rnnc_sequence *in, *out; // of fill
    rnnc_trainer_options options;
    rnnc_trainer *trainer;
    int32_t values[2 * LEARNING_TEXTS][LEARNING_LONGEST + 1];
} learning;

// Everything but the trainer; its options may be changed before it is made. The
// context may be NULL: one of that many threads.
void learning_make(learning *l, const learning_row *row, rnnc_context *context,
                   int32_t threads);
// What learning_make could not do, or the trainer's status.
rnnc_status learning_trainer(learning *l);
void learning_free(learning *l);

// A batch of `fill`: four rows in windows, states carried.
int32_t learning_fill(void *user, const rnnc_fill_request *request);

// One batch an epoch, of a graph that has no inputs.
int32_t learning_once(void *user, const rnnc_fill_request *request);

// The trainer's last call ended like this, with a message that has the words.
void learning_assert_status(const rnnc_trainer *trainer, rnnc_status status,
                            const char *words);

// The same values, bit for bit, of one graph or of two alike.
bool learning_same_weights(const rnnc_weights *a, const rnnc_weights *b);

// All weights and all entries of the trainer's record are the same bits.
bool learning_same(learning *a, learning *b);

#endif
