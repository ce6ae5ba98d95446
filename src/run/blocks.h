// SPDX-License-Identifier: MIT
// Time blocks: runs of steps with about so many rows, at least one step each.
// And segments: runs of blocks, of each of which a training run makes the
// forward rows again. Where they end changes no bit of any result.
#ifndef RNI_BLOCKS_H
#define RNI_BLOCKS_H

#include "sequence/sequence.h"

// How an axis is cut: rows of a block and of a segment to aim at, and for how
// much there is room.
typedef struct rni_cut {
    int64_t block;
    int64_t segment;          // 0: all steps are one segment
    int64_t blocks, segments; // at most
    int64_t borders;          // rows of all borders together, at most
} rni_cut;

typedef struct rni_blocks {
    int64_t count;
    int64_t *steps; // [count + 1]: block b has steps steps[b] .. steps[b + 1]
    int64_t segments;
    int64_t *first;   // [segments + 1]: first blocks of segments
    int64_t *borders; // [segments + 1]: rows of BORDER buffers before a segment
} rni_blocks;

// Finds how many blocks, segments and borders there may be; with `spare` for
// any smaller batch too, however it is cut.
void rni_blocks_measure(rni_cut *cut, int64_t batch, int64_t longest,
                        int64_t total, bool spare);

// Numbers in the tables of an axis.
int64_t rni_blocks_room(const rni_cut *cut);

// Cuts the steps of an order; room is as told.
void rni_blocks_set(rni_blocks *blocks, const rni_order *order,
                    const rni_cut *cut, int64_t *room);

// Rows of a block to aim at, for the number that a plan asks for (0: chosen).
int64_t rni_blocks_aim(int64_t block_rows);

// No block, or segment, has more rows than this; nor do batches that are
// smaller.
int64_t rni_blocks_most(int64_t aim, int64_t batch, int64_t total);

// Rows of a segment that together with the states at the borders take the least
// memory: `kept` floats a row, `border` a row of a border.
int64_t rni_blocks_root(int64_t batch, int64_t total, int64_t kept,
                        int64_t border);

#endif
