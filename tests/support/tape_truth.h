// SPDX-License-Identifier: MIT
// What each instruction of a tape should give, in double precision.
#ifndef RNNC_TEST_TAPE_TRUTH_H
#define RNNC_TEST_TAPE_TRUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/kernel.h"

typedef struct tape_truth {
    double (*value)(double a, double b, double c, double x, double y);
    // What a ULP is counted in, where that is more than the result itself:
    // the largest number that is rounded on the way. NULL: the result.
    double (*scale)(double a, double b, double c, double x, double y);
    double fused, sse2; // ULP
    bool exact;         // every instruction set gives the same bits
} tape_truth;

extern const tape_truth tape_truths[RNI_TAPE_OP_COUNT];

#endif
