// SPDX-License-Identifier: MIT
// Heapsort: n log n steps whatever the data, so no file can make it slow.
#include "base/sort.h"

#include <stddef.h>

static void sift_down(uint32_t *items, size_t root, size_t count,
                      rni_sort_compare compare, const void *user)
{
    for (size_t child = 2 * root + 1; child < count; child = 2 * root + 1) {
        if (child + 1 < count &&
            compare(user, items[child], items[child + 1]) < 0)
            child++;
        if (compare(user, items[root], items[child]) >= 0)
            return;
        uint32_t swap = items[root];
        items[root] = items[child];
        items[child] = swap;
        root = child;
    }
}

void rni_sort(uint32_t *items, uint32_t count, rni_sort_compare compare,
              const void *user)
{
    for (size_t root = count / 2; root > 0; root--)
        sift_down(items, root - 1, count, compare, user);
    for (size_t last = count; last > 1; last--) {
        uint32_t swap = items[0];
        items[0] = items[last - 1];
        items[last - 1] = swap;
        sift_down(items, 0, last - 1, compare, user);
    }
}
