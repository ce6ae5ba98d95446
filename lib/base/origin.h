// SPDX-License-Identifier: MIT
// Whether this is the process in which something was made: threads do not
// survive a fork.
#ifndef RNI_ORIGIN_H
#define RNI_ORIGIN_H

#include <stdbool.h>

#include "base/memory.h"

typedef struct rni_origin {
    void *block;         // two pages, of which one is whole
    volatile char *mark; // NULL, or 1 where it was made and 0 in a child:
                         // to ask costs no call
    long process;        // asked for where there is no mark
} rni_origin;

// False where memory runs out.
bool rni_origin_init(rni_origin *origin, const rni_memory *memory);
void rni_origin_fini(rni_origin *origin, const rni_memory *memory);
bool rni_origin_is_here(const rni_origin *origin);

#endif
