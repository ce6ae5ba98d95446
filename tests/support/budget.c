// SPDX-License-Identifier: MIT
#include "support/budget.h"

#include <stdlib.h>

static void *budget_allocate(void *user, size_t bytes)
{
    budget *b = user;
    if (b->left == 0)
        return NULL;
    b->left -= b->left > 0;
    void *block = malloc(bytes);
    b->live += block != NULL;
    b->calls += block != NULL;
    return block;
}

static void budget_release(void *user, void *block)
{
    budget *b = user;
    b->live--;
    free(block);
}

rnnc_context *budget_context(budget *b)
{
    rnnc_context_options options = {.struct_size = sizeof options,
                                    .allocate = budget_allocate,
                                    .release = budget_release,
                                    .user = b};
    return rnnc_context_create(&options);
}
