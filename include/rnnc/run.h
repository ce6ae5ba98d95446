/* SPDX-License-Identifier: MIT */
/** @file run.h @defgroup run Run Executing a plan over sequences. @{ */
#ifndef RNNC_RUN_H
#define RNNC_RUN_H
#include "rnnc/plan.h"
#include "rnnc/sequence.h"
#include "rnnc/weights.h"
#ifdef __cplusplus
extern "C" {
#endif
typedef struct rnnc_run rnnc_run;

RNNC_API rnnc_run *rnnc_run_create(rnnc_plan *plan, rnnc_weights *weights);
RNNC_API void rnnc_run_destroy(rnnc_run *run);
RNNC_API rnnc_status rnnc_run_status(const rnnc_run *run);
RNNC_API const char *rnnc_run_message(const rnnc_run *run);
/* makes all later runs within these limits free of allocation (all axes alike) */
RNNC_API rnnc_status rnnc_run_reserve(rnnc_run *run, int64_t batch, int64_t longest, int64_t total_rows);

/* inputs. A sequence is referred to, not copied: it must live and stay as it is until the run's last forward or backward with it. Batch and static inputs are copied. */
RNNC_API rnnc_status rnnc_run_input(rnnc_run *run, rnnc_node *input, const rnnc_sequence *sequence);
RNNC_API rnnc_status rnnc_run_input_batch(rnnc_run *run, rnnc_node *input, const float *rows, int64_t batch);
RNNC_API rnnc_status rnnc_run_input_batch_ids(rnnc_run *run, rnnc_node *input, const int32_t *ids, int64_t batch);
RNNC_API rnnc_status rnnc_run_input_static(rnnc_run *run, rnnc_node *input, const float *values);
/* which rows go on from the last run's final states (1) and which begin fresh (0); carried NULL: all fresh. Holds for the next forward only; all are fresh unless said. */
RNNC_API rnnc_status rnnc_run_carry(rnnc_run *run, const uint8_t *carried, int64_t batch);
/* seed of dropout; the run counter goes up by one at each training forward */
RNNC_API rnnc_status rnnc_run_seed(rnnc_run *run, uint64_t seed, uint64_t counter);

RNNC_API rnnc_status rnnc_run_forward(rnnc_run *run);
RNNC_API rnnc_status rnnc_run_backward(rnnc_run *run);   /* after a forward of a TRAIN plan: adds to the weights' gradients */

/* results of the last forward (backward): values of outputs, in the caller's order */
RNNC_API rnnc_status rnnc_run_loss(const rnnc_run *run, float *loss);
RNNC_API rnnc_status rnnc_run_get_static(const rnnc_run *run, rnnc_node *output, float *values);
RNNC_API rnnc_status rnnc_run_get_batch(const rnnc_run *run, rnnc_node *output, float *rows);
RNNC_API rnnc_status rnnc_run_get_rows(const rnnc_run *run, rnnc_node *output, int64_t row, float *values);   /* one sequence [length, cols] */
RNNC_API rnnc_status rnnc_run_get_padded(const rnnc_run *run, rnnc_node *output, float *values, int64_t time, int32_t layout, float padding);
/* gradient by an input named in the plan's `gradients`; kind and layout as the input's */
RNNC_API rnnc_status rnnc_run_gradient_static(const rnnc_run *run, rnnc_node *input, float *values);
RNNC_API rnnc_status rnnc_run_gradient_batch(const rnnc_run *run, rnnc_node *input, float *rows);
RNNC_API rnnc_status rnnc_run_gradient_padded(const rnnc_run *run, rnnc_node *input, float *values, int64_t time, int32_t layout, float padding);
RNNC_API int64_t rnnc_run_memory(const rnnc_run *run);   /* bytes this run holds */
RNNC_API const char *rnnc_run_isa(const rnnc_run *run);  /* the instruction set its kernels use */
#ifdef __cplusplus
}
#endif
/** @} */
#endif
