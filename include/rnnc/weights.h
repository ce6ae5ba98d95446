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
 * Replaces the values of a parameter and raises the version.
 * @param weights where to
 * @param name of the parameter
 * @param values [rows, cols] floats, row after row
 * @param count rows * cols
 * @return as rnnc_weights_get(); where it fails nothing has changed
 */
RNNC_API rnnc_status rnnc_weights_set(rnnc_weights *weights, const char *name,
                                      const float *values, int64_t count);

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
