// SPDX-License-Identifier: MIT
// Cutting the steps of an axis into time blocks and segments.
#include "run/blocks.h"

// Large enough that a product over a block runs at full speed, small enough
// that what it leaves behind is still in the outer caches when it is read.
enum { BLOCK_ROWS = 1024 };

// Shorter segments would make products slow, and save next to nothing.
enum { SEGMENT_ROWS = 128 };

int64_t rni_blocks_aim(int64_t block_rows)
{
    return block_rows > 0 ? block_rows : BLOCK_ROWS;
}

// ---- Cutting ----------------------------------------------------------------

// The step behind a run of about so many rows, one step at least.
static int64_t run_end(const rni_order *order, int64_t first, int64_t limit,
                       int64_t aim)
{
    int64_t last = first + 1;
    while (last < limit &&
           order->offsets[last + 1] - order->offsets[first] <= aim)
        last++;
    return last;
}

// Blocks of a segment: as few as may be, and about equally long.
static void cut_segment(rni_blocks *blocks, const rni_order *order, int64_t aim,
                        int64_t end)
{
    int64_t first = blocks->steps[blocks->count];
    int64_t rows = order->offsets[end] - order->offsets[first];
    int64_t n = (rows + aim - 1) / aim;
    int64_t even = n > 0 ? (rows + n - 1) / n : aim;
    while (first < end) {
        first = run_end(order, first, end, even);
        blocks->steps[++blocks->count] = first;
    }
}

void rni_blocks_set(rni_blocks *blocks, const rni_order *order,
                    const rni_cut *cut, int64_t *room)
{
    int64_t first = 0;
    *blocks =
        (rni_blocks){.steps = room,
                     .first = room + cut->blocks + 1,
                     .borders = room + cut->blocks + 1 + cut->segments + 1};
    blocks->steps[0] = blocks->first[0] = blocks->borders[0] = 0;
    while (first < order->longest) {
        int64_t active = order->offsets[first + 1] - order->offsets[first];
        first = cut->segment > 0
                    ? run_end(order, first, order->longest, cut->segment)
                    : order->longest;
        cut_segment(blocks, order, cut->block, first);
        int64_t k = ++blocks->segments;
        blocks->first[k] = blocks->count;
        blocks->borders[k] = blocks->borders[k - 1] + active;
    }
}

// ---- Sizes ------------------------------------------------------------------

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t rni_blocks_most(int64_t aim, int64_t batch, int64_t total)
{
    return least(aim > batch ? aim : batch, total);
}

// A run of steps and the step behind it have more rows than were aimed at. So
// for n runs (n - 1) (aim - batch) < total.
static int64_t runs_most(int64_t aim, int64_t batch, int64_t longest,
                         int64_t total)
{
    return aim > batch ? least(longest, total / (aim - batch) + 1) : longest;
}

// Blocks of a segment of r rows aim at r / n, which is half of their own aim at
// least where there are several.
void rni_blocks_measure(rni_cut *cut, int64_t batch, int64_t longest,
                        int64_t total, bool spare)
{
    int64_t half = (cut->block + 1) / 2;
    cut->segments = least(longest, 1);
    if (cut->segment > 0)
        cut->segments = runs_most(cut->segment, batch, longest, total);
    // no step is at two borders; one segment needs none
    cut->borders = batch > 0 && cut->segments > total / batch
                       ? total
                       : cut->segments * batch;
    if (cut->segments <= 1 && !spare)
        cut->borders = 0;
    cut->blocks =
        least(longest, cut->segments + runs_most(half, batch, longest, total));
    if (!spare)
        return;
    cut->blocks = cut->segments = longest;
    // segments of smaller batches may be a quarter as long
    cut->borders = 4 * cut->borders + batch;
}

int64_t rni_blocks_room(const rni_cut *cut)
{
    return cut->blocks + 1 + 2 * (cut->segments + 1);
}

// The least x with x x >= n, by halving intervals.
static int64_t root_of(double n)
{
    int64_t low = 0, high = INT64_C(1) << 31;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if ((double)middle * (double)middle < n)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// rows * kept + total / rows * batch * border is least where both are alike.
int64_t rni_blocks_root(int64_t batch, int64_t total, int64_t kept,
                        int64_t border)
{
    if (kept <= 0 || border <= 0)
        return 0;
    int64_t rows =
        root_of((double)total * (double)batch * (double)border / (double)kept);
    int64_t floor = SEGMENT_ROWS > 2 * batch ? SEGMENT_ROWS : 2 * batch;
    rows = rows > floor ? rows : floor;
    return rows < total ? rows : 0;
}
