// SPDX-License-Identifier: MIT
// Memory that is counted.
#ifndef BENCH_HEAP_H
#define BENCH_HEAP_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

typedef struct bench_heap {
    atomic_int_fast64_t held, most; // bytes now, and at most so far
} bench_heap;

// An rnnc_allocate and an rnnc_release, whose user is a bench_heap.
void *bench_heap_take(void *heap, size_t bytes);
void bench_heap_give(void *heap, void *block);

#endif
