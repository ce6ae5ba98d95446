// SPDX-License-Identifier: MIT
// Floats between two pages that nobody may touch: what reads or writes beyond
// either end stops the program at once, masked loads too.
#ifndef RNNC_TEST_GUARDED_H
#define RNNC_TEST_GUARDED_H

#include <stddef.h>

// Blocks lie against the page behind them and against the page before them in
// turn; the first kind begins at any float of a cache line.
float *guarded_create(size_t floats);
void guarded_destroy(float *block); // NULL is allowed

// A whole page between two such pages, kept until the program ends.
typedef struct guarded_page {
    float *first, *end;
} guarded_page;

guarded_page guarded_page_create(void);

#endif
