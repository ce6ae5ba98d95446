// SPDX-License-Identifier: MIT
// An allocator whose n-th block is refused, once or from then on.
#ifndef RNNC_TEST_FAULT_H
#define RNNC_TEST_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "rnnc/context.h"

typedef struct fault {
    int64_t live;  // blocks not yet released
    int64_t asked; // blocks asked for since it was armed
    int64_t at;    // the number of the block that is refused; below 0: none
    bool onwards;  // and all after it
    bool hit;      // it was
} fault;

// Refuses block `at`, counted from here; below 0: none.
void fault_arm(fault *f, int64_t at, bool onwards);

// Options of a context with that allocator.
rnnc_context_options fault_options(fault *f);

// A context of that allocator.
rnnc_context *fault_context(fault *f, int32_t threads);

#endif
