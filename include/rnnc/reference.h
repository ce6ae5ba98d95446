/* SPDX-License-Identifier: MIT */
/** @file reference.h @defgroup reference Reference The textbook: literal unrolling in double precision. @{ */
#ifndef RNNC_REFERENCE_H
#define RNNC_REFERENCE_H
#include "rnnc/sequence.h"
#include "rnnc/weights.h"
#ifdef __cplusplus
extern "C" {
#endif
typedef struct rnnc_reference rnnc_reference;
RNNC_API rnnc_reference *rnnc_reference_create(const rnnc_weights *weights);   /* copies the values in double */
RNNC_API void rnnc_reference_destroy(rnnc_reference *reference);
RNNC_API rnnc_status rnnc_reference_status(const rnnc_reference *reference);
RNNC_API const char *rnnc_reference_message(const rnnc_reference *reference);
RNNC_API rnnc_status rnnc_reference_input(rnnc_reference *reference, rnnc_node *input, const rnnc_sequence *sequence);
RNNC_API rnnc_status rnnc_reference_input_batch(rnnc_reference *reference, rnnc_node *input, const float *rows, int64_t batch);
RNNC_API rnnc_status rnnc_reference_input_batch_ids(rnnc_reference *reference, rnnc_node *input, const int32_t *ids, int64_t batch);
RNNC_API rnnc_status rnnc_reference_input_static(rnnc_reference *reference, rnnc_node *input, const float *values);
/* 1: dropout is on (same masks as a training run of this seed and counter); default off */
RNNC_API rnnc_status rnnc_reference_train(rnnc_reference *reference, int32_t train, uint64_t seed, uint64_t counter);
/* states carried from the last evaluation, as rnnc_run_carry */
RNNC_API rnnc_status rnnc_reference_carry(rnnc_reference *reference, const uint8_t *carried, int64_t batch);
/* value of any root node: static [rows, cols]; batch [batch, cols]; sequence padded [batch, longest, cols], zero beyond each length */
RNNC_API rnnc_status rnnc_reference_value(rnnc_reference *reference, rnnc_node *node, double *values, int64_t count);
/* d loss / d of: a parameter, or an input (layout as rnnc_reference_value) */
RNNC_API rnnc_status rnnc_reference_gradient(rnnc_reference *reference, rnnc_node *loss, rnnc_node *of, double *values, int64_t count);
/* central differences of the same, in double; step h */
RNNC_API rnnc_status rnnc_reference_difference(rnnc_reference *reference, rnnc_node *loss, rnnc_node *of, double h, double *values, int64_t count);
/* how near the last evaluation came to a kink (relu, clip, max, abs..): the smallest distance of an argument from it; infinity where there is none */
RNNC_API double rnnc_reference_kink(const rnnc_reference *reference);
/* greatest |planned - reference| / (1 + |reference|) over all gradients of a graph: what a user calls to check a cell of his own */
RNNC_API rnnc_status rnnc_reference_check(rnnc_reference *reference, rnnc_node *loss, double h, double *worst);
#ifdef __cplusplus
}
#endif
/** @} */
#endif
