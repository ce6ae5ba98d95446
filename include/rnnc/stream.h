/* SPDX-License-Identifier: MIT */
/**
 * @file stream.h
 * @defgroup stream Stream
 * One step or a chunk at a time.
 *
 * A stream runs a plan made for RNNC_STREAM over a fixed number of rows, each
 * a sequence of its own without an end. States (of cells, pools and shifts)
 * go on from step to step, whether steps come one by one or in chunks, and
 * give the same bits as one run over the whole sequence.
 *
 * @code
 * rnnc_stream *stream = rnnc_stream_create(plan, weights, 1);
 * float *in = rnnc_stream_in(stream, x);
 * const float *out = rnnc_stream_out(stream, y);
 * while (read_sample(in)) {
 *     rnnc_stream_step(stream);
 *     write_sample(out);
 * }
 * @endcode
 *
 * A step is one call without allocation, lock or system call, on the caller's
 * thread unless rnnc_stream_threads() asks for more. A plan's axis is the one
 * that its options name; what lies on other axes, and what depends on batch and
 * static inputs alone, is computed once, by rnnc_stream_begin().
 *
 * Many streams may share one plan and one set of weights, each used by one
 * thread at a time. They go on with the version of the weights they were made
 * with, or were last refreshed to, whatever happens to the weights meanwhile.
 *
 * A call that fails changes nothing. The status and the message of a stream
 * are those of its last call; one that could not be made whole answers every
 * call with why.
 * @{
 */
#ifndef RNNC_STREAM_H
#define RNNC_STREAM_H

#include "rnnc/run.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Rows whose states go on from call to call. */
typedef struct rnnc_stream rnnc_stream;

/**
 * Makes a stream.
 * @param plan a plan for RNNC_STREAM; kept alive
 * @param weights values of the same graph's parameters; kept alive
 * @param rows how many sequences step together; 0 or more
 * @return a handle (see @ref status), or NULL where memory ran out
 * @note RNNC_E_ARGUMENT: NULL, rows below 0, or plan and weights of two
 *   graphs; RNNC_E_STATE: a plan for another use, or weights made before a
 *   parameter the plan needs; RNNC_E_MEMORY; or the error of the plan or the
 *   weights
 * @note Safe from several threads for the same plan and weights.
 */
RNNC_API rnnc_stream *rnnc_stream_create(rnnc_plan *plan, rnnc_weights *weights,
                                         int64_t rows);

/** Lets go of a stream. @param stream NULL is allowed */
RNNC_API void rnnc_stream_destroy(rnnc_stream *stream);

/** @param stream a stream or NULL @return how its last call went */
RNNC_API rnnc_status rnnc_stream_status(const rnnc_stream *stream);

/** @param stream a stream or NULL
 * @return why, "" where all is well; until the stream's next call */
RNNC_API const char *rnnc_stream_message(const rnnc_stream *stream);

/**
 * Asks for threads: so many of the context's, the caller's own among them,
 * share the steps and chunks that are large enough to gain by it. Each owns
 * the same columns in every step, so its part of the weights stays in the
 * cache of its core. The values are the same, bit for bit.
 *
 * Between steps the other threads watch for the next one for about 50
 * microseconds, then sleep; steps that come later than that wake them only
 * where the work is worth it, and otherwise run on the caller's thread. A step
 * that finds them busy with another stream or run, or in a forked process,
 * runs on the caller's thread as well. Steps on several threads take no lock
 * and allocate nothing either; a system call is made to wake or to sleep alone.
 * @param stream a stream
 * @param threads 1, as it is at first: the caller's thread alone; 0: as many
 *   as the context has
 * @return RNNC_OK, RNNC_E_ARGUMENT below 0 or above the context's threads, or
 *   RNNC_E_MEMORY. Results of the last chunk are gone afterwards; states stay.
 */
RNNC_API rnnc_status rnnc_stream_threads(rnnc_stream *stream, int32_t threads);

/**
 * Sets an input that has one value for each row, by copying. A stream under
 * way ends: the next step begins anew, with all rows fresh.
 * @param stream a stream
 * @param input a batch input of floats
 * @param rows [rows, features], dense
 * @return RNNC_OK; RNNC_E_ARGUMENT for NULL, or a node that is no input of the
 *   plan's graph; RNNC_E_SHAPE for an input of another kind; RNNC_E_MEMORY
 */
RNNC_API rnnc_status rnnc_stream_input_batch(rnnc_stream *stream,
                                             rnnc_node *input,
                                             const float *rows);

/**
 * Sets a static input, by copying. A stream under way ends, as with
 * rnnc_stream_input_batch().
 * @param stream a stream
 * @param input a static input
 * @param values [rows, cols] of the node, dense
 * @return as rnnc_stream_input_batch()
 */
RNNC_API rnnc_status rnnc_stream_input_static(rnnc_stream *stream,
                                              rnnc_node *input,
                                              const float *values);

/**
 * Begins: computes what does not move with the stream's axis and sets all
 * rows to their first states. The first step or chunk does it where it was not
 * done. Sequences on other axes, set by rnnc_stream_chunk_input(), are read
 * here, and by rnnc_stream_refresh().
 * @param stream a stream
 * @return RNNC_OK; RNNC_E_STATE for an input that is not set; RNNC_E_SHAPE and
 *   RNNC_E_VALUE as for rnnc_run_forward(); RNNC_E_MEMORY
 */
RNNC_API rnnc_status rnnc_stream_begin(rnnc_stream *stream);

/**
 * Where to write an input of the next step. The memory is the stream's own and
 * all zero at first; the pointer stays the same as long as the stream lives.
 * @param stream a stream
 * @param input an input on the stream's axis
 * @return [rows, features] floats, dense; NULL with the stream's status:
 *   RNNC_E_ARGUMENT, RNNC_E_SHAPE for another kind or ids, RNNC_E_NAME for an
 *   input that the plan does not read step by step
 */
RNNC_API float *rnnc_stream_in(rnnc_stream *stream, rnnc_node *input);

/**
 * The same for an input of ids.
 * @param stream a stream
 * @param input an input of ids on the stream's axis
 * @return [rows] ids, or NULL as with rnnc_stream_in()
 */
RNNC_API int32_t *rnnc_stream_in_ids(rnnc_stream *stream, rnnc_node *input);

/**
 * Where an output is after a step. The pointer stays the same as long as the
 * stream lives; the values stay until the stream's next call.
 * @param stream a stream
 * @param output one of the plan's outputs, on the stream's axis, batch or
 *   static; batch and static ones are there after a chunk as well
 * @return [rows, cols] floats, dense; NULL with the stream's status:
 *   RNNC_E_ARGUMENT, or RNNC_E_NAME for what is no such output of the plan
 */
RNNC_API const float *rnnc_stream_out(rnnc_stream *stream, rnnc_node *output);

/**
 * One step of all rows. Allocates nothing, takes no lock and, on one thread,
 * makes no system call, but for the first step where it has to begin.
 * @param stream a stream
 * @return RNNC_OK; RNNC_E_VALUE for an id out of range; what
 *   rnnc_stream_begin() may return
 */
RNNC_API rnnc_status rnnc_stream_step(rnnc_stream *stream);

/**
 * Sets a sequence: on the stream's axis what the next chunk goes over, on
 * another axis what the next begin reads (a stream under way ends). It is not
 * copied: it lives, and stays as it is, during those calls; on another axis
 * also while the stream may be refreshed.
 * @param stream a stream
 * @param input a sequence input, floats or ids
 * @param sequence its values, of as many sequences as the stream has rows
 * @return RNNC_OK; RNNC_E_ARGUMENT; RNNC_E_SHAPE for an input of another kind
 */
RNNC_API rnnc_status rnnc_stream_chunk_input(rnnc_stream *stream,
                                             rnnc_node *input,
                                             const rnnc_sequence *sequence);

/**
 * Many steps in one call, at the speed of a run. Lengths may differ from row
 * to row; one of length 0 stands still.
 * @param stream a stream whose inputs on its axis are set
 * @return RNNC_OK; RNNC_E_STATE, RNNC_E_SHAPE and RNNC_E_VALUE as for
 *   rnnc_run_forward(); RNNC_E_MEMORY
 */
RNNC_API rnnc_status rnnc_stream_chunk(rnnc_stream *stream);

/**
 * Makes room, so that later chunks with no more steps a row allocate nothing.
 * Results of the last chunk may be gone afterwards; states stay.
 * @param stream a stream
 * @param longest steps of a row at most
 * @return RNNC_OK, RNNC_E_ARGUMENT or RNNC_E_MEMORY
 */
RNNC_API rnnc_status rnnc_stream_chunk_reserve(rnnc_stream *stream,
                                               int64_t longest);

/**
 * A sequence output of the last chunk.
 * @param stream a stream, after a chunk
 * @param output one of the plan's outputs, on the stream's axis
 * @param[out] values [rows, time, cols] or [time, rows, cols], dense
 * @param time steps there is room for; at least the longest
 * @param layout RNNC_BATCH_MAJOR or RNNC_TIME_MAJOR
 * @param padding what stands beyond the end of a sequence
 * @return as rnnc_run_get_padded()
 */
RNNC_API rnnc_status rnnc_stream_chunk_padded(const rnnc_stream *stream,
                                              rnnc_node *output, float *values,
                                              int64_t time, int32_t layout,
                                              float padding);

/**
 * Sets a row back to its first states.
 * @param stream a stream
 * @param row the row, or -1: all
 * @return RNNC_OK; RNNC_E_ARGUMENT; what rnnc_stream_begin() may return where
 *   the stream has not begun
 */
RNNC_API rnnc_status rnnc_stream_reset(rnnc_stream *stream, int64_t row);

/**
 * @param stream a stream or NULL
 * @return floats of all states of one row
 */
RNNC_API int64_t rnnc_stream_state_count(const rnnc_stream *stream);

/**
 * Reads all states of a row. Their order is the plan's: only plans of the same
 * graph, outputs and version of the library understand each other's.
 * @param stream a stream that has begun
 * @param row the row
 * @param[out] state rnnc_stream_state_count() floats
 * @return RNNC_OK, RNNC_E_ARGUMENT, or RNNC_E_STATE before it has begun
 */
RNNC_API rnnc_status rnnc_stream_state_get(const rnnc_stream *stream,
                                           int64_t row, float *state);

/**
 * Sets all states of a row to what rnnc_stream_state_get() gave.
 * @param stream a stream
 * @param row the row
 * @param state rnnc_stream_state_count() floats; those of shifted ids are the
 *   bits of ids
 * @return as rnnc_stream_reset(); RNNC_E_VALUE for an id out of range
 */
RNNC_API rnnc_status rnnc_stream_state_set(rnnc_stream *stream, int64_t row,
                                           const float *state);

/**
 * Gives rows the states of other rows, as a beam search does.
 * @param stream a stream
 * @param from [rows]: row r goes on from the states of row from[r]
 * @return as rnnc_stream_reset()
 */
RNNC_API rnnc_status rnnc_stream_reorder(rnnc_stream *stream,
                                         const int64_t *from);

/**
 * Gives a row the states of a row of another stream, or of the same.
 * @param to a stream
 * @param to_row its row
 * @param from a stream of the same plan that has begun, which no other thread
 *   uses meanwhile
 * @param from_row its row
 * @return as rnnc_stream_reset(), the status and message being those of `to`;
 *   RNNC_E_ARGUMENT for another plan; RNNC_E_STATE where `from` has not begun
 */
RNNC_API rnnc_status rnnc_stream_copy_row(rnnc_stream *to, int64_t to_row,
                                          const rnnc_stream *from,
                                          int64_t from_row);

/**
 * Moves to the newest version of the weights; states stay as they are. The
 * first stream that asks packs them, the others of the same plan share that.
 * @param stream a stream
 * @return RNNC_OK or RNNC_E_MEMORY; then the stream stays with its version
 * @note Safe while another thread sets, loads or optimizes the weights.
 */
RNNC_API rnnc_status rnnc_stream_refresh(rnnc_stream *stream);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
