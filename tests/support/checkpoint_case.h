// SPDX-License-Identifier: MIT
// What a test saves into a folder of checkpoints: weights of one parameter
// [2, 3], and a record.
#ifndef RNNC_TEST_CHECKPOINT_CASE_H
#define RNNC_TEST_CHECKPOINT_CASE_H

#include "rnnc/rnnc.h"

enum { CHECKPOINT_PATH = 256, CHECKPOINT_COUNT = 6 };

typedef struct checkpoint_case {
    char folder[CHECKPOINT_PATH];
    rnnc_weights *weights;
    rnnc_record *record; // empty
    rnnc_checkpoints *checkpoints;
} checkpoint_case;

// Random ones.
rnnc_weights *checkpoint_weights(rnnc_context *context, const char *parameter);

// The folder is not there yet.
void checkpoint_make(checkpoint_case *c, rnnc_context *context,
                     const char *parameter, int32_t keep);
// The folder too.
void checkpoint_free(checkpoint_case *c);

rnnc_status checkpoint_save(checkpoint_case *c, int64_t step);
rnnc_status checkpoint_load(checkpoint_case *c, int64_t *step);

// The message of the last call has the words.
void checkpoint_says(const checkpoint_case *c, const char *words);

#endif
