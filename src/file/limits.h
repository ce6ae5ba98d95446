// SPDX-License-Identifier: MIT
// What a context allows a file, beyond its bytes.
#ifndef RNI_LIMITS_H
#define RNI_LIMITS_H

#include "base/context.h"
#include "file/json.h"

typedef struct rni_file_limits {
    rni_json_limits json;
    uint32_t name; // bytes of a tensor's name
} rni_file_limits;

enum { RNI_VALUES_OF_A_NODE = 64 }; // of its JSON, on average, at most

static inline rni_file_limits rni_file_limits_of(const rnnc_context *context)
{
    uint64_t values =
        ((uint64_t)context->node_limit + 16) * RNI_VALUES_OF_A_NODE;
    rni_file_limits limits = {{(int32_t)context->depth_limit, INT32_MAX},
                              context->name_limit};
    if (values < INT32_MAX)
        limits.json.values = (int32_t)values;
    return limits;
}

#endif
