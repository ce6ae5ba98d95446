/* SPDX-License-Identifier: MIT */
/** @file sequence.h @defgroup sequence Sequence Ragged batches of rows or ids. @{ */
#ifndef RNNC_SEQUENCE_H
#define RNNC_SEQUENCE_H
#include "rnnc/context.h"
#ifdef __cplusplus
extern "C" {
#endif
typedef struct rnnc_sequence rnnc_sequence;
enum { RNNC_BATCH_MAJOR = 0, /* [batch, time, features] */ RNNC_TIME_MAJOR = 1 /* [time, batch, features] */ };

RNNC_API rnnc_sequence *rnnc_sequence_create(rnnc_context *context);
RNNC_API void rnnc_sequence_destroy(rnnc_sequence *sequence);
RNNC_API rnnc_status rnnc_sequence_status(const rnnc_sequence *sequence);
RNNC_API const char *rnnc_sequence_message(const rnnc_sequence *sequence);
/* filling: replaces the content, copies; memory grows only when a larger batch comes; lengths may be 0, batch may be 0; lengths NULL (padded): all of `time` */
RNNC_API rnnc_status rnnc_sequence_set_rows(rnnc_sequence *sequence, const float *const *rows, const int64_t *lengths, int64_t batch, int64_t features);
RNNC_API rnnc_status rnnc_sequence_set_ids(rnnc_sequence *sequence, const int32_t *const *ids, const int64_t *lengths, int64_t batch);
RNNC_API rnnc_status rnnc_sequence_set_padded(rnnc_sequence *sequence, const float *data, const int64_t *lengths, int64_t batch, int64_t time, int64_t features, int32_t layout);
RNNC_API rnnc_status rnnc_sequence_set_padded_ids(rnnc_sequence *sequence, const int32_t *data, const int64_t *lengths, int64_t batch, int64_t time, int32_t layout);
RNNC_API int64_t rnnc_sequence_batch(const rnnc_sequence *sequence);
RNNC_API int64_t rnnc_sequence_features(const rnnc_sequence *sequence);  /* 0: ids */
RNNC_API int64_t rnnc_sequence_length(const rnnc_sequence *sequence, int64_t row);
RNNC_API int64_t rnnc_sequence_longest(const rnnc_sequence *sequence);
RNNC_API int64_t rnnc_sequence_total(const rnnc_sequence *sequence);     /* rows of all sequences */
/* reading back: one sequence [length, features], or padded with `padding` beyond each length */
RNNC_API rnnc_status rnnc_sequence_get_row(const rnnc_sequence *sequence, int64_t row, float *data);
RNNC_API rnnc_status rnnc_sequence_get_row_ids(const rnnc_sequence *sequence, int64_t row, int32_t *ids);
RNNC_API rnnc_status rnnc_sequence_get_padded(const rnnc_sequence *sequence, float *data, int64_t time, int32_t layout, float padding);
#ifdef __cplusplus
}
#endif
/** @} */
#endif
