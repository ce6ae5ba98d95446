// SPDX-License-Identifier: MIT
#include "base/heap.h"

void rni_heap_push(rni_heap *heap, int32_t item)
{
    int32_t at = heap->n++;
    while (at > 0 && heap->items[(at - 1) / 2] > item) {
        heap->items[at] = heap->items[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap->items[at] = item;
}

int32_t rni_heap_pop(rni_heap *heap)
{
    if (heap->n == 0)
        return -1;
    int32_t top = heap->items[0], last = heap->items[--heap->n];
    int32_t at = 0;
    for (int32_t child = 1; child < heap->n; child = 2 * at + 1) {
        if (child + 1 < heap->n && heap->items[child + 1] < heap->items[child])
            child++;
        if (heap->items[child] >= last)
            break;
        heap->items[at] = heap->items[child];
        at = child;
    }
    heap->items[at] = last;
    return top;
}
