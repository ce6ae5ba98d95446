/* SPDX-License-Identifier: MIT */
/** @file weights.h @defgroup weights Weights The values of a graph's parameters and their gradients. @{ */
#ifndef RNNC_WEIGHTS_H
#define RNNC_WEIGHTS_H
#include "rnnc/graph.h"
#ifdef __cplusplus
extern "C" {
#endif
typedef struct rnnc_weights rnnc_weights;

/* values drawn by each parameter's initialiser from the stream of its name under `seed` */
RNNC_API rnnc_weights *rnnc_weights_create(rnnc_graph *graph, uint64_t seed);
RNNC_API void rnnc_weights_destroy(rnnc_weights *weights);
RNNC_API rnnc_status rnnc_weights_status(const rnnc_weights *weights);
RNNC_API const char *rnnc_weights_message(const rnnc_weights *weights);
RNNC_API rnnc_graph *rnnc_weights_graph(const rnnc_weights *weights);   /* borrowed */
RNNC_API int64_t rnnc_weights_count(const rnnc_weights *weights, const char *name); /* floats of a parameter, -1: no such name */
RNNC_API rnnc_status rnnc_weights_get(const rnnc_weights *weights, const char *name, float *values, int64_t count);
RNNC_API rnnc_status rnnc_weights_set(rnnc_weights *weights, const char *name, const float *values, int64_t count);
RNNC_API rnnc_status rnnc_weights_gradient(const rnnc_weights *weights, const char *name, float *values, int64_t count);
RNNC_API rnnc_status rnnc_weights_zero_gradients(rnnc_weights *weights);
RNNC_API rnnc_weights *rnnc_weights_copy(const rnnc_weights *weights);   /* a snapshot, without gradients */
RNNC_API uint64_t rnnc_weights_version(const rnnc_weights *weights);     /* rises at each change */
#ifdef __cplusplus
}
#endif
/** @} */
#endif
