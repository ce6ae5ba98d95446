// SPDX-License-Identifier: MIT
// An allocator that counts, and that gives out only so many blocks.
#ifndef RNNC_TEST_BUDGET_H
#define RNNC_TEST_BUDGET_H

#include <stdint.h>

#include "rnnc/context.h"

typedef struct budget {
    int64_t live;  // blocks not yet released
    int64_t calls; // blocks given out so far
    int64_t left;  // blocks still to be given out; below 0: any number
} budget;

// A context of that allocator, or NULL where the budget does not allow it.
rnnc_context *budget_context(budget *b);

#endif
