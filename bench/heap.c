// SPDX-License-Identifier: MIT
#include "heap.h"

#include <stdalign.h>
#include <stdlib.h>

// Stands before each block and says its size.
enum { HEADER = alignof(max_align_t) > 16 ? alignof(max_align_t) : 16 };

static void raise_most(bench_heap *heap, int_fast64_t held)
{
    int_fast64_t most = atomic_load(&heap->most);
    while (held > most &&
           !atomic_compare_exchange_weak(&heap->most, &most, held)) {
    }
}

void *bench_heap_take(void *user, size_t bytes)
{
    bench_heap *heap = user;
    char *block = bytes > SIZE_MAX - HEADER ? NULL : malloc(bytes + HEADER);
    if (!block)
        return NULL;
    *(size_t *)(void *)block = bytes;
    int_fast64_t size = (int_fast64_t)bytes;
    raise_most(heap, atomic_fetch_add(&heap->held, size) + size);
    return block + HEADER;
}

void bench_heap_give(void *user, void *block)
{
    bench_heap *heap = user;
    char *start = (char *)block - HEADER;
    atomic_fetch_sub(&heap->held,
                     (int_fast64_t) * (const size_t *)(void *)start);
    free(start);
}
