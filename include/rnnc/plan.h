/* SPDX-License-Identifier: MIT */
/** @file plan.h @defgroup plan Plan A graph made ready for one use. @{ */
#ifndef RNNC_PLAN_H
#define RNNC_PLAN_H
#include <stddef.h>
#include "rnnc/graph.h"
#ifdef __cplusplus
extern "C" {
#endif
typedef struct rnnc_plan rnnc_plan;
enum { RNNC_INFER = 0, RNNC_TRAIN = 1, RNNC_STREAM = 2 };

typedef struct rnnc_plan_options {
    uint32_t struct_size;
    int32_t use;                       /* RNNC_INFER, RNNC_TRAIN, RNNC_STREAM */
    rnnc_node *const *outputs;         /* what a run must be able to give */
    rnnc_node *loss;                   /* TRAIN: a static [1, 1] value */
    rnnc_node *const *gradients;       /* TRAIN: inputs whose gradient is wanted too */
    int32_t n_outputs;
    int32_t n_gradients;
    const char *axis;                  /* STREAM: the axis it moves along; NULL: "time" */
    int64_t block_rows;                /* rows of a time block aimed at; 0: chosen by the library */
} rnnc_plan_options;

RNNC_API rnnc_plan *rnnc_plan_create(rnnc_graph *graph, const rnnc_plan_options *options);
RNNC_API void rnnc_plan_destroy(rnnc_plan *plan);
RNNC_API rnnc_status rnnc_plan_status(const rnnc_plan *plan);
RNNC_API const char *rnnc_plan_message(const rnnc_plan *plan);
/* the plan as text; writes at most `size` bytes, always a closing 0 where size > 0; returns the bytes the whole text needs, without the 0 */
RNNC_API size_t rnnc_plan_print(const rnnc_plan *plan, char *text, size_t size);
#ifdef __cplusplus
}
#endif
/** @} */
#endif
