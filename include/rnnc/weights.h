/* SPDX-License-Identifier: MIT */
/**
 * @file weights.h
 * @defgroup weights Weights
 * The values of a graph's parameters, and their gradients.
 *
 * One graph may have any number of weights: one that trains, snapshots of it,
 * an average. Training and rnnc_weights_set() change values and raise the
 * version; streams go on with the version they have until they are told. One
 * thread at a time may change weights, and nobody may read values by name or
 * copy them meanwhile.
 * @{
 */
#ifndef RNNC_WEIGHTS_H
#define RNNC_WEIGHTS_H

#include "rnnc/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Values for all parameters of a graph. */
typedef struct rnnc_weights rnnc_weights;

/**
 * Draws values for all parameters that the graph has now. Each parameter is
 * drawn by its initialiser from a stream of its own, keyed by the seed and its
 * name; so its values do not depend on the other parameters, nor on the
 * machine.
 * @param graph kept alive
 * @param seed any number
 * @return a handle (see @ref status), which takes over an error of the graph;
 *   NULL where memory ran out or `graph` is NULL
 */
RNNC_API rnnc_weights *rnnc_weights_create(rnnc_graph *graph, uint64_t seed);

/** Lets go of weights. Runs made with them keep them alive.
 * @param weights NULL is allowed */
RNNC_API void rnnc_weights_destroy(rnnc_weights *weights);

/**
 * Whether the weights could be made, and how the last call that changes them
 * went.
 * @param weights weights or NULL
 * @return a status; ::RNNC_E_MEMORY for NULL
 */
RNNC_API rnnc_status rnnc_weights_status(const rnnc_weights *weights);

/** @param weights weights or NULL @return their message, "" where all is well
 */
RNNC_API const char *rnnc_weights_message(const rnnc_weights *weights);

/** @param weights weights or NULL
 * @return their graph, which lives as long as they do */
RNNC_API rnnc_graph *rnnc_weights_graph(const rnnc_weights *weights);

/**
 * The size of a parameter.
 * @param weights weights or NULL
 * @param name of the parameter
 * @return its floats; -1 where these weights have no such parameter
 */
RNNC_API int64_t rnnc_weights_count(const rnnc_weights *weights,
                                    const char *name);

/**
 * Copies out the values of a parameter.
 * @param weights where from
 * @param name of the parameter
 * @param values receives [rows, cols] floats, row after row
 * @param count rows * cols
 * @return ::RNNC_OK; ::RNNC_E_ARGUMENT for a NULL; ::RNNC_E_NAME where there
 *   is no such parameter; ::RNNC_E_SHAPE where `count` is not its size; the
 *   status of the weights where they could not be made
 */
RNNC_API rnnc_status rnnc_weights_get(const rnnc_weights *weights,
                                      const char *name, float *values,
                                      int64_t count);

/**
 * Replaces the values of a parameter and raises the version. A parameter that
 * is stored in fewer bits (see rnnc_weights_store()) gets them rounded.
 * @param weights where to
 * @param name of the parameter
 * @param values [rows, cols] floats, row after row
 * @param count rows * cols
 * @return as rnnc_weights_get(); where it fails nothing has changed
 */
RNNC_API rnnc_status rnnc_weights_set(rnnc_weights *weights, const char *name,
                                      const float *values, int64_t count);

/** How the values of a parameter are stored. */
typedef enum rnnc_storage {
    RNNC_STORE_FLOAT32 = 0, /**< 4 bytes a value, as all are at first */
    RNNC_STORE_BF16 = 1,    /**< 2 bytes: the upper half of a float32 */
    RNNC_STORE_INT8 = 2     /**< 1 byte, and a scale (4 bytes) for each row */
} rnnc_storage;

/**
 * Stores a parameter in fewer bits, for a smaller file and faster inference:
 * rounds its values, here and now, to what the storage can hold, and raises the
 * version. All arithmetic stays float32 and in its order, so every run gives
 * the bits that a float32 model with the rounded values gives; runs and streams
 * that read the weights for products read 2 or 1 bytes a value.
 *
 * bf16: each value becomes the nearest number of 8 significant bits, ties to
 * even. int8: a row w of the parameter, that is an output of rnnc_project() or
 * rnnc_linear(), has the scale `s = max|w| / 127`, rounded to 16 significant
 * bits and at least 2^-100; each value becomes `q s` with q the integer nearest
 * to w / s, ties to even. That is a float32 without further rounding.
 *
 * What is stored so stays so: rnnc_weights_set() rounds, rnnc_weights_get()
 * gives rounded values, rnnc_weights_copy() and files keep it, and loading
 * brings the storage of the file. It cannot be trained: a forward pass of a
 * plan that would give it a gradient, and an optimizer's step, answer
 * ::RNNC_E_UNSUPPORTED (frozen parameters may be stored in any way). Store a
 * copy, or go back by storing as float32, which changes no value.
 * @param weights where
 * @param name of the parameter; NULL: every parameter that is a right side of
 *   rnnc_matmul() or rnnc_project(), those of layers and cells among them, or a
 *   part of one
 * @param storage an ::rnnc_storage
 * @return ::RNNC_OK; ::RNNC_E_ARGUMENT for another storage, or, with int8, for
 *   a value that is not finite, or 2^127 or more; ::RNNC_E_NAME
 *   where there is no such parameter; ::RNNC_E_MEMORY; the status of the
 *   weights where they could not be made. Where it fails nothing has changed
 * @note of a right side of rnnc_matmul() stored as int8 the rows are no
 *   outputs; products read it as 4 bytes a value, with the same bits
 */
RNNC_API rnnc_status rnnc_weights_store(rnnc_weights *weights, const char *name,
                                        int32_t storage);

/**
 * How a parameter is stored.
 * @param weights weights or NULL
 * @param name of the parameter
 * @return an ::rnnc_storage; -1 where these weights have no such parameter
 */
RNNC_API int32_t rnnc_weights_storage(const rnnc_weights *weights,
                                      const char *name);

/**
 * Copies out the gradient of a parameter: the sum of all backward runs since
 * it was set to zero. All zero for a frozen parameter and before the first run.
 * @param weights where from
 * @param name of the parameter
 * @param values receives [rows, cols] floats, row after row
 * @param count rows * cols
 * @return as rnnc_weights_get()
 */
RNNC_API rnnc_status rnnc_weights_gradient(const rnnc_weights *weights,
                                           const char *name, float *values,
                                           int64_t count);

/**
 * Sets all gradients to zero.
 * @param weights whose
 * @return ::RNNC_OK, or the status of weights that could not be made
 */
RNNC_API rnnc_status rnnc_weights_zero_gradients(rnnc_weights *weights);

/**
 * A snapshot: the same values, no gradients, its own version.
 * @param weights what to copy
 * @return a handle (see @ref status) on the same graph; NULL where memory ran
 *   out or `weights` is NULL
 */
RNNC_API rnnc_weights *rnnc_weights_copy(const rnnc_weights *weights);

/**
 * A number that rises at each change of a value.
 * @param weights weights or NULL
 * @return the version; 0 for NULL
 * @note safe from any thread
 */
RNNC_API uint64_t rnnc_weights_version(const rnnc_weights *weights);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
