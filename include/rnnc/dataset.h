/* SPDX-License-Identifier: MIT */
/**
 * @file dataset.h
 * @defgroup dataset Dataset
 * Examples to learn from: for each input of a graph, what every example has
 * there.
 *
 * An example is one sequence with all that belongs to it: rows or ids along its
 * steps, of any length, and a row or an id for the whole. @ref trainer makes
 * batches of them. A dataset does not copy values: they stay the caller's, and
 * live and stay as they are as long as the dataset is used, or until a call
 * puts others in their place. While a trainer is there that reads the dataset,
 * between its calls, other values may take the place of an input's, for as many
 * examples of the same lengths; nothing else may change.
 *
 * A long text is a few long examples that are read side by side, from windows
 * that follow each other (`window` of rnnc_trainer_options):
 * @code
 * int64_t length = (n_ids - 1) / 32, lengths[32];  // 32 pieces of a text
 * const int32_t *text[32], *next[32];
 * for (int k = 0; k < 32; k++) {
 *     text[k] = ids + k * length;
 *     next[k] = text[k] + 1;                       // what comes after each
 *     lengths[k] = length;
 * }
 * rnnc_dataset *data = rnnc_dataset_create(graph);
 * rnnc_dataset_ids(data, text_node, text, lengths, 32);
 * rnnc_dataset_ids(data, next_node, next, lengths, 32);
 * @endcode
 *
 * A call that fails changes nothing. A dataset is filled by one thread at a
 * time; while nobody fills it, any number of trainers may read it.
 * @{
 */
#ifndef RNNC_DATASET_H
#define RNNC_DATASET_H

#include "rnnc/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Examples for the inputs of a graph. */
typedef struct rnnc_dataset rnnc_dataset;

/**
 * Makes a dataset without examples.
 * @param graph whose inputs it is for; kept alive
 * @return a handle (see @ref status), or NULL where memory ran out or `graph`
 *   is NULL
 */
RNNC_API rnnc_dataset *rnnc_dataset_create(rnnc_graph *graph);

/** Lets go of a dataset. Trainers that use it keep it alive, but not the
 * values. @param dataset NULL is allowed */
RNNC_API void rnnc_dataset_destroy(rnnc_dataset *dataset);

/** @param dataset a dataset or NULL @return how its last call went */
RNNC_API rnnc_status rnnc_dataset_status(const rnnc_dataset *dataset);

/** @param dataset a dataset or NULL @return why, "" where all is well */
RNNC_API const char *rnnc_dataset_message(const rnnc_dataset *dataset);

/** @param dataset a dataset or NULL @return how many examples it has */
RNNC_API int64_t rnnc_dataset_count(const rnnc_dataset *dataset);

/**
 * @name Filling
 * Each call says what all examples have at one input; a second call for the
 * same input takes the place of the first. Every input that a trainer's loss
 * depends on needs one, but for static ones, which are set on the trainer's
 * run. All return
 * - ::RNNC_E_ARGUMENT: NULL where values are needed, count below 0 or beyond
 *   2^32 - 2, or no input of the graph
 * - ::RNNC_E_SHAPE: an input of another kind, or of ids where floats are given
 *   or the other way round, or another number of examples than other inputs
 *   have
 * - ::RNNC_E_VALUE: a length below 0
 * - ::RNNC_E_STATE: a trainer reads the dataset, and this is an input that it
 *   has no examples for yet, another number of examples, or an example of
 *   another length
 * - ::RNNC_E_MEMORY
 * @{
 */

/**
 * Rows of floats.
 * @param dataset a dataset
 * @param input a sequence input of floats
 * @param rows [count] addresses of [length, features] floats; NULL where a
 *   length is 0. The addresses are copied, the floats are not
 * @param lengths [count] steps of each example; copied
 * @param count examples
 * @return ::RNNC_OK or as above
 */
RNNC_API rnnc_status rnnc_dataset_rows(rnnc_dataset *dataset, rnnc_node *input,
                                       const float *const *rows,
                                       const int64_t *lengths, int64_t count);

/**
 * Ids. Whether they are in range is checked when they are used.
 * @param dataset a dataset
 * @param input a sequence input of ids
 * @param ids [count] addresses of [length] ids; NULL where a length is 0. The
 *   addresses are copied, the ids are not
 * @param lengths [count] steps of each example; copied
 * @param count examples
 * @return ::RNNC_OK or as above
 */
RNNC_API rnnc_status rnnc_dataset_ids(rnnc_dataset *dataset, rnnc_node *input,
                                      const int32_t *const *ids,
                                      const int64_t *lengths, int64_t count);

/**
 * One row of floats for each example.
 * @param dataset a dataset
 * @param input a batch input of floats
 * @param rows [count, features], not copied
 * @param count examples
 * @return ::RNNC_OK or as above
 */
RNNC_API rnnc_status rnnc_dataset_batch(rnnc_dataset *dataset, rnnc_node *input,
                                        const float *rows, int64_t count);

/**
 * One id for each example, such as a label.
 * @param dataset a dataset
 * @param input a batch input of ids
 * @param ids [count], not copied
 * @param count examples
 * @return ::RNNC_OK or as above
 */
RNNC_API rnnc_status rnnc_dataset_batch_ids(rnnc_dataset *dataset,
                                            rnnc_node *input,
                                            const int32_t *ids, int64_t count);

/** @} */

#ifdef __cplusplus
}
#endif
/** @} */
#endif
