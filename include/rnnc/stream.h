/* SPDX-License-Identifier: MIT */
/** @file stream.h @defgroup stream Stream One step or a chunk at a time. @{ */
#ifndef RNNC_STREAM_H
#define RNNC_STREAM_H
#include "rnnc/run.h"
#ifdef __cplusplus
extern "C" {
#endif
typedef struct rnnc_stream rnnc_stream;

/* a fixed number of rows, each a stream of its own; the plan's use is RNNC_STREAM. Many streams may share plan and weights, each used by one thread at a time. */
RNNC_API rnnc_stream *rnnc_stream_create(rnnc_plan *plan, rnnc_weights *weights, int64_t rows);
RNNC_API void rnnc_stream_destroy(rnnc_stream *stream);
RNNC_API rnnc_status rnnc_stream_status(const rnnc_stream *stream);
RNNC_API const char *rnnc_stream_message(const rnnc_stream *stream);
/* batch and static inputs: set before the first step; begin computes what depends on them alone */
RNNC_API rnnc_status rnnc_stream_input_batch(rnnc_stream *stream, rnnc_node *input, const float *rows);
RNNC_API rnnc_status rnnc_stream_input_static(rnnc_stream *stream, rnnc_node *input, const float *values);
RNNC_API rnnc_status rnnc_stream_begin(rnnc_stream *stream);   /* all rows fresh; also implied by the first step */

/* one step: where to write the inputs [rows, features] (ids: [rows]), and where the outputs [rows, cols] are after it. The pointers stay the same as long as the stream lives; rows are dense. */
RNNC_API float *rnnc_stream_in(rnnc_stream *stream, rnnc_node *input);
RNNC_API int32_t *rnnc_stream_in_ids(rnnc_stream *stream, rnnc_node *input);
RNNC_API const float *rnnc_stream_out(rnnc_stream *stream, rnnc_node *output);
RNNC_API rnnc_status rnnc_stream_step(rnnc_stream *stream);

/* a chunk: sequences of `rows` rows whose lengths may differ (0: that stream stands still); results are read like a run's */
RNNC_API rnnc_status rnnc_stream_chunk_input(rnnc_stream *stream, rnnc_node *input, const rnnc_sequence *sequence);
RNNC_API rnnc_status rnnc_stream_chunk(rnnc_stream *stream);
RNNC_API rnnc_status rnnc_stream_chunk_reserve(rnnc_stream *stream, int64_t longest);
RNNC_API rnnc_status rnnc_stream_chunk_padded(const rnnc_stream *stream, rnnc_node *output, float *values, int64_t time, int32_t layout, float padding);

/* all state of a row: cells, pools, shifts */
RNNC_API rnnc_status rnnc_stream_reset(rnnc_stream *stream, int64_t row);   /* -1: all rows */
RNNC_API int64_t rnnc_stream_state_count(const rnnc_stream *stream);        /* floats of one row's state */
RNNC_API rnnc_status rnnc_stream_state_get(const rnnc_stream *stream, int64_t row, float *state);
RNNC_API rnnc_status rnnc_stream_state_set(rnnc_stream *stream, int64_t row, const float *state);
RNNC_API rnnc_status rnnc_stream_reorder(rnnc_stream *stream, const int64_t *from);  /* row r takes the state of row from[r] */
RNNC_API rnnc_status rnnc_stream_copy_row(rnnc_stream *to, int64_t to_row, const rnnc_stream *from, int64_t from_row);  /* same plan */
RNNC_API rnnc_status rnnc_stream_refresh(rnnc_stream *stream);   /* move to the weights' newest version */
#ifdef __cplusplus
}
#endif
/** @} */
#endif
