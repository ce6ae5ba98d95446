// SPDX-License-Identifier: MIT
// Cutting the steps of an axis into time blocks.
#include "run/blocks.h"

// Large enough that a product over a block runs at full speed, small enough
// that what it leaves behind is still in the outer caches when it is read.
enum { BLOCK_ROWS = 1024 };

int64_t rni_blocks_aim(int64_t block_rows)
{
    return block_rows > 0 ? block_rows : BLOCK_ROWS;
}

void rni_blocks_set(rni_blocks *blocks, const rni_order *order, int64_t aim)
{
    const int64_t *offsets = order->offsets;
    int64_t first = 0;
    blocks->count = 0;
    blocks->steps[0] = 0;
    while (first < order->longest) {
        int64_t last = first + 1;
        while (last < order->longest &&
               offsets[last + 1] - offsets[first] <= aim)
            last++;
        blocks->steps[++blocks->count] = last;
        first = last;
    }
}

int64_t rni_blocks_most(int64_t aim, int64_t batch, int64_t total)
{
    int64_t most = aim > batch ? aim : batch;
    return most < total ? most : total;
}
