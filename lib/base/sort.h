// SPDX-License-Identifier: MIT
// Sorting numbers by what they stand for, in place and without recursion.
#ifndef RNI_SORT_H
#define RNI_SORT_H

#include <stdint.h>

// Below, at or above 0, as memcmp.
typedef int32_t (*rni_sort_compare)(const void *user, uint32_t a, uint32_t b);

void rni_sort(uint32_t *items, uint32_t count, rni_sort_compare compare,
              const void *user);

#endif
