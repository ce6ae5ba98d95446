// SPDX-License-Identifier: MIT
// What the fuzz targets share: where memory ends, what to do with a graph, and
// how a finding is reported.
#ifndef RNNC_FUZZ_H
#define RNNC_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rnnc/rnnc.h"

// A target: libFuzzer calls it, or driver.c.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Prints `what` and stops the process where `good` is false.
void fuzz_check(bool good, const char *what, const char *detail);

// The nodes of a graph, for a person who looks at a finding.
void fuzz_print(const rnnc_graph *graph);

// An allocator with an end: some blocks, some bytes.
typedef struct fuzz_memory {
    int64_t live;       // blocks not yet released
    size_t bytes, most; // in them, and at most
    int64_t left;       // blocks still to be given out; below 0: any number
} fuzz_memory;

enum { FUZZ_BYTES = 64 << 20, FUZZ_NODES = 400 };
rnnc_context *fuzz_context(fuzz_memory *memory);
// Lets go of the context; nothing may be left.
void fuzz_end(fuzz_memory *memory, rnnc_context *context);

// Plans a graph for each use with its last nodes as outputs, prints the plans,
// and runs them for a moment where memory allows.
void fuzz_plan(rnnc_graph *graph, rnnc_weights *weights);

#endif
