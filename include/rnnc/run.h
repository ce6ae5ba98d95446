/* SPDX-License-Identifier: MIT */
/**
 * @file run.h
 * @defgroup run Run
 * Executing a plan over sequences.
 *
 * A run is a plan with values and memory: it takes inputs, goes forward,
 * goes backward where the plan was made to train, and gives results in the
 * caller's order of rows. Its memory grows when a larger batch comes and never
 * else, so steady work allocates nothing.
 *
 * Inference gives the same bits for a row whatever the batch it is in, the
 * number of threads, the size of time blocks and the instruction set (each
 * with a fused multiply-add); so does training for the same batches and seed.
 *
 * @code
 * rnnc_run *run = rnnc_run_create(plan, weights);
 * for (...) {
 *     rnnc_sequence_set_ids(text, ...);
 *     rnnc_sequence_set_ids(next, ...);
 *     rnnc_run_input(run, text_node, text);
 *     rnnc_run_input(run, next_node, next);
 *     rnnc_weights_zero_gradients(weights);
 *     if (rnnc_run_forward(run) || rnnc_run_backward(run))
 *         fail(rnnc_run_message(run));
 *     rnnc_run_loss(run, &loss);
 *     rnnc_optimizer_step(adam);
 * }
 * @endcode
 *
 * A call that fails changes nothing: states, results and inputs are what they
 * were. The status and the message of a run are those of its last call; a run
 * that could not be made whole answers every call with why.
 *
 * One run is used by one thread at a time. Several runs may share a plan and
 * weights and run at once, as long as nobody changes the weights meanwhile;
 * those of a plan to train add to the same gradients and take turns. A run
 * shares its work with the threads of the graph's context; where another run
 * has them, it works alone.
 * @{
 */
#ifndef RNNC_RUN_H
#define RNNC_RUN_H

#include "rnnc/plan.h"
#include "rnnc/sequence.h"
#include "rnnc/weights.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A plan with values, memory and the sequences in hand. */
typedef struct rnnc_run rnnc_run;

/**
 * Makes a run, and starts the threads of the graph's context where it has any.
 * @param plan a plan for RNNC_INFER or RNNC_TRAIN; kept alive
 * @param weights values of the same graph's parameters; kept alive
 * @return a handle (see @ref status), or NULL where memory ran out
 * @note RNNC_E_ARGUMENT: NULL, or plan and weights of two graphs;
 *   RNNC_E_STATE: weights that were made before a parameter the plan needs;
 *   RNNC_E_MEMORY; or the error of the plan or the weights
 */
RNNC_API rnnc_run *rnnc_run_create(rnnc_plan *plan, rnnc_weights *weights);

/** Lets go of a run. @param run NULL is allowed */
RNNC_API void rnnc_run_destroy(rnnc_run *run);

/** @param run a run or NULL @return how its last call went */
RNNC_API rnnc_status rnnc_run_status(const rnnc_run *run);

/** @param run a run or NULL
 * @return why, "" where all is well; until the run's next call */
RNNC_API const char *rnnc_run_message(const rnnc_run *run);

/**
 * Makes room, so that all later passes within these limits allocate nothing
 * but the packed weights of the first. Where memory has to move, results of
 * the last pass can no longer be read; states stay.
 * @param run a run
 * @param batch sequences of a batch at most
 * @param longest steps of the longest sequence at most, on any axis
 * @param total_rows steps of all sequences together at most, on any axis
 * @return RNNC_OK, RNNC_E_ARGUMENT for a negative number, or RNNC_E_MEMORY,
 *   also where the budget is too small
 */
RNNC_API rnnc_status rnnc_run_reserve(rnnc_run *run, int64_t batch,
                                      int64_t longest, int64_t total_rows);

/**
 * Bounds the memory of a run. Each forward pass then keeps what the plan's
 * options say, or with ::RNNC_KEEP_BUDGET the first of these that fits: results
 * (::RNNC_KEEP_RESULTS), states (::RNNC_KEEP_STATES), the longest segments that
 * fit (::RNNC_KEEP_SEGMENTS). A pass that cannot be kept within the budget
 * fails and changes nothing. No bit of a result depends on it.
 *
 * The budget is for what rnnc_run_memory() counts: not for the caller's
 * sequences, nor for packed weights. Where memory has to move, the old is given
 * back once the new is there.
 * @param run a run
 * @param bytes at most; 0: no bound, results are kept
 * @return RNNC_OK or RNNC_E_ARGUMENT for a negative number
 */
RNNC_API rnnc_status rnnc_run_budget(rnnc_run *run, int64_t bytes);

/**
 * Tells what passes would take, without making room for them.
 * @param run a run
 * @param keep ::RNNC_KEEP_RESULTS, ::RNNC_KEEP_STATES or ::RNNC_KEEP_SEGMENTS
 *   (with the segments that take least); a plan made with ::RNNC_KEEP_BUDGET
 *   knows all three, one made with ::RNNC_KEEP_STATES that alone, any other
 *   results and segments
 * @param batch sequences
 * @param longest steps of the longest sequence, on any axis
 * @param total_rows steps of all sequences together, on any axis
 * @param[out] bytes what rnnc_run_memory() would count for a run that held
 *   nothing before
 * @return RNNC_OK; RNNC_E_ARGUMENT for another `keep`, one that the plan does
 *   not know, a negative number or NULL; RNNC_E_MEMORY for a size that does
 *   not fit
 */
RNNC_API rnnc_status rnnc_run_measure(rnnc_run *run, int32_t keep,
                                      int64_t batch, int64_t longest,
                                      int64_t total_rows, int64_t *bytes);

/**
 * Sets a sequence input. The sequence is not copied: it lives, and stays as it
 * is, from a forward pass to the end of the backward pass that belongs to it.
 * It may be filled anew between passes without setting it again. Whether it
 * fits is checked by the next forward pass. An input that the plan does not
 * read may be set like any other.
 * @param run a run
 * @param input an input of the graph with a row each step, floats or ids
 * @param sequence its values
 * @return RNNC_OK; RNNC_E_ARGUMENT for NULL, or a node that is no input of the
 *   plan's graph; RNNC_E_SHAPE for an input of another kind
 */
RNNC_API rnnc_status rnnc_run_input(rnnc_run *run, rnnc_node *input,
                                    const rnnc_sequence *sequence);

/**
 * Sets an input that has one row for each sequence, by copying.
 * @param run a run
 * @param input a batch input of floats
 * @param rows [batch, features], dense, in the caller's order
 * @param batch rows
 * @return RNNC_OK, RNNC_E_ARGUMENT, RNNC_E_SHAPE as for rnnc_run_input(), or
 *   RNNC_E_MEMORY
 */
RNNC_API rnnc_status rnnc_run_input_batch(rnnc_run *run, rnnc_node *input,
                                          const float *rows, int64_t batch);

/**
 * Sets an input that has one id for each sequence, by copying.
 * @param run a run
 * @param input a batch input of ids
 * @param ids [batch]
 * @param batch ids
 * @return as rnnc_run_input_batch()
 */
RNNC_API rnnc_status rnnc_run_input_batch_ids(rnnc_run *run, rnnc_node *input,
                                              const int32_t *ids,
                                              int64_t batch);

/**
 * Sets a static input, by copying.
 * @param run a run
 * @param input a static input
 * @param values [rows, cols] of the node, dense
 * @return as rnnc_run_input_batch()
 */
RNNC_API rnnc_status rnnc_run_input_static(rnnc_run *run, rnnc_node *input,
                                           const float *values);

/**
 * Says which sequences of the next forward pass go on from the final states of
 * the last one, in the caller's order of rows. States are those of cells,
 * pools and shifts. It holds for one pass that succeeds; all sequences are
 * fresh unless it was said. A learned first state gets gradient from fresh
 * rows alone.
 * @param run a run
 * @param carried [batch] 1: goes on, 0: fresh; NULL: all fresh
 * @param batch sequences of the next pass; where one goes on, also of the last
 * @return RNNC_OK; RNNC_E_STATE where a row is to go on from a pass that had
 *   another number of sequences, or was not there; RNNC_E_ARGUMENT
 */
RNNC_API rnnc_status rnnc_run_carry(rnnc_run *run, const uint8_t *carried,
                                    int64_t batch);

/**
 * The states of a run: what rows that are carried begin from. A training that
 * is stopped between two windows of a text needs them to go on.
 * @param run a run or NULL
 * @return floats of one sequence; 0 where the plan has no state
 */
RNNC_API int64_t rnnc_run_state_count(const rnnc_run *run);

/**
 * Reads the states that the last forward pass has left.
 * @param run a run
 * @param[out] states [sequences of that pass, rnnc_run_state_count()], or as
 *   many as were set since
 * @return RNNC_OK; RNNC_E_STATE: there was no pass, and none were set;
 *   RNNC_E_ARGUMENT
 */
RNNC_API rnnc_status rnnc_run_state_get(rnnc_run *run, float *states);

/**
 * Sets the states as if a pass had left them. Results of the last pass can no
 * longer be read, and it cannot be followed by a backward pass.
 * @param run a run
 * @param states [batch, rnnc_run_state_count()] of a run of a like plan
 * @param batch sequences
 * @return RNNC_OK, RNNC_E_ARGUMENT or RNNC_E_MEMORY
 */
RNNC_API rnnc_status rnnc_run_state_set(rnnc_run *run, const float *states,
                                        int64_t batch);

/**
 * Sets what the masks of dropout are drawn from. A mask is a function of seed,
 * counter, node, row and time, so the same two numbers give the same masks.
 * Each forward pass of a plan to train raises the counter by one afterwards;
 * the backward pass uses the masks of its forward pass. Both are 0 at first.
 * @param run a run
 * @param seed any number
 * @param counter of the next forward pass
 * @return RNNC_OK
 */
RNNC_API rnnc_status rnnc_run_seed(rnnc_run *run, uint64_t seed,
                                   uint64_t counter);

/**
 * Computes outputs and loss from the inputs and the present values of the
 * weights. Packed weights are made again where the values have changed.
 * Sequences of length 0 and batches of none are fine.
 * @param run a run
 * @return RNNC_OK; RNNC_E_STATE for an input that is not set, or a plan for a
 *   stream; RNNC_E_SHAPE for features, lengths or batches that do not fit the
 *   graph or each other; RNNC_E_VALUE for an id out of range (the message
 *   names input, row and step); RNNC_E_UNSUPPORTED where the plan trains a
 *   parameter that is stored in fewer bits (see rnnc_weights_store());
 *   RNNC_E_MEMORY
 */
RNNC_API rnnc_status rnnc_run_forward(rnnc_run *run);

/**
 * Computes the gradients of the loss and adds those of the parameters to the
 * weights' gradients.
 * @param run a run of a plan to train, after a forward pass
 * @return RNNC_OK; RNNC_E_STATE where there was no forward pass since the last
 *   backward pass, where inputs were set or the weights have changed since it,
 *   or where the plan was not made to train; RNNC_E_MEMORY
 */
RNNC_API rnnc_status rnnc_run_backward(rnnc_run *run);

/**
 * The loss of the last forward pass.
 * @param run a run
 * @param[out] loss receives it
 * @return RNNC_OK; RNNC_E_NAME: the plan has no loss; RNNC_E_STATE: there was
 *   no forward pass, or its memory has moved; RNNC_E_ARGUMENT
 */
RNNC_API rnnc_status rnnc_run_loss(const rnnc_run *run, float *loss);

/**
 * A static output of the last forward pass.
 * @param run a run
 * @param output one of the plan's outputs
 * @param[out] values [rows, cols] of the node, dense
 * @return RNNC_OK; RNNC_E_NAME: no output of the plan; RNNC_E_SHAPE: of
 *   another kind, or ids; RNNC_E_STATE as for rnnc_run_loss();
 *   RNNC_E_ARGUMENT
 */
RNNC_API rnnc_status rnnc_run_get_static(const rnnc_run *run, rnnc_node *output,
                                         float *values);

/**
 * A batch output of the last forward pass.
 * @param run a run
 * @param output one of the plan's outputs
 * @param[out] rows [batch, cols], dense, in the caller's order
 * @return as rnnc_run_get_static()
 */
RNNC_API rnnc_status rnnc_run_get_batch(const rnnc_run *run, rnnc_node *output,
                                        float *rows);

/**
 * One sequence of a sequence output of the last forward pass.
 * @param run a run
 * @param output one of the plan's outputs; one that is itself an input is read
 *   from the caller's sequence
 * @param row the sequence, in the caller's order
 * @param[out] values [its length, cols], dense
 * @return as rnnc_run_get_static(); RNNC_E_ARGUMENT for a row out of range
 */
RNNC_API rnnc_status rnnc_run_get_rows(const rnnc_run *run, rnnc_node *output,
                                       int64_t row, float *values);

/**
 * @param run a run or NULL
 * @return sequences of the last forward pass; 0 before it
 */
RNNC_API int64_t rnnc_run_batch(const rnnc_run *run);

/**
 * The steps of a sequence output in the last forward pass.
 * @param run a run
 * @param output one of the plan's outputs
 * @param[out] lengths [batch] steps of each sequence, in the caller's order
 * @return as rnnc_run_get_rows()
 */
RNNC_API rnnc_status rnnc_run_lengths(const rnnc_run *run, rnnc_node *output,
                                      int64_t *lengths);

/**
 * All sequences of a sequence output of the last forward pass.
 * @param run a run
 * @param output one of the plan's outputs
 * @param[out] values [batch, time, cols] or [time, batch, cols], dense
 * @param time steps there is room for; at least the longest
 * @param layout RNNC_BATCH_MAJOR or RNNC_TIME_MAJOR
 * @param padding what stands beyond the end of a sequence
 * @return as rnnc_run_get_static(); RNNC_E_SHAPE where `time` is too short
 */
RNNC_API rnnc_status rnnc_run_get_padded(const rnnc_run *run, rnnc_node *output,
                                         float *values, int64_t time,
                                         int32_t layout, float padding);

/**
 * The gradient by a static input that the plan's options name.
 * @param run a run, after a backward pass
 * @param input one of the plan's `gradients`
 * @param[out] values [rows, cols] of the input, dense
 * @return RNNC_OK; RNNC_E_NAME: not among the plan's `gradients`;
 *   RNNC_E_SHAPE: of another kind; RNNC_E_STATE: there was no backward pass
 *   since the last forward pass; RNNC_E_ARGUMENT
 */
RNNC_API rnnc_status rnnc_run_gradient_static(const rnnc_run *run,
                                              rnnc_node *input, float *values);

/**
 * The gradient by a batch input.
 * @param run a run, after a backward pass
 * @param input one of the plan's `gradients`
 * @param[out] rows [batch, features], dense, in the caller's order
 * @return as rnnc_run_gradient_static()
 */
RNNC_API rnnc_status rnnc_run_gradient_batch(const rnnc_run *run,
                                             rnnc_node *input, float *rows);

/**
 * The gradient by a sequence input.
 * @param run a run, after a backward pass
 * @param input one of the plan's `gradients`
 * @param[out] values [batch, time, features] or [time, batch, features]
 * @param time steps there is room for; at least the longest
 * @param layout RNNC_BATCH_MAJOR or RNNC_TIME_MAJOR
 * @param padding what stands beyond the end of a sequence
 * @return as rnnc_run_gradient_static(); RNNC_E_SHAPE where `time` is too
 *   short
 */
RNNC_API rnnc_status rnnc_run_gradient_padded(const rnnc_run *run,
                                              rnnc_node *input, float *values,
                                              int64_t time, int32_t layout,
                                              float padding);

/**
 * The memory of a run. Packed weights, which runs of one plan and the same
 * weights share, are not counted.
 * @param run a run or NULL
 * @return bytes that it holds; 0 for one that could not be made whole
 */
RNNC_API int64_t rnnc_run_memory(const rnnc_run *run);

/**
 * The part of rnnc_run_memory() that holds rows: of steps, of sequences, and
 * the states at the borders of segments.
 * @param run a run or NULL
 * @return bytes
 */
RNNC_API int64_t rnnc_run_row_memory(const rnnc_run *run);

/**
 * @param run a run or NULL
 * @return what its last forward pass kept: ::RNNC_KEEP_RESULTS,
 *   ::RNNC_KEEP_STATES or ::RNNC_KEEP_SEGMENTS; -1: there was none, or its
 *   memory has moved
 */
RNNC_API int32_t rnnc_run_kept(const rnnc_run *run);

/**
 * @param run a run or NULL
 * @return the instruction set its kernels use, as rnnc_isa() names it when the
 *   run is made; "" for one that could not be made whole
 */
RNNC_API const char *rnnc_run_isa(const rnnc_run *run);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
