// SPDX-License-Identifier: MIT
// How parameters begin.
#ifndef RNI_INITIAL_H
#define RNI_INITIAL_H

#include "graph/node.h"

// Fills `values` [rows, cols] of a parameter block by block, all numbers drawn
// from the stream of its name under `seed`. False where memory runs out.
bool rni_initial_fill(const rni_memory *memory, const rni_parameter *parameter,
                      uint64_t seed, float *values);

#endif
