/* SPDX-License-Identifier: MIT */
/**
 * @file reference.h
 * @defgroup reference Reference
 * The textbook: what a graph means, in double precision.
 *
 * A reference unrolls a graph literally: every node of every step of every
 * sequence is evaluated by its definition, one after the other, and
 * differentiated in the opposite order. It knows no plan, no kernel and no
 * block of time. It is slow, and it is there to be compared with: with a run
 * of the same graph, or with finite differences of itself
 * (@ref rnnc_reference_check), which is how one checks a cell of one's own.
 *
 * The first status other than RNNC_OK of the last call on a reference is also
 * what @ref rnnc_reference_status gives; a call that failed changed nothing,
 * and the next one begins anew. A reference that could not be made whole
 * returns its error from every call.
 *
 * Besides what each function lists, every function that evaluates
 * (@ref rnnc_reference_value, @ref rnnc_reference_gradient,
 * @ref rnnc_reference_difference, @ref rnnc_reference_check,
 * @ref rnnc_reference_carry) may return
 * - RNNC_E_STATE: an input that the node asked for needs is not set
 * - RNNC_E_SHAPE: inputs differ in their number of sequences, inputs along
 *   one axis in their lengths, or the batch is not that of the states carried
 * - RNNC_E_VALUE: an id is out of the range of its table or of the classes
 * - RNNC_E_MEMORY: the allocator returned NULL, or a size overflows
 *
 * At a kink the derivative is a fixed one: 0 at 0 for relu and abs; the side
 * of negative arguments for leaky_relu and elu; 0 at the threshold of
 * thresholded_relu and at both ends of hard_sigmoid; 1 at both ends of clip.
 * Of equal operands of min and max the first has it, of equal rows under a
 * max pool the earliest. Conditions (less, equal, the first operand of select),
 * ids, and the class weights of a cross-entropy have no gradient.
 * @{
 */
#ifndef RNNC_REFERENCE_H
#define RNNC_REFERENCE_H

#include "rnnc/sequence.h"
#include "rnnc/weights.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A graph with values of its parameters in double precision, and inputs. */
typedef struct rnnc_reference rnnc_reference;

/**
 * Makes a reference of the graph that the weights belong to. It keeps the graph
 * alive; the values are copied, so later changes of the weights do not matter
 * to it. Nodes made after it do not exist for it.
 * @param weights weights, borrowed during the call
 * @return a handle (see @ref status), or NULL where memory ran out
 * @note RNNC_E_ARGUMENT: `weights` is NULL; or the error of the weights or of
 *   their graph
 * @note One reference must not be used by two threads at a time. Two references
 *   of one graph may.
 */
RNNC_API rnnc_reference *rnnc_reference_create(const rnnc_weights *weights);

/** Lets go of a reference. @param reference NULL is allowed */
RNNC_API void rnnc_reference_destroy(rnnc_reference *reference);

/** @param reference a reference or NULL @return status of the last call */
RNNC_API rnnc_status rnnc_reference_status(const rnnc_reference *reference);

/** @param reference a reference or NULL
 *  @return message of the last call, "" where all is well; borrowed, until the
 *  next call */
RNNC_API const char *rnnc_reference_message(const rnnc_reference *reference);

/**
 * Sets a sequence input.
 * @param reference the reference
 * @param input an input of kind RNNC_SEQUENCE, of rows or ids
 * @param sequence its sequences, copied
 * @return RNNC_OK; RNNC_E_ARGUMENT: NULL, or `input` is no such input of this
 *   graph; RNNC_E_SHAPE: rows have another number of features, or are ids where
 *   rows are expected or the other way round; RNNC_E_MEMORY
 */
RNNC_API rnnc_status rnnc_reference_input(rnnc_reference *reference,
                                          rnnc_node *input,
                                          const rnnc_sequence *sequence);

/**
 * Sets an input with one row for each sequence.
 * @param reference the reference
 * @param input an input of kind RNNC_BATCH and type RNNC_FLOAT
 * @param rows [batch, features], copied; may be NULL where batch is 0
 * @param batch how many sequences, 0 or more
 * @return RNNC_OK; RNNC_E_ARGUMENT: NULL, `batch` < 0, or `input` is no such
 *   input of this graph; RNNC_E_MEMORY
 */
RNNC_API rnnc_status rnnc_reference_input_batch(rnnc_reference *reference,
                                                rnnc_node *input,
                                                const float *rows,
                                                int64_t batch);

/**
 * Sets an input with one id for each sequence.
 * @param reference the reference
 * @param input an input of kind RNNC_BATCH and type RNNC_IDS
 * @param ids [batch], copied; may be NULL where batch is 0
 * @param batch how many sequences, 0 or more
 * @return as @ref rnnc_reference_input_batch
 */
RNNC_API rnnc_status rnnc_reference_input_batch_ids(rnnc_reference *reference,
                                                    rnnc_node *input,
                                                    const int32_t *ids,
                                                    int64_t batch);

/**
 * Sets a static input.
 * @param reference the reference
 * @param input an input of kind RNNC_STATIC
 * @param values [rows, cols] of the input, copied
 * @return RNNC_OK; RNNC_E_ARGUMENT: NULL, or `input` is no such input of this
 *   graph; RNNC_E_MEMORY
 */
RNNC_API rnnc_status rnnc_reference_input_static(rnnc_reference *reference,
                                                 rnnc_node *input,
                                                 const float *values);

/**
 * Says whether dropout is on. It is off (the identity) unless said. The masks
 * are those of a training run with this seed and counter.
 * @param reference the reference
 * @param train 1: on, 0: off
 * @param seed as of the run
 * @param counter number of the run's training forwards before this one
 * @return RNNC_OK; RNNC_E_ARGUMENT: `reference` is NULL
 */
RNNC_API rnnc_status rnnc_reference_train(rnnc_reference *reference,
                                          int32_t train, uint64_t seed,
                                          uint64_t counter);

/**
 * Ends a window. Evaluates every cell, pool and shift whose inputs are set,
 * with the inputs as they are, and keeps their states; all evaluations up to
 * the next call begin with them in the rows marked. Call it before the inputs
 * of the next window are set. No gradient flows into the states kept.
 * @param reference the reference
 * @param carried [batch] 1: the row goes on, 0: it begins fresh; NULL: all
 *   begin fresh, and nothing is evaluated
 * @param batch how many rows `carried` has: the number of sequences of the
 *   inputs set
 * @return RNNC_OK; RNNC_E_ARGUMENT: `reference` is NULL, or `batch` < 0;
 *   RNNC_E_SHAPE: another number of sequences; or as all that evaluate
 */
RNNC_API rnnc_status rnnc_reference_carry(rnnc_reference *reference,
                                          const uint8_t *carried,
                                          int64_t batch);

/**
 * The value of a node.
 * @param reference the reference
 * @param node a node of the graph, not of a cell
 * @param values static [rows, cols]; batch [batch, cols]; sequence padded
 *   [batch, longest, cols], 0 beyond each length. Ids are whole numbers.
 * @param count how many values there is room for: exactly so many as above
 * @return RNNC_OK; RNNC_E_ARGUMENT: NULL, another count, or the node is of a
 *   cell, of another graph, or too new; or as all that evaluate
 */
RNNC_API rnnc_status rnnc_reference_value(rnnc_reference *reference,
                                          rnnc_node *node, double *values,
                                          int64_t count);

/**
 * The gradient of a loss.
 * @param reference the reference
 * @param loss a static [1, 1] value of the graph
 * @param of a parameter (frozen or not), or an input that has no ids; zeros
 *   where the loss does not depend on it
 * @param values laid out as by @ref rnnc_reference_value for `of`
 * @param count how many values there is room for
 * @return as @ref rnnc_reference_value; RNNC_E_SHAPE: `loss` is not static
 *   [1, 1]; RNNC_E_STATE: `of` is an input that is not set
 */
RNNC_API rnnc_status rnnc_reference_gradient(rnnc_reference *reference,
                                             rnnc_node *loss, rnnc_node *of,
                                             double *values, int64_t count);

/**
 * The same by central differences: (loss(v + h) - loss(v - h)) / 2h for each
 * element v. Knows nothing of any derivative. Near a kink (see
 * @ref rnnc_reference_kink) it says nothing.
 * @param reference the reference
 * @param loss a static [1, 1] value of the graph
 * @param of a parameter, or an input that has no ids
 * @param h how far each element is moved, above 0; 1e-5 is a good choice
 * @param values laid out as by @ref rnnc_reference_value for `of`
 * @param count how many values there is room for
 * @return as @ref rnnc_reference_gradient; RNNC_E_ARGUMENT: also where `h` is
 *   not above 0
 */
RNNC_API rnnc_status rnnc_reference_difference(rnnc_reference *reference,
                                               rnnc_node *loss, rnnc_node *of,
                                               double h, double *values,
                                               int64_t count);

/**
 * How near the last evaluation came to a kink or a jump: the smallest distance
 * of an argument of relu, leaky_relu, thresholded_relu, elu, abs, clip or
 * hard_sigmoid from where its derivative jumps, and of the two operands of min,
 * max, less, less_equal, equal, and of the two greatest rows of a max pool,
 * from each other. An argument that can only be 0 (a first state of zeros)
 * counts as well.
 * @param reference a reference or NULL
 * @return the distance; infinity where there is no kink, or no evaluation
 */
RNNC_API double rnnc_reference_kink(const rnnc_reference *reference);

/**
 * Checks every gradient of a loss against central differences: all parameters,
 * and all inputs that are not ids, that the loss depends on.
 * @param reference the reference
 * @param loss a static [1, 1] value of the graph
 * @param h as of @ref rnnc_reference_difference
 * @param worst the greatest |gradient - difference| / (1 + |difference|), or
 *   infinity where one of them is not a number; about 1e-8 for a sound cell
 *   with values around 1
 * @return as @ref rnnc_reference_difference
 */
RNNC_API rnnc_status rnnc_reference_check(rnnc_reference *reference,
                                          rnnc_node *loss, double h,
                                          double *worst);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
