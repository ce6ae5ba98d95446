/* SPDX-License-Identifier: MIT */
/**
 * @file sequence.h
 * @defgroup sequence Sequence
 * Ragged batches of rows or ids.
 *
 * A sequence handle holds a batch of sequences of any lengths for one input of
 * a run. Nothing is padded inside: rows are packed in time order, longest
 * sequence first; what goes in and comes out is in the caller's order.
 *
 * A call that fails changes nothing and leaves its message on the handle until
 * the next filling call. A handle is filled by one thread at a time; while
 * nobody fills it, any number may read it.
 * @{
 */
#ifndef RNNC_SEQUENCE_H
#define RNNC_SEQUENCE_H

#include "rnnc/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A ragged batch. */
typedef struct rnnc_sequence rnnc_sequence;

/** How padded arrays lie in memory; the last index runs fastest. */
enum {
    RNNC_BATCH_MAJOR = 0, /**< [batch, time, features] */
    RNNC_TIME_MAJOR = 1   /**< [time, batch, features] */
};

/**
 * Makes an empty batch.
 * @param context where memory comes from, kept alive; NULL for the defaults
 * @return a handle (see @ref status), or NULL where memory ran out
 */
RNNC_API rnnc_sequence *rnnc_sequence_create(rnnc_context *context);

/** Frees a batch. @param sequence NULL is allowed */
RNNC_API void rnnc_sequence_destroy(rnnc_sequence *sequence);

/**
 * How the last filling call went.
 * @param sequence a batch or NULL
 * @return its status; ::RNNC_E_MEMORY for NULL
 */
RNNC_API rnnc_status rnnc_sequence_status(const rnnc_sequence *sequence);

/** @param sequence a batch or NULL @return its message, "" where all is well */
RNNC_API const char *rnnc_sequence_message(const rnnc_sequence *sequence);

/**
 * @name Filling
 * Each call replaces the content by a copy of the caller's data. Memory is
 * asked for only where a batch is larger than all before it. Lengths of 0 and
 * an empty batch are allowed. All return
 * - ::RNNC_E_ARGUMENT: a NULL that is needed, batch or time below 0, features
 *   below 1, an unknown layout
 * - ::RNNC_E_VALUE: a length below 0, or beyond `time`
 * - ::RNNC_E_MEMORY: memory ran out, or a size overflows
 * @{
 */

/**
 * Rows of floats, each sequence at its own address.
 * @param sequence the batch
 * @param rows [batch] addresses of [length, features] floats; NULL where a
 *   length is 0
 * @param lengths [batch] steps of each sequence
 * @param batch number of sequences; 0: `rows` and `lengths` may be NULL
 * @param features columns, at least 1
 * @return ::RNNC_OK or as above
 */
RNNC_API rnnc_status rnnc_sequence_set_rows(rnnc_sequence *sequence,
                                            const float *const *rows,
                                            const int64_t *lengths,
                                            int64_t batch, int64_t features);

/**
 * Ids, each sequence at its own address. Whether they are in range is checked
 * by the run that is given them.
 * @param sequence the batch
 * @param ids [batch] addresses of [length] ids; NULL where a length is 0
 * @param lengths [batch] steps of each sequence
 * @param batch number of sequences; 0: `ids` and `lengths` may be NULL
 * @return ::RNNC_OK or as above
 */
RNNC_API rnnc_status rnnc_sequence_set_ids(rnnc_sequence *sequence,
                                           const int32_t *const *ids,
                                           const int64_t *lengths,
                                           int64_t batch);

/**
 * Rows of floats from one padded array.
 * @param sequence the batch
 * @param data [batch, time, features] or [time, batch, features]; what lies
 *   beyond a length is not read
 * @param lengths [batch] steps of each sequence, at most `time`; NULL: all
 *   have `time` steps
 * @param batch number of sequences
 * @param time steps of the array
 * @param features columns, at least 1
 * @param layout ::RNNC_BATCH_MAJOR or ::RNNC_TIME_MAJOR
 * @return ::RNNC_OK or as above
 */
RNNC_API rnnc_status rnnc_sequence_set_padded(rnnc_sequence *sequence,
                                              const float *data,
                                              const int64_t *lengths,
                                              int64_t batch, int64_t time,
                                              int64_t features, int32_t layout);

/**
 * Ids from one padded array.
 * @param sequence the batch
 * @param data [batch, time] or [time, batch]
 * @param lengths [batch] steps of each sequence, at most `time`; NULL: all
 *   have `time` steps
 * @param batch number of sequences
 * @param time steps of the array
 * @param layout ::RNNC_BATCH_MAJOR or ::RNNC_TIME_MAJOR
 * @return ::RNNC_OK or as above
 */
RNNC_API rnnc_status rnnc_sequence_set_padded_ids(rnnc_sequence *sequence,
                                                  const int32_t *data,
                                                  const int64_t *lengths,
                                                  int64_t batch, int64_t time,
                                                  int32_t layout);

/** @} */

/**
 * @name Asking
 * @{
 */

/** @param sequence a batch or NULL @return number of sequences */
RNNC_API int64_t rnnc_sequence_batch(const rnnc_sequence *sequence);

/** @param sequence a batch or NULL @return columns; 0: ids, or nothing yet */
RNNC_API int64_t rnnc_sequence_features(const rnnc_sequence *sequence);

/** @param sequence a batch or NULL @param row which sequence
 * @return its steps; -1 where there is no such sequence */
RNNC_API int64_t rnnc_sequence_length(const rnnc_sequence *sequence,
                                      int64_t row);

/** @param sequence a batch or NULL @return steps of the longest sequence */
RNNC_API int64_t rnnc_sequence_longest(const rnnc_sequence *sequence);

/** @param sequence a batch or NULL @return steps of all sequences together */
RNNC_API int64_t rnnc_sequence_total(const rnnc_sequence *sequence);

/** @} */

/**
 * @name Reading back
 * All return ::RNNC_E_ARGUMENT for a row that is not there, a NULL that is
 * needed, an unknown layout or a time below the longest length, and
 * ::RNNC_E_STATE where rows are asked for and the batch holds ids, or the
 * other way round.
 * @{
 */

/**
 * The rows of one sequence.
 * @param sequence the batch
 * @param row which sequence
 * @param data receives [length, features] floats
 * @return ::RNNC_OK or as above
 */
RNNC_API rnnc_status rnnc_sequence_get_row(const rnnc_sequence *sequence,
                                           int64_t row, float *data);

/**
 * The ids of one sequence.
 * @param sequence the batch
 * @param row which sequence
 * @param ids receives [length] ids
 * @return ::RNNC_OK or as above
 */
RNNC_API rnnc_status rnnc_sequence_get_row_ids(const rnnc_sequence *sequence,
                                               int64_t row, int32_t *ids);

/**
 * The rows of all sequences as one padded array.
 * @param sequence the batch
 * @param data receives [batch, time, features] or [time, batch, features]
 * @param time steps of the array, at least rnnc_sequence_longest()
 * @param layout ::RNNC_BATCH_MAJOR or ::RNNC_TIME_MAJOR
 * @param padding what to write beyond each length
 * @return ::RNNC_OK or as above
 */
RNNC_API rnnc_status rnnc_sequence_get_padded(const rnnc_sequence *sequence,
                                              float *data, int64_t time,
                                              int32_t layout, float padding);

/** @} */

#ifdef __cplusplus
}
#endif
/** @} */
#endif
