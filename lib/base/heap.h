// SPDX-License-Identifier: MIT
// A heap of numbers, the smallest on top, in memory of the caller.
#ifndef RNI_HEAP_H
#define RNI_HEAP_H

#include <stdint.h>

typedef struct rni_heap {
    int32_t *items; // room for as many as are ever in it at once
    int32_t n;
} rni_heap;

void rni_heap_push(rni_heap *heap, int32_t item);

// The smallest, which is taken out; -1: there is none.
int32_t rni_heap_pop(rni_heap *heap);

#endif
