// SPDX-License-Identifier: MIT
// Time blocks: runs of steps with about so many rows, at least one step each.
// Where they end changes no bit of any result.
#ifndef RNI_BLOCKS_H
#define RNI_BLOCKS_H

#include "sequence/sequence.h"

typedef struct rni_blocks {
    int64_t count;
    int64_t *steps; // [count + 1]: block b has steps steps[b] .. steps[b + 1]
} rni_blocks;

// Rows of a block to aim at, for the number that a plan asks for (0: chosen).
int64_t rni_blocks_aim(int64_t block_rows);

// Cuts the steps of an order; steps has room for longest + 1.
void rni_blocks_set(rni_blocks *blocks, const rni_order *order, int64_t aim);

// No block has more rows than this.
int64_t rni_blocks_most(int64_t aim, int64_t batch, int64_t total);

#endif
