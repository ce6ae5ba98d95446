// SPDX-License-Identifier: MIT
#include "support/fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

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
    assert_non_null(block);
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

rnnc_context_options fault_options(fault *f)
{
    return (rnnc_context_options){.struct_size = sizeof(rnnc_context_options),
                                  .allocate = fault_allocate,
                                  .release = fault_release,
                                  .user = f};
}

rnnc_context *fault_context(fault *f, int32_t threads)
{
    rnnc_context_options options = fault_options(f);
    options.threads = threads;
    return rnnc_context_create(&options);
}
