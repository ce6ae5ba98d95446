// SPDX-License-Identifier: MIT
#include "support/fault.h"

#include <stdlib.h>

static void *fault_allocate(void *user, size_t bytes)
{
    fault *f = user;
    int64_t number = f->asked++;
    if (f->at >= 0 && (number == f->at || (f->onwards && number > f->at))) {
        f->hit = true;
        return NULL;
    }
    void *block = malloc(bytes);
    f->live += block != NULL;
    return block;
}

static void fault_release(void *user, void *block)
{
    fault *f = user;
    f->live--;
    free(block);
}

void fault_arm(fault *f, int64_t at, bool onwards)
{
    f->asked = 0;
    f->at = at;
    f->onwards = onwards;
    f->hit = false;
}

rnnc_context *fault_context(fault *f, int32_t threads)
{
    rnnc_context_options options = {.struct_size = sizeof options,
                                    .threads = threads,
                                    .allocate = fault_allocate,
                                    .release = fault_release,
                                    .user = f};
    return rnnc_context_create(&options);
}
