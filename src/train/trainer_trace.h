// SPDX-License-Identifier: MIT
// One sequence of the last pass, by the textbook.
#ifndef RNI_TRAINER_TRACE_H
#define RNI_TRAINER_TRACE_H

#include "reference/fault.h"
#include "train/trainer.h"

// Where in that sequence, read from its beginning and without dropout, the
// first value or gradient arises that is not finite. False: nowhere, or memory
// ran out.
bool rni_trainer_trace(rnnc_trainer *t, int64_t sequence,
                       rni_reference_fault *fault);

// A batch or static input of the run, whose rows lie there with a stride:
// [rows, cols] values.
int64_t rni_trainer_input_rows(const rni_input *input);
void rni_trainer_input_copy(const rnnc_trainer *t, const rni_input *input,
                            float *values);

#endif
