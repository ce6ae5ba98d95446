// SPDX-License-Identifier: MIT
// Reading what a pass has left in memory, in the caller's order.
#ifndef RNI_RESULT_H
#define RNI_RESULT_H

#include "run/executor.h"

// A list of named results of a plan.
typedef struct rni_results {
    const rnnc_plan *plan;
    const rni_port_name *list;
    int32_t count;
    const char *word; // "output" or "gradient"
} rni_results;

rni_results rni_results_outputs(const rnnc_plan *plan);
rni_results rni_results_gradients(const rnnc_plan *plan);

// The result of a node that must be of a kind, of floats. NULL with the error.
const rni_port_name *rni_results_find(const rni_results *results,
                                      const rnnc_node *node, int32_t kind,
                                      rni_error *error);

// Static and batch values [rows, cols], dense.
void rni_result_rows(const rni_executor *e, const rni_port_name *port,
                     float *values);
// A sequence [batch, time, cols] or [time, batch, cols].
rnnc_status rni_result_padded(const rni_executor *e, const rni_port_name *port,
                              float *values, int64_t time, int32_t layout,
                              float padding, rni_error *error);
// The steps of one sequence [length, cols].
rnnc_status rni_result_sequence(const rni_executor *e,
                                const rni_port_name *port, int64_t row,
                                float *values, rni_error *error);

#endif
