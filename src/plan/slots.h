// SPDX-License-Identifier: MIT
// Sharing the memory of one class: a buffer takes the place of others whose
// lives do not meet its own. In n log n steps, whatever the lives are.
#ifndef RNI_SLOTS_H
#define RNI_SLOTS_H

#include "base/memory.h"

// When a buffer is needed, both ends included; start > end: never. Buffers of
// one size lie on each other row for row, so that it is enough if the lives of
// their rows (the exact ones) do not meet.
typedef struct rni_life {
    int64_t start, end;
    int64_t exact_start, exact_end;
} rni_life;

typedef struct rni_slots {
    rni_arena arena;
    int64_t total; // columns taken so far
    int32_t n_sizes, n_slots, leaves;
    int64_t *sizes;  // [n_sizes] that buffers have, rising
    int32_t *first;  // [n_sizes] place of its slots in the heaps
    int32_t *count;  // [n_sizes] slots of that size
    int64_t *tree;   // [2 * leaves] the soonest end among slots of some sizes
    int64_t *offset; // [slots]
    int32_t *size;   // [slots] index of its size
    int64_t *others; // [slots] the end of what is of another size
    // Slots of each size as two heaps: by the end of all that lies in them, and
    // of the rows of what is of their size.
    struct rni_slot_heap {
        int64_t *ends;  // [slots]
        int32_t *slots; // from first[size] on
        int32_t *place; // slot -> its place there
    } whole, exact;
} rni_slots;

// For up to `n` buffers of these sizes. False where memory runs out.
bool rni_slots_init(rni_slots *slots, const rni_memory *memory,
                    const int64_t *sizes, int32_t n);
void rni_slots_fini(rni_slots *slots);

// How a place may be found.
typedef enum rni_slot_wish {
    RNI_SLOT_ANY,   // in a slot that is large enough, or a new one
    RNI_SLOT_EXACT, // in one of this very size, or a new one
    RNI_SLOT_THERE  // in one of this very size that is there, or none
} rni_slot_wish;

// Buffers come in the order of their exact starts. The first column, or -1.
int64_t rni_slots_take(rni_slots *slots, int64_t size, const rni_life *life,
                       rni_slot_wish wish);

#endif
