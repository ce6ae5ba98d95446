// SPDX-License-Identifier: MIT
// What every handle holds on to: memory, the team, limits. Counted references.
#ifndef RNI_CONTEXT_H
#define RNI_CONTEXT_H

#include <stdatomic.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/team.h"
#include "rnnc/context.h"

struct rnnc_context {
    atomic_int references;
    rni_memory memory;
    rni_error error;
    int32_t threads;
    uint64_t file_limit;
    uint32_t node_limit, depth_limit, name_limit;
    rni_team *team; // of `threads` members, made with the context
};

// A reference of one's own: to `context`, or to a fresh default context where
// it is NULL. NULL where memory ran out.
rnnc_context *rni_context_hold(rnnc_context *context);
void rni_context_drop(rnnc_context *context);

#endif
